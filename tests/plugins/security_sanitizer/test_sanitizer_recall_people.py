"""User names and account numbers in sentences (HIGH), orders with short names (CRITICAL), phrases among words (LOW)."""

import pytest

from recoup_plugins.security_sanitizer import SecurityDataSanitizer
from recoup_plugins.security_sanitizer.phrase_windows import phrase_window

SANITIZER = SecurityDataSanitizer()
# The test vectors of BIP-39 for entropy 7f7f...7f, of 16 and of 32 bytes.
PHRASE = "legal winner thank year wave sausage worth useful legal winner thank yellow"
LONG_PHRASE = (
    "legal winner thank year wave sausage worth useful legal winner thank year "
    "wave sausage worth useful legal winner thank year wave sausage worth title"
)

# The lowest level that hides it, a text, what is hidden, and what must survive.
HIDDEN = [
    ("HIGH", "Accepted publickey for alice.t96 from bastion port 22", "alice.t96", "from bastion port 22"),
    ("HIGH", "Failed password for invalid user satoshi_n90 port 22", "satoshi_n90", "port 22"),
    ("HIGH", "session opened for user priya8864 by (uid=0)", "priya8864", "by (uid=0)"),
    ("HIGH", "sudo: alice.t59 : TTY=pts/0", "alice.t59", "TTY=pts/0"),
    ("HIGH", 'authentication failed for user "x.y"', "x.y", "authentication failed for user"),
    ("HIGH", '{"user":{"name":"satoshi_n71"}}', "satoshi_n71", '{"user":{"name":"'),
    ("HIGH", "IBKR account U7572804 connected", "U7572804", "connected"),
    ("HIGH", "account 35720309 margin call", "35720309", "margin call"),
    ("HIGH", "oanda 101-001-24946062-001 ready", "101-001-24946062-001", "ready"),
    ("HIGH", "arn:aws:iam::354295912169:role/bot", "354295912169", ":role/bot"),
    ("HIGH", "8=FIX.4.4|1=55387213|55=BTCUSD", "55387213", "|55=BTCUSD"),
    ("HIGH", "accountIndex: 56459225", "56459225", "accountIndex"),
    ("HIGH", "MT5 login 32232178 at DemoServer", "32232178", "at DemoServer"),
    ("MEDIUM", "passport XVH9V4Y4Y shown", "XVH9V4Y4Y", "shown"),
    ("MEDIUM", "kyc.document_number=176730345", "176730345", "document_number"),
    ("MEDIUM", "SIN: 732 782 465", "732 782", "SIN"),
    ("MEDIUM", "<müller@gmail.com>", "müller@gmail.com", "<"),
    ("CRITICAL", '{"e":"executionReport","s":"BTCUSDT","q":"724.68","p":"78188.15","i":944506}', "78188.15", "BTCUSDT"),
    ("CRITICAL", '{"e":"executionReport","s":"BTCUSDT","q":"724.68","p":"78188.15","i":944506}', "944506", "BTCUSDT"),
    ("CRITICAL", '{"id": "76701949684", "side": "buy", "type": "limit"}', "76701949684", '"type": "limit"'),
    ("CRITICAL", '{"s":"BTCUSDT","b":[["61250.10","0.512"]],"a":[]}', "61250.10", '"a":[]'),
    ("CRITICAL", "Unknown order sent: 16656417130", "16656417130", "Unknown order sent"),
]
BELOW = {"MEDIUM": "LOW", "HIGH": "MEDIUM", "CRITICAL": "HIGH"}


@pytest.mark.parametrize(("level", "text", "hidden", "kept"), HIDDEN)
def test_it_is_hidden_from_its_level_on_and_kept_below(level, text, hidden, kept):
    shown = SANITIZER.sanitize_text(text, level)
    assert hidden not in shown
    assert kept in shown
    assert SANITIZER.sanitize_text(text, BELOW[level]) == text


@pytest.mark.parametrize(
    ("payload", "shown"),
    [
        (
            {"e": "executionReport", "s": "BTCUSDT", "c": "Uy914h", "q": "0.5", "p": "68.4", "i": 7195, "X": "NEW"},
            {
                "e": "executionReport",
                "s": "BTCUSDT",
                "c": "[ORDER]",
                "q": "[AMOUNT]",
                "p": "[PRICE]",
                "i": "[ORDER]",
                "X": "NEW",
            },
        ),
        ({"id": "7670", "side": "buy", "type": "limit"}, {"id": "[ORDER]", "side": "buy", "type": "limit"}),
        ({"USDT": {"free": 1.5, "total": 2.5}}, {"USDT": {"free": "[BALANCE]", "total": "[BALANCE]"}}),
        ({"id": 7, "p": 3, "total": 12}, {"id": 7, "p": 3, "total": 12}),
    ],
)
def test_short_names_count_in_a_message_that_is_an_order_or_a_balance(payload, shown):
    assert SANITIZER.sanitize(payload, "CRITICAL") == shown
    assert SANITIZER.sanitize(payload, "HIGH") == payload


@pytest.mark.parametrize("phrase", [PHRASE, LONG_PHRASE])
@pytest.mark.parametrize(("before", "after"), [("use ", " end"), ("risk ", " end"), ("", " fail")])
def test_listed_words_beside_a_phrase_stay(before, after, phrase):
    assert SANITIZER.sanitize_text(before + phrase + after, "LOW") == f"{before}[SEED_PHRASE]{after}"


def test_a_run_of_listed_words_in_which_no_phrase_has_its_checksum_is_hidden_whole():
    words = ["zoo"] * 13
    assert phrase_window(words) == (0, 13)


def test_what_follows_a_registered_secret_in_basic_authentication_stays():
    sanitizer = SecurityDataSanitizer()
    sanitizer.register_secret("correct-kite-mango7138")
    shown = sanitizer.sanitize_text("basic Ym90OmNvcnJlY3Qta2l0ZS1tYW5nbzcxMzg= end", "LOW")
    assert shown.endswith(" end")
    assert "bzcxMzg" not in shown
