"""Decides by a key's name alone whether its value is sensitive."""

# ruff: noqa: SIM905 - long lists of words read best as text

from __future__ import annotations

import re
import unicodedata
from typing import Final

from attrs import frozen

from recoup_plugins.security_sanitizer.cache import BoundedCache
from recoup_plugins.security_sanitizer.characters import fold, without_controls, without_invisible
from recoup_plugins.security_sanitizer.key_tables import ALONE, ANYWHERE, FOREIGN, LAST, PHRASES, TRADING, WITHIN, Entry
from recoup_plugins.security_sanitizer.key_words import DESCRIPTIVE, IDENTIFYING, ORDINARY_KEYS, QUANTITIES, WEAK
from recoup_plugins.security_sanitizer.levels import Level

_LONGEST_NAME: Final = 128
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_NOT_WORD = re.compile(r"[^a-zñç0-9]{1,128}")
_NO_NAME = re.compile(r"[=;,?&@\n<>]|://|: |\S \S{1,64} \S{1,64} \S{1,64} \S")
_PRODUCTS: Final = frozenset(["1password", "keepassxc", "lastpass"])
"""Programs that are called after what they keep."""

_LONG_NAME: Final = 40
_MANY_DIGITS: Final = 7
_LONG_RUN: Final = 24
_LONG_TAIL: Final = 16
"""As many letters and digits at the end of a name are a token that has its provider's mark before it."""

_LAST_RUN = re.compile(r"[^A-Za-z0-9]")
_DIGITS = re.compile(r"\d{1,24}")
_FEWEST_DIGIT_RUNS: Final = 3
FILLER: Final = frozenset(
    """
    value val str raw b64 base64 hex text plain plaintext env header prod test live main old new current enc
    encrypted production staging dev development sandbox demo testnet mainnet spot futures primary secondary backup
    ro rw
    readonly default binance okx kraken bybit coinbase kucoin bitfinex bitmex deribit huobi htx gateio gemini bitstamp
    mexc bitget telegram discord slack github
""".split()
)
_CONNECTIVES: Final = frozenset(["for", "of", "on", "at"])
_SINGULAR: Final = {"keys": "key", "codes": "code", "otps": "otp", "passcodes": "passcode"}


@frozen
class Verdict:
    """What a key's name says about its value. Immutable, hence thread-safe and task-safe.

    Attributes:
        kind: the placeholder for the value, or the empty string for a harmless name.
        level: the lowest level at which the value is hidden.
        weak: the name is an ordinary word too; in running text its value must look like a secret.
        plain_id: numbers and hexadecimal strings under this name are order ids, times or hashes, below CRITICAL.
    """

    kind: str
    level: Level
    weak: bool
    plain_id: bool


HARMLESS: Final = Verdict("", Level.CRITICAL, weak=False, plain_id=False)
_PLAIN_ID: Final = Verdict("", Level.CRITICAL, weak=False, plain_id=True)


def words_of(name: str) -> list[str]:
    """Split a name in any casing and with any separator into lower-case words without trailing digits."""
    name = name[:_LONGEST_NAME]
    if not name.isprintable():
        name = without_controls(name)
    if not name.isascii():
        name = unicodedata.normalize("NFKD", fold(without_invisible(unicodedata.normalize("NFKC", name))))
        name = "".join(char for char in name if not unicodedata.combining(char))
    parts = _NOT_WORD.split(_CAMEL.sub(" ", name).lower())
    return [part.rstrip("0123456789") or part for part in parts if part]


class KeyPolicy:
    """Remembers the verdicts of the names seen last. Thread-safe and task-safe: the cache is."""

    __slots__ = ("_verdicts",)

    def __init__(self, remembered: int = 4096) -> None:
        self._verdicts: BoundedCache[str, Verdict] = BoundedCache(remembered)

    def verdict(self, name: str) -> Verdict:
        """Return what the name says; ``kind`` is empty where it says nothing."""
        found = self._verdicts[name]
        if found is None:
            found = self._judge(name)
            if len(name) <= _LONGEST_NAME:
                self._verdicts.put(name, found)
        return found

    def stems(self, level: Level) -> list[str]:  # noqa: ARG002 - for policies with names of their own
        """Return parts of the names, in any case, that are sensitive at a level beyond those in the tables: none."""
        return []

    def _judge(self, name: str) -> Verdict:
        """Return the verdict on a name that is not remembered."""
        return judge(name)


def judge(name: str) -> Verdict:
    """Return the verdict on a name, from the tables alone."""
    name = name.rstrip(": ")
    if _NO_NAME.search(name) or _is_data(name) or name.lower() in _PRODUCTS:
        return HARMLESS
    if "/" in name:
        name = name.rpartition("/")[2] or name
    before, spoken, last = name.rpartition(" ")
    if spoken and "_" in before and last.lower() not in FILLER:
        name = last  # what follows an identifier is no part of it: ``docker run -e API_SECRET bot:latest``
    words = words_of(name)
    if not words and not name.isascii() and (entry := _foreign(name)):
        return Verdict(*entry, weak=False, plain_id=False)
    if not words:
        return HARMLESS
    is_stripped = _strip(words)
    if (len(words) > 1 or is_stripped) and "-".join(words[-2:]) not in PHRASES:
        words[-1] = _SINGULAR.get(words[-1], words[-1])
    entry = (None if name.isascii() else _foreign(name)) or _credential(words, spoken=" " in name)
    trading = None if entry else _trading(words)
    plain_id = not IDENTIFYING.isdisjoint(words)
    if entry:
        return Verdict(entry[0], entry[1], weak=_is_weak(words, entry, spoken=" " in name), plain_id=False)
    if trading and words[-1] not in _TRADING_DESCRIPTIVE and not _TECHNICAL.intersection(words):
        return Verdict(trading[0], trading[1], weak=len(words) == 1 and words[0] in WEAK, plain_id=plain_id)
    return _PLAIN_ID if plain_id else HARMLESS


def _is_weak(words: list[str], entry: Entry, *, spoken: bool) -> bool:
    """Tell whether a name says too little: an ordinary word, a key of a table, or a matter of secrets.

    ``email queue`` and ``iban country`` are no names of an address or an account, but ``email`` and ``iban`` are.
    """
    last = words[-1]
    if entry is LAST["key"] and _GRANTING.isdisjoint(words):
        return True
    if spoken and len(words) > 1 and last not in ANYWHERE and last not in LAST and "-".join(words[-2:]) not in PHRASES:
        return True
    return last in WEAK and (len(words) == 1 or (spoken and entry is LAST.get(last)))


_GRANTING: Final = frozenset(
    """
    api access auth bot ingest ingestion private secret security sign signing signer encryption decryption master root
    admin client consumer server service user account wallet session login license activation recovery backup sub
    subscription ssh pgp gpg tls ssl hmac aes rsa ecdsa hot cold vault crypto trading withdraw withdrawal
""".split()
)
"""Words that tell a key which opens something from one of a table: ``limit_key``."""


def _strip(words: list[str]) -> bool:
    """Take from the end of a name what tells one secret from another: ``password_for_okx``, ``secret_2_b64``.

    Returns:
        Whether there was anything to take.
    """
    before = len(words)
    while len(words) > 1 and (words[-1] in FILLER or words[-1].isdigit() or _is_of_database(words)):
        words.pop()
        if words[-1] in _CONNECTIVES and len(words) > 1:
            words.pop()
    return len(words) < before


def _is_of_database(words: list[str]) -> bool:
    """Tell whether a name is that of a database's password, as ``passwd_db``; ``auth_db`` is a database."""
    return words[-1] in ("db", "database") and ANYWHERE.get(words[-2], ("",))[0] == "PASSWORD"


def _is_data(name: str) -> bool:
    """Tell whether a name is rather something encoded, in which any word may stand by chance."""
    if len(name) > _LONG_NAME and sum(map(str.isdigit, name)) > _MANY_DIGITS:
        return True
    name = name.rpartition(" ")[2]
    if len(name) <= _LONG_RUN:
        return False
    run = name if name.isalnum() else _LAST_RUN.split(name)[-1]
    if len(_DIGITS.findall(run)) < _FEWEST_DIGIT_RUNS:
        return False
    return run is name or (len(run) >= _LONG_TAIL and run not in (run.lower(), run.upper()))


def _trading(words: list[str]) -> Entry | None:
    found = next((TRADING[word] for word in reversed(words) if word in TRADING), None)
    return found or TRADING.get("".join(words[-2:]))


_COMPOUNDED: Final = tuple((end, ANYWHERE.get(end) or LAST[end]) for end in ("secret", "token", "kennwort"))
"""Words that end a compound written without any separator: ``zugangstoken``, ``botsecret``."""

_JOINED: Final = {phrase.replace("-", ""): entry for phrase, entry in PHRASES.items()}
"""Two words written as one: ``MASTERKEY``."""

_TRADING_DESCRIPTIVE: Final = DESCRIPTIVE - {"size", "position", "remaining", "used"}
_TECHNICAL: Final = frozenset(
    """
    batch pool page buffer queue cache window memory chunk heap stack line
""".split()
)


def _foreign(name: str) -> Entry | None:
    """Return the entry for a word of another script, or with accents, that stands anywhere in a name."""
    lowered = unicodedata.normalize("NFKC", name[:_LONGEST_NAME]).lower().replace(" ", "_")
    return next((entry for word, entry in FOREIGN.items() if word in lowered), None)


def _credential(words: list[str], *, spoken: bool = False) -> Entry | None:
    last = words[-1]
    if last in DESCRIPTIVE and "-".join(words[-2:]) not in PHRASES:
        return None
    if last == "tokens" and words[0] in QUANTITIES:
        return None
    if entry := PHRASES.get("-".join(words[-2:])):
        return entry
    for place in range(0 if spoken else len(words) - 2):
        entry = PHRASES.get("-".join(words[place : place + 2]))
        if entry and entry[1] is Level.LOW:
            return entry
    joined = "".join(words)
    strong = (
        next((ANYWHERE[word] for word in words if word in ANYWHERE), None)
        or ANYWHERE.get(joined)
        or LAST.get(joined)
        or _JOINED.get(joined)
    )
    if strong is None:
        strong = next((ANYWHERE.get(part) or LAST[part] for part in WITHIN if part in joined), None)
    if strong is None and len(words) == 1 and joined not in LAST:
        strong = next((entry for end, entry in _COMPOUNDED if joined.endswith(end)), None)
    if strong is None and last in LAST and not (last == "key" and (len(words) == 1 or words[-2] in ORDINARY_KEYS)):
        strong = LAST[last]
    return ALONE.get(last) if strong is None and len(words) == 1 else strong
