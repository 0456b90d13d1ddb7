"""Reading ccxt's messages: ``ID BODY`` or ``ID METHOD URL STATUS REASON BODY``."""

from __future__ import annotations

import re
from http import HTTPStatus

from attrs import frozen

from recoup_ccxt.phrases import LONGEST

SCANNED = 4096
"""Characters of a message that are looked at; bodies are written by whoever answers."""

_STATUS = re.compile(r"[a-z0-9]{1,40} (?:(?:GET|POST|PUT|DELETE|PATCH) \S{1,2000} )?([4-5][0-9]{2})(?: |$)")
_CODE = re.compile(r'"(?:sCode|code|retCode|ret_code)"\s{0,4}:\s{0,4}"?(-?[0-9]{1,9})"?')
_BARE_CODE = re.compile(r"[a-z0-9]{1,40} (-[0-9]{1,9}|[0-9]{4,9})(?: |$)")
_TRANSPORT = re.compile(r"[a-z0-9]{1,40} (?:GET|POST|PUT|DELETE|PATCH) \S{1,2000}$")
_BANNED_UNTIL = re.compile(r"banned until ([0-9]{13})")
_PREFIX = re.compile(r"[a-z0-9]{1,40} (?:(?:GET|POST|PUT|DELETE|PATCH) \S{1,2000}(?: |$))?(?:[4-5][0-9]{2}(?: |$))?")
_PAGE_BEGINS = re.compile(r" <(?:!doctype html|html|head|h1)", re.IGNORECASE)
_PAGE = re.compile(r"\s{0,8}<(?:!doctype|html|\?xml|head|h1)", re.IGNORECASE)
_KEY = re.compile(r'"[^"\\]{1,64}"\s{0,4}:')
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_APOSTROPHE = re.compile(r"(?<=[a-z])(?:'|\u2019|\\u2019)(?=[a-z])")
_ANSWER = re.compile(r"[a-z0-9]{1,40} \s{0,8}[{\[<]")
_OWN = re.compile(r"[a-z0-9]{1,40} [A-Za-z]{1,60}\(\)")
_REASON_PHRASES = {int(status): status.phrase for status in HTTPStatus}
"""What the words of an answer begin with that has a status, and say no more than it."""
_BETWEEN = re.compile(r"[^a-z0-9%]{1,64}")


@frozen
class Message:
    """One message, taken apart. Immutable.

    Attributes:
        text: what was scanned of it.
        venue: ccxt's exchange id at its beginning, or ``""``.
        status: the HTTP status, or None where ccxt left it out.
        codes: the venue's codes, those that mean success left out.
        bare: whether it holds no answer, only the request that failed.
        answered: whether it holds an answer, or the status of one.
        own: whether ccxt itself speaks, as in ``binance createOrder() requires ...``.
        page: whether the answer is a page for people, as gateways and venues under maintenance show it.
    """

    text: str
    venue: str
    status: int | None
    codes: tuple[str, ...]
    bare: bool
    answered: bool
    own: bool
    page: bool

    @classmethod
    def of(cls, error: BaseException) -> Message:
        """Read the message of a ccxt error."""
        text = str(error)[:SCANNED]
        status = _STATUS.match(text)
        return cls(
            text,
            text.partition(" ")[0],
            int(status.group(1)) if status else None,
            tuple(code for code in (*_bare_code(text), *_CODE.findall(text)) if code.strip("0")),
            _TRANSPORT.match(text) is not None,
            status is not None or _ANSWER.match(text) is not None,
            _OWN.match(text) is not None,
            _PAGE_BEGINS.search(text) is not None,
        )

    def words(self) -> str:
        """Return what the venue says, in lower case and with single spaces: no URL, no status, no JSON keys, no page.

        ``ErrInsufficientFunds``, ``INSUFFICIENT_FUNDS`` and ``insufficient-funds`` read alike.
        """
        prefix = _PREFIX.match(self.text)
        said = self.text[prefix.end() if prefix else 0 :][:LONGEST]
        if self.status is not None:
            said = said.removeprefix(_REASON_PHRASES.get(self.status, "")).lstrip()
        if _PAGE.match(said):
            return ""
        split = _CAMEL.sub(" ", _KEY.sub(" ", said))
        return _BETWEEN.sub(" ", _APOSTROPHE.sub("", split.lower())).strip()

    def banned_until(self) -> float | None:
        """Return the end of the ban that Binance names, in seconds since the epoch, or None."""
        found = _BANNED_UNTIL.search(self.text)
        return int(found.group(1)) / 1000 if found else None


def _bare_code(text: str) -> tuple[str, ...]:
    found = _BARE_CODE.match(text)
    return (found.group(1),) if found else ()
