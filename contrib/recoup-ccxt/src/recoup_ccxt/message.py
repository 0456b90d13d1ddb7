"""Reading ccxt's messages: ``ID BODY`` or ``ID METHOD URL STATUS REASON BODY``."""

from __future__ import annotations

import re

from attrs import frozen

SCANNED = 4096
"""Characters of a message that are looked at; bodies are written by whoever answers."""

_STATUS = re.compile(r"[a-z0-9]{1,40} (?:(?:GET|POST|PUT|DELETE|PATCH) \S{1,2000} )?([4-5][0-9]{2})(?: |$)")
_CODE = re.compile(r'"(?:sCode|code|retCode|ret_code)"\s{0,4}:\s{0,4}"?(-?[0-9]{1,9})"?')
_TRANSPORT = re.compile(r"[a-z0-9]{1,40} (?:GET|POST|PUT|DELETE|PATCH) \S{1,2000}$")
_BANNED_UNTIL = re.compile(r"banned until ([0-9]{13})")


@frozen
class Message:
    """One message, taken apart. Immutable.

    Attributes:
        text: what was scanned of it.
        venue: ccxt's exchange id at its beginning, or ``""``.
        status: the HTTP status, or None where ccxt left it out.
        codes: the venue's codes, those that mean success left out.
        bare: whether it holds no answer, only the request that failed.
    """

    text: str
    venue: str
    status: int | None
    codes: tuple[str, ...]
    bare: bool

    @classmethod
    def of(cls, error: BaseException) -> Message:
        """Read the message of a ccxt error."""
        text = str(error)[:SCANNED]
        status = _STATUS.match(text)
        return cls(
            text,
            text.partition(" ")[0],
            int(status.group(1)) if status else None,
            tuple(code for code in _CODE.findall(text) if code.strip("0")),
            _TRANSPORT.match(text) is not None,
        )

    def banned_until(self) -> float | None:
        """Return the end of the ban that Binance names, in seconds since the epoch, or None."""
        found = _BANNED_UNTIL.search(self.text)
        return int(found.group(1)) / 1000 if found else None
