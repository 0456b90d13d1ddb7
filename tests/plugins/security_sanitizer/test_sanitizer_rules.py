"""The rules as data: linear by construction, exact by check digits, switched off by name; and the plugin."""

import re
import threading
from base64 import b32encode, urlsafe_b64encode
from binascii import crc_hqx
from functools import partial

import pytest

from recoup_plugins.security_sanitizer import (
    DEFAULT_RULES,
    Level,
    Rule,
    SanitizerConfig,
    SecurityDataSanitizer,
    SecuritySanitizerPlugin,
    assignments,
    characters,
    encodings,
    entries,
    keys,
    pem,
    rules_prose,
    seed_phrases,
    suspects,
    values,
)
from recoup_plugins.security_sanitizer.cache import BoundedCache
from recoup_plugins.security_sanitizer.checksums import RIPPLE_ALPHABET, base58check, bech32, iban, luhn
from recoup_plugins.security_sanitizer.outline import Needs
from recoup_plugins.security_sanitizer.sample import Sample

MODULE_PATTERNS = {
    f"{module.__name__.rpartition('.')[2]}.{name}": value
    for module in (assignments, characters, encodings, entries, keys, pem, rules_prose, seed_phrases, suspects, values)
    for name, value in vars(module).items()
    if isinstance(value, re.Pattern)
}
PATTERNS = {rule.name: rule.compiled for rule in DEFAULT_RULES} | MODULE_PATTERNS


def repeats(tree, inside=False):
    """Yield (highest count, is inside another repeat) of every quantifier in a parsed pattern."""
    for op, argument in tree:
        name = str(op)
        if name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            _, highest, body = argument
            if highest > 1:
                yield highest, inside
            yield from repeats(body, inside or highest > 1)
        elif name == "SUBPATTERN":
            yield from repeats(argument[3], inside)
        elif name == "BRANCH":
            for branch in argument[1]:
                yield from repeats(branch, inside)
        elif name in ("ASSERT", "ASSERT_NOT"):
            yield from repeats(argument[1], inside)


@pytest.mark.parametrize("name", PATTERNS)
def test_every_quantifier_is_bounded_and_none_stands_inside_another(name):
    found = list(repeats(re._parser.parse(PATTERNS[name].pattern, PATTERNS[name].flags & re.ASCII)))
    assert all(highest <= 1000 for highest, _ in found if highest != re._parser.MAXREPEAT)
    assert not any(highest == re._parser.MAXREPEAT for highest, _ in found)
    assert not any(inside for _, inside in found)


@pytest.mark.parametrize("rule", DEFAULT_RULES, ids=lambda rule: rule.name)
def test_rule_patterns_keep_to_what_automaton_engines_know(rule):
    assert not re.search(r"\(\?[=!<]|\\[1-9]|[*+?}]\+|\(\?>", rule.pattern.replace("(?i:", "(?:"))


def test_rule_names_are_unique_and_literals_lower_case():
    names = [rule.name for rule in DEFAULT_RULES]
    assert len(names) == len(set(names))
    assert all(literal == literal.lower() for rule in DEFAULT_RULES for literal in rule.literals)


ADVERSARIAL = [
    "a",
    "=",
    "key=",
    "password:",
    '"',
    "\\",
    "a.",
    "1",
    "1 ",
    "-",
    "@a",
    "a@",
    ":",
    "://",
    "eyJ",
    "[",
    "key:[",
    "%3D",
    "\x1b",
    "<a>",
    "abandon ",
    "-----BEGIN PRIVATE KEY",
    "+1",
    "0x",
    "&quot;",
    "api_key='",
    "is ",
    "ünï",
    "A",
    "::1",
    "4111 ",
]


class CountingRule:
    """Counts how often an engine asks a pattern."""

    def __init__(self, pattern):
        self.pattern, self.calls = pattern, 0

    def search(self, text, at=0):
        self.calls += 1
        return self.pattern.search(text, at)


@pytest.mark.parametrize("unit", ADVERSARIAL)
def test_work_grows_no_faster_than_the_text(unit):
    """Each search begins at least one place further, so that the text's length bounds their number."""
    size = 2_000
    attack = (unit * size)[:size]
    for rule in DEFAULT_RULES:
        counter = CountingRule(rule.compiled)
        rule.apply(attack, Level.CRITICAL, partial(counter.search, attack))
        assert counter.calls <= size + 1


@pytest.mark.parametrize("unit", ADVERSARIAL)
def test_a_megabyte_of_an_attack_is_cut_to_the_allowance(unit):
    sanitizer = SecurityDataSanitizer(config=SanitizerConfig(max_bytes=20_000))
    found = sanitizer.sanitize_text((unit * 1_000_000)[:1_000_000], "HIGH")
    assert len(found) < 60_000
    assert "[CUT 980000 characters]" in found


def test_check_digits():
    assert luhn("4111111111111111")
    assert not luhn("4111111111111112")
    assert iban("GB29NWBK60161331926819")
    assert not iban("GB29NWBK60161331926818")
    assert bech32("bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq")
    assert not bech32("bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdp")
    assert base58check("1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2")[:1] == b"\0"
    assert base58check("1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN3") is None
    assert base58check("rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh", RIPPLE_ALPHABET)


def test_the_word_list_is_that_of_bip_39():
    assert len(seed_phrases.word_list()) == 2048
    assert {"abandon", "zoo"} < seed_phrases.word_list()


def test_a_gate_never_keeps_out_what_its_rule_finds():
    samples = {
        "card": "4111-1111-1111-1111",
        "email": "a@b.example",
        "iban": "GB29NWBK60161331926819",
        "mac": "00:1B:44:11:3A:B7",
        "ipv6": "2001:db8::ff00:42:8329",
        "ethereum": "0x52908400098527886E0F7030069857D2E4169EE7",
        "us_ssn": "078-05-1120",
        "phone": "+14155552671",
        "github": "ghp_" + "a1" * 20,
        "slack": "xoxb-1234567890123-1234567890123-AbCdEfGhIjKlMnOpQrStUvWx",
    }
    for rule in DEFAULT_RULES:
        if rule.name in samples:
            assert Needs.of(rule).met_by(Sample(samples[rule.name])), rule.name
            assert rule.apply(samples[rule.name], Level.CRITICAL) != samples[rule.name]


def test_a_rule_is_switched_off_by_name():
    sanitizer = SecurityDataSanitizer(config=SanitizerConfig(off_rules=("ipv4",)))
    assert sanitizer.sanitize_text("from 203.0.113.7", "HIGH") == "from 203.0.113.7"


def test_an_unknown_rule_is_an_error_that_names_the_nearest():
    with pytest.raises(ValueError, match="did you mean 'email'"):
        SecurityDataSanitizer(config=SanitizerConfig(off_rules=("emial",)))


def test_a_deployment_adds_rules_of_its_own():
    rule = Rule(name="desk", kind="DESK", level=Level.LOW, pattern=r"\bDESK-\d{4}\b", literals=("desk-",))
    sanitizer = SecurityDataSanitizer(rules=(*DEFAULT_RULES, rule))
    assert sanitizer.sanitize_text("at DESK-1234", "LOW") == "at [DESK]"


def test_the_plugin_sanitizes_at_the_level_it_is_given():
    from recoup import SensitivityLevel

    plugin = SecuritySanitizerPlugin(SecuritySanitizerPlugin.Config(secrets=("zebra-crossing",)))
    payload = {"message": "zebra-crossing at 203.0.113.7"}
    assert plugin.sanitize(payload, SensitivityLevel.HIGH) == {"message": "[SECRET] at [IP]"}
    assert plugin.sanitize(payload, "low") == {"message": "[SECRET] at 203.0.113.7"}
    assert "zebra" not in repr(plugin.sanitizer) + repr(SanitizerConfig(secrets=("zebra-crossing",)))


def test_the_cache_keeps_its_bound_and_what_is_in_use():
    cache = BoundedCache(10)
    for number in range(1000):
        cache.put(number, number)
        cache.put("used", 1) if cache["used"] is None else None
    assert cache.held <= 20
    assert cache["used"] == 1
    assert cache[0] is None


def test_eight_threads_share_one_sanitizer():
    # However long the other threads have the processor.
    sanitizer = SecurityDataSanitizer(config=SanitizerConfig(max_seconds=600.0))
    failures = []
    start = threading.Barrier(8)

    def work(worker):
        start.wait()
        for turn in range(150):
            secret = f"Zq{worker}x{turn}AbCdEf9876"
            if turn % 50 == 0:
                sanitizer.register_secret(f"registered-{worker}-{turn}")
            payload = {
                "message": f"api_key={secret} registered-{worker}-{turn // 50 * 50} try {turn}",
                "password": secret,
                "n": turn,
            }
            found = sanitizer.sanitize(payload, "HIGH")
            if found != {"message": f"api_key=[API_KEY] [SECRET] try {turn}", "password": "[PASSWORD]", "n": turn}:
                failures.append(found)

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_tasks_share_one_sanitizer(anyio_backend):
    import anyio

    sanitizer = SecurityDataSanitizer()
    found = {}

    async def work(worker):
        for turn in range(20):
            found[worker, turn] = sanitizer.sanitize_text(f"user bob{worker} password=Pw{worker}{turn}x", "LOW")
            await anyio.lowlevel.checkpoint()

    async with anyio.create_task_group() as group:
        for worker in range(8):
            group.start_soon(work, worker)
    assert found == {(w, t): f"user bob{w} password=[PASSWORD]" for w in range(8) for t in range(20)}


def _with_crc(payload, order):
    return payload + crc_hqx(payload, 0).to_bytes(2, order)


@pytest.mark.parametrize(
    ("kind", "number"),
    [
        ("PRIVATE_KEY", b32encode(_with_crc(b"\x90" + bytes(range(32)), "little")).decode()),
        ("PRIVATE_KEY", "snoPBrXtMeMyMHUVTgbuqAfg1SUTb"),
        ("WALLET", b32encode(_with_crc(b"\x30" + bytes(range(32)), "little")).decode()),
        ("WALLET", urlsafe_b64encode(_with_crc(b"\x11\x00" + bytes(range(100, 132)), "big")).decode()),
        ("WALLET", "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh"),
        ("NATIONAL_ID", "12345678Z"),
        ("NATIONAL_ID", "529.982.247-25"),
        ("NATIONAL_ID", "AB123456C"),
        ("PHONE", "(415) 555-2671"),
    ],
)
def test_check_digits_decide_whether_it_is_one(kind, number):
    sanitizer = SecurityDataSanitizer()
    assert sanitizer.sanitize_text(f"got {number} here", "HIGH") == f"got [{kind}] here"


@pytest.mark.parametrize(
    "number", ["12345678A", "529.982.247-26", "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTj", "+0.52314", "+1.2345678"]
)
def test_a_number_whose_check_digits_fail_stays(number):
    assert SecurityDataSanitizer().sanitize_text(f"got {number} here", "HIGH") == f"got {number} here"
