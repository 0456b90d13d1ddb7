"""How long the venue asks to wait: from its message, the response behind the error, or the client's last headers."""

from __future__ import annotations

import math
import re
from itertools import islice
from typing import TYPE_CHECKING, Any

from recoup import parse_retry_after

if TYPE_CHECKING:
    from recoup import Clock
    from recoup_ccxt.message import Message
    from recoup_ccxt.venue import CcxtVenue

_NUMBER = re.compile(r"[+-]?[0-9]{1,15}(?:\.[0-9]{1,9})?")
_LONGEST_VALUE = 64
_HEADERS_SCANNED = 200
_MILLISECONDS = 1000
_MAX_FRAMES = 64
_STATUS_VARIABLE = "http_status_code"
LONGEST_BAN = 3 * 86_400.0
"""Seconds; Binance bans for three days at most (REST API, "IP Limits"). What seems longer is a clock that is wrong."""

RESET_AT = {
    "x-bapi-limit-reset-timestamp": 1 / _MILLISECONDS,
    "x-gate-ratelimit-reset-timestamp": 1.0,
}
"""Headers with the moment of the next window, by their unit in seconds: Bybit (ms), Gate (s)."""

RESET_IN = {
    "gw-ratelimit-reset": 1 / _MILLISECONDS,
}
"""Headers with the time until the next window, by their unit in seconds: KuCoin (ms)."""


def asked_wait(error: Exception, message: Message, venue: CcxtVenue | None, clock: Clock) -> float | None:
    """Return the seconds to wait, or None where nobody names any.

    The synchronous client's error carries its own response. Of the asynchronous one's, the headers are still where ccxt
    raised it. ``exchange.last_response_headers`` comes last: one slot for all requests of the client, where a
    neighbour's answer may stand by now.
    """
    told = _until(message.banned_until(), clock)
    response = getattr(error.__cause__ or error.__context__, "response", None)
    headers = getattr(response, "headers", None)
    if headers is None:
        headers = _where_raised(error)
    if headers is None and venue is not None:
        headers = venue.last_response_headers
    waits = [wait for wait in (told, wait_from_headers(headers, clock)) if wait is not None]
    return max(waits, default=None)


def _where_raised(error: Exception) -> Any:
    """Return the response headers that ccxt's ``fetch`` held when it raised, or None.

    It has them in a variable from the moment that it has the status as well (``ccxt/base/exchange.py`` and its
    asynchronous counterpart).
    """
    traceback = error.__traceback__
    for _ in range(_MAX_FRAMES):
        if traceback is None:
            break
        frame = traceback.tb_frame
        if frame.f_code.co_name == "fetch" and _STATUS_VARIABLE in frame.f_code.co_varnames:
            variables = frame.f_locals
            return variables.get("headers") if _STATUS_VARIABLE in variables else None
        traceback = traceback.tb_next
    return None


def _until(moment: float | None, clock: Clock) -> float | None:
    """Return the seconds until a moment on the venue's clock, or None where ours can't be trusted to tell."""
    if moment is None:
        return None
    wait = moment - clock.now().timestamp()
    return max(0.0, wait) if wait <= LONGEST_BAN else None


def wait_from_headers(headers: Any, clock: Clock) -> float | None:
    """Read ``Retry-After`` (RFC 9110 §10.2.3) or else the venue's own header; garbage counts as absent."""
    items = getattr(headers, "items", None)
    if not callable(items):
        return None
    values = {
        name.lower(): value.strip()
        for name, value in islice(items(), _HEADERS_SCANNED)
        if isinstance(name, str) and isinstance(value, str) and len(value) <= _LONGEST_VALUE
    }
    if "retry-after" in values:
        return parse_retry_after(values["retry-after"], clock)
    now = clock.now().timestamp()
    for name, unit in RESET_AT.items():
        moment = _number(values.get(name, ""))
        if moment is not None and moment * unit > now:
            return moment * unit - now
    for name, unit in RESET_IN.items():
        span = _number(values.get(name, ""))
        if span is not None:
            return max(0.0, span * unit)
    return None


def _number(text: str) -> float | None:
    if not _NUMBER.fullmatch(text):
        return None
    value = float(text)
    return value if math.isfinite(value) else None
