"""Credentials by shape (level LOW): tokens in their providers' formats, URLs that carry one, private keys of wallets.

The formats are those that the providers publish, mostly for the sake of secret scanners: GitHub, GitLab, Slack, Stripe,
AWS, Google, OpenAI, SendGrid, Telegram, Discord, npm, PyPI and the others named below.
"""

from __future__ import annotations

import re
from base64 import b32decode, b64decode
from binascii import crc_hqx
from itertools import product
from typing import Final

from recoup_plugins.security_sanitizer.armour import in_public_armour
from recoup_plugins.security_sanitizer.checksums import RIPPLE_ALPHABET, base58check
from recoup_plugins.security_sanitizer.levels import Level
from recoup_plugins.security_sanitizer.rule import Rule, confirmed, stands_alone
from recoup_plugins.security_sanitizer.rules_calls import CALL_RULES
from recoup_plugins.security_sanitizer.rules_commands import COMMAND_RULES
from recoup_plugins.security_sanitizer.rules_encoded import ENCODED_RULES
from recoup_plugins.security_sanitizer.rules_fields import FIELD_RULES
from recoup_plugins.security_sanitizer.rules_hashes import HASH_RULES
from recoup_plugins.security_sanitizer.rules_key_material import KEY_MATERIAL_RULES
from recoup_plugins.security_sanitizer.rules_prompts import PROMPT_RULES
from recoup_plugins.security_sanitizer.rules_prose import PROSE_RULES
from recoup_plugins.security_sanitizer.rules_protocols import PROTOCOL_RULES
from recoup_plugins.security_sanitizer.rules_providers import PROVIDER_RULES
from recoup_plugins.security_sanitizer.rules_raw_keys import RAW_KEY_RULES
from recoup_plugins.security_sanitizer.rules_remarks import REMARK_RULES
from recoup_plugins.security_sanitizer.rules_series import SERIES_RULES
from recoup_plugins.security_sanitizer.rules_urls import URL_RULES
from recoup_plugins.security_sanitizer.runs import MIXED_CASE

_BASE58: Final = "[1-9A-HJ-NP-Za-km-z]"
_WIF_VERSIONS: Final = (b"\x80", b"\xef")
_RUN: Final = ("x" * 16,)
_CURSOR: Final = re.compile(r"(?:cursor|page|offset|after|before|marker)\W{1,4}\Z", re.ASCII | re.IGNORECASE)
_HEX: Final = frozenset("0123456789abcdefABCDEF")
_BASE64: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_LONGEST_BASE64: Final = 1000
_LONGEST_WORD: Final = 8
_LONGEST_NAME: Final = 24
_RUNS: Final = ("x" * 6,)
_DISCORD: Final = tuple(f".{''.join(middle)}." for middle in product("x-", repeat=6))
"""What stands in a token whose characters include the hyphen."""


def _credential(name: str, kind: str, pattern: str, *literals: str, shapes: tuple[str, ...] = _RUN) -> Rule:
    return Rule(name=name, kind=kind, level=Level.LOW, pattern=pattern, literals=literals, shapes=shapes)


def _basic(match: re.Match[str]) -> tuple[int, int] | None:
    """Accept base64 of ``user:password`` (RFC 7617)."""
    text = match.group(1)
    try:
        plain = b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4))
    except ValueError:
        return None
    is_opaque = len(text) >= _LONGEST_NAME and _is_of_three_classes(text)
    return match.span(1) if b":" in plain or is_opaque else None


def _no_member(match: re.Match[str]) -> tuple[int, int] | None:
    """Reject the next member of a line, as in ``token_type=Bearer expires_in=3600``."""
    before, equals, after = match.group(1).partition("=")
    return None if equals and before.islower() and after.strip("=") else match.span(1)


def _no_cursor(match: re.Match[str]) -> tuple[int, int] | None:
    """Reject the place in a listing, which services write as JSON in base 64 too: it has no signature."""
    if "." in match.group():
        return match.span()
    return None if _CURSOR.search(match.string[max(0, match.start() - 24) : match.start()]) else match.span()


def _is_of_three_classes(text: str) -> bool:
    """Tell whether text has capitals, small letters and digits and is no hexadecimal digest."""
    return text not in (text.lower(), text.upper()) and not text.isalpha() and not _HEX.issuperset(text)


def _whole_run(match: re.Match[str]) -> tuple[int, int] | None:
    """Return a key of three classes with what base 64 has before and behind it, of which it may be a part."""
    text, (start, end) = match.string, match.span()
    if not stands_alone(text, start, end) or not _is_of_three_classes(match.group()) or in_public_armour(text, start):
        return None
    floor, ceiling = max(0, start - _LONGEST_BASE64), end + _LONGEST_BASE64
    window = text[floor:start]
    first = floor + len(window.rstrip(_BASE64))
    last = end + len(text[end:ceiling]) - len(text[end:ceiling].lstrip(_BASE64))
    before = text[first:start]
    encoded = text[last : last + 1] == "=" or "+" in text[first:last]
    if encoded or any(len(part) >= _LONGEST_WORD and _is_of_three_classes(part) for part in before.split("/")):
        return first, last + len(text[last : last + 2]) - len(text[last : last + 2].lstrip("="))
    return start, end


def stellar(version: int, text: str) -> bool:
    """Tell whether text is a Stellar strkey of that version byte: base 32 with a CRC-16 (SEP-0023)."""
    raw = b32decode(text)
    return raw[0] == version and crc_hqx(raw[:-2], 0) == int.from_bytes(raw[-2:], "little")


CREDENTIAL_RULES: Final = (
    *HASH_RULES,
    *RAW_KEY_RULES,
    # The segments are spelt out since one quantifier may not exceed 1,000, the limit of automaton engines.
    Rule(
        name="jwt",
        kind="TOKEN",
        level=Level.LOW,
        pattern=r"\beyJ[\w+/\-]{14,1000}" + r"[\w.\-]{0,1000}" * 8,
        literals=("eyj",),
        shapes=_RUN,
        locate=_no_cursor,
    ),
    _credential(
        "paseto",
        "TOKEN",
        r"\bv[1-4]\.(?:local|public)\.[\w\-]{40,1000}(?:\.[\w\-]{1,500})?",
        *(".local.", ".public."),
        shapes=(),
    ),
    _credential(
        "aws", "API_KEY", r"\b(?:AKIA|ASIA|ABIA|ACCA|APKA)[A-Z2-7]{16}\b", "akia", "asia", "abia", "acca", "apka"
    ),
    _credential("github", "TOKEN", r"\bgh[pousr]_[A-Za-z0-9]{30,255}", "ghp_", "gho_", "ghu_", "ghs_", "ghr_"),
    _credential("github_pat", "TOKEN", r"\bgithub_pat_\w{22,255}", "github_pat_"),
    _credential(
        "gitlab",
        "TOKEN",
        r"\bgl(?:pat|ptt|dt|rt|soat)-[\w\-]{16,255}",
        "glpat-",
        "glptt-",
        "gldt-",
        "glrt-",
        "glsoat-",
        shapes=_RUNS,
    ),
    _credential("slack", "TOKEN", r"\bx(?:ox[abceoprs]|app)-[\w\-]{10,255}", "xox", "xapp-", shapes=_RUNS),
    _credential("stripe", "API_KEY", r"\b(?:sk|rk|pk)_(?:live|test)_\w{10,255}", "sk_", "rk_", "pk_"),
    _credential("stripe_webhook", "SECRET", r"\bwhsec_[\w+/=]{16,255}", "whsec_"),
    _credential("openai", "API_KEY", r"\bsk-[\w\-]{20,255}", "sk-", shapes=_RUNS),
    _credential("google_api", "API_KEY", r"\bAIza[\w\-]{30,64}", "aiza", shapes=_RUNS),
    _credential("google_oauth", "TOKEN", r"\b(?:ya29\.|1//0)[\w\-]{20,512}", "ya29.", "1//0", shapes=("aa00.", "0//0")),
    _credential("google_client", "SECRET", r"\bGOCSPX-[\w\-]{20,64}", "gocspx-", shapes=_RUNS),
    _credential("sendgrid", "API_KEY", r"\bSG\.[\w\-]{16,64}\.[\w\-]{16,64}", "sg.", shapes=_RUNS),
    _credential("twilio", "API_KEY", r"\bSK[0-9a-f]{32}\b", "sk", shapes=("x" * 34,)),
    _credential("mailgun", "API_KEY", r"\bkey-[0-9a-z]{32}\b", "key-"),
    _credential("telegram", "TOKEN", r"\d{8,10}:[\w\-]{35,48}", ":a", shapes=("00000000:aa",)),
    _credential("discord", "TOKEN", r"\b[MNO][\w\-]{23,27}\.[\w\-]{6}\.[\w\-]{27,40}", ".", shapes=_DISCORD),
    _credential(
        "prefixed",
        "TOKEN",
        r"\b(?:npm_|hf_|dop_v1_|doo_v1_|shpat_|shpss_|glsa_|dckr_pat_|lin_api_|figd_|rubygems_|"
        r"pul-|hvs\.|hvb\.|"
        r"pypi-|dapi|sq0atp-|sq0csp-|EAACEdEose0cBA|PMAK-|dp\.pt\.|tfp_|xkeysib-|nvapi-|gsk_|r8_|phc_)[\w\-]{16,255}",
        *(
            "npm_",
            "hf_",
            "dop_v1_",
            "doo_v1_",
            "shpat_",
            "shpss_",
            "glsa_",
            "dckr_pat_",
            "lin_api_",
            "figd_",
            "rubygems_",
        ),
        *(
            "pul-",
            "hvs.",
            "hvb.",
            "pypi-",
            "dapi",
            "sq0atp-",
            "sq0csp-",
            "eaacedeose0cba",
            "pmak-",
            "dp.pt.",
        ),
        *("tfp_", "xkeysib-", "nvapi-", "gsk_", "r8_", "phc_"),
        shapes=_RUNS,
    ),
    _credential("age", "PRIVATE_KEY", r"\bAGE-SECRET-KEY-1[A-Z0-9]{30,90}", "age-secret-key-"),
    _credential(
        "coinbase_key",
        "API_KEY",
        r"\borganizations/[\w\-]{8,64}/apiKeys/[\w\-]{8,64}",
        "/apikeys/",
        shapes=("/aaaaaaa/",),
    ),
    *URL_RULES,
    Rule(
        name="bearer",
        kind="TOKEN",
        level=Level.LOW,
        pattern=r"\b(?:[Bb]earer|BEARER)\s{1,4}([\w.~+/=\-]{12,1000}" + r"[\w.~+/=\-]{0,1000}" * 4 + ")",
        literals=("bearer",),
        locate=_no_member,
    ),
    Rule(
        name="basic",
        kind="CREDENTIALS",
        level=Level.LOW,
        pattern=r"\b(?:[Bb]asic|BASIC)\s{1,4}([A-Za-z0-9+/]{12,512}={0,2})",
        literals=("basic",),
        locate=_basic,
    ),
    _credential(
        "extended_private_key",
        "PRIVATE_KEY",
        rf"\b[xyztuvYZUV]prv{_BASE58}{{90,120}}",
        *("xprv", "yprv", "zprv", "tprv", "uprv", "vprv"),
    ),
    Rule(
        name="wif",
        kind="PRIVATE_KEY",
        level=Level.LOW,
        pattern=rf"\b[5KLc9]{_BASE58}{{50,51}}\b",
        shapes=("x" * 51,),
        locate=confirmed(lambda text: (base58check(text) or b"").startswith(_WIF_VERSIONS)),
    ),
    Rule(
        name="bip38",
        kind="PRIVATE_KEY",
        level=Level.LOW,
        pattern=rf"\b6P{_BASE58}{{56}}\b",
        shapes=("x" * 58,),
        locate=confirmed(base58check),
    ),
    Rule(
        name="stellar_seed",
        kind="PRIVATE_KEY",
        level=Level.LOW,
        pattern=r"\bS[A-Z2-7]{55}\b",
        shapes=("x" * 56,),
        locate=confirmed(lambda text: stellar(0x90, text)),
    ),
    Rule(
        name="ripple_seed",
        kind="PRIVATE_KEY",
        level=Level.LOW,
        pattern=rf"\bs{_BASE58}{{28,30}}\b",
        shapes=("x" * 29,),
        locate=confirmed(lambda text: base58check(text, RIPPLE_ALPHABET)),
    ),
    Rule(
        name="binance_key",
        kind="API_KEY",
        level=Level.LOW,
        pattern=r"\b[A-Za-z0-9]{64}\b",
        sketch=MIXED_CASE,
        shapes=("x" * 64,),
        locate=_whole_run,
    ),
    Rule(
        name="listen_key",
        kind="TOKEN",
        level=Level.LOW,
        pattern=r"\bwss?://[^\s\"'<>]{1,256}[/=]([A-Za-z0-9]{60,128})(?:[/?&\s\"'<>),;]|$)",
        literals=("ws://", "wss://"),
        shapes=("x" * 60,),
        group=1,
    ),
    Rule(
        name="signing_key",
        kind="PRIVATE_KEY",
        level=Level.LOW,
        pattern=r"(?i:\bsign(?:ing|ed|s|er)?\b[\w ]{0,40}\b(?:with|using)(?: the)?(?: private)?(?: key| pk| sk)?[ "
        r":=]{1,3}|\bimport[ \-]hex |"
        r"(?:from_?key|from_?private_?key|account|(?:secret|private|priv)_?key|private_?key_?to_?account|new wallet|"
        r"wallet|import_?key|keypair|"
        r"signer|from_?secret|"
        r"from_?seed|signing_?key|accounts?\.(?:add|load|import\w{0,8})|(?:add|load|import|unlock)_?(?:account|"
        r"wallet))\(|"
        r"sign_?(?:transaction|message|hash|typed_?data|tx)\([^()\"'\n]{1,64}, ?|\b(?:sk|priv|privkey|(?:spending|"
        r"viewing|signing|private|secret) key)"
        r"[ :=]{1,3}|\b(?:accounts|private_?keys?)[\"']?[:=] ?\[ ?)"
        r"[\"']?((?:0[xX])?[0-9a-fA-F]{64})\b",
        literals=("sign", "key", "import", "account", "wallet(", "from", "sk", "priv"),
        shapes=("x" * 64,),
        group=1,
    ),
    _credential("nostr_key", "PRIVATE_KEY", r"\bnsec1[02-9ac-hj-np-z]{50,64}", "nsec1"),
    *ENCODED_RULES,
    *SERIES_RULES,
    *REMARK_RULES,
    *FIELD_RULES,
    *CALL_RULES,
    *PROVIDER_RULES,
    *COMMAND_RULES,
    *PROTOCOL_RULES,
    *KEY_MATERIAL_RULES,
    *PROMPT_RULES,
    *PROSE_RULES,
)
"""Rules that apply at every level, in the order in which they are tried."""
