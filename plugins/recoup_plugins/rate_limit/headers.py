"""What venues say in their answers of the limits that they keep.

Sources: Binance, *REST API: Limits* and *WebSocket API: Rate limits* (``X-MBX-USED-WEIGHT-1M``,
``X-MBX-ORDER-COUNT-10S``; intervals begin at whole multiples of their length, UTC); Bybit V5, *Rate limit*
(``X-Bapi-Limit``, ``X-Bapi-Limit-Status``, ``X-Bapi-Limit-Reset-Timestamp`` in milliseconds, which tells a reset only
once the limit is reached); KuCoin, *Rate limit* (``gw-ratelimit-*``, reset in milliseconds from now); Gate, *API v4:
frequency limit* (``X-Gate-RateLimit-*``); IETF draft-ietf-httpapi-ratelimit-headers, in its older form of three fields
and in its newer form of one; and the ``X-RateLimit-*`` that Coinbase, BitMEX and others send. OKX and Kraken tell
nothing in headers.
"""

from __future__ import annotations

import math
import re
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from attrs import frozen

from recoup_plugins.rate_limit.config import Counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LONGEST = 64
"""Characters of a header's value that are read; a longer one is none of these."""

_DECIMAL = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,9})?", re.ASCII)
_INTERVAL = re.compile(r"([0-9]{1,4})([smhd])", re.ASCII)
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_USED = {
    "x-mbx-used-weight-": Counted.REQUESTS,
    "x-sapi-used-ip-weight-": Counted.REQUESTS,
    "x-sapi-used-uid-weight-": Counted.REQUESTS,
    "x-mbx-order-count-": Counted.ORDERS,
}
_EPOCH_SECONDS = 1e9
_EPOCH_MILLISECONDS = 1e12


@frozen(kw_only=True)
class Usage:
    """What one answer says of one limit. Immutable.

    Attributes:
        counts: what the limit is on.
        per: seconds of the limit's window, or None where the answer does not say.
        used: weight used in this window, or None.
        limit: weight that the window allows, or None.
        remaining: weight left, or None.
        reset: seconds until the window ends, or None.
    """

    counts: Counted = Counted.REQUESTS
    per: float | None = None
    used: float | None = None
    limit: float | None = None
    remaining: float | None = None
    reset: float | None = None

    def left(self, most: float) -> float | None:
        """Return the weight left, given what the window allows where the answer does not say, or None."""
        if self.remaining is not None:
            return self.remaining
        if self.used is None:
            return None
        return (most if self.limit is None else self.limit) - self.used


def usages(headers: Mapping[str, str], now: float) -> list[Usage]:
    """Return all that an answer's headers say of limits.

    Args:
        headers: of the answer; names in any case. Values that are no such numbers are passed over.
        now: seconds since the epoch, UTC; the answer's own ``Date`` goes before it.
    """
    fields = {name.lower(): value.strip() for name, value in headers.items() if len(value) <= LONGEST}
    now = _date(fields.get("date", ""), now)
    return [*_used(fields, now), *_remaining(fields, now), *_structured(fields)]


def _used(fields: Mapping[str, str], now: float) -> Iterator[Usage]:
    for name, value in fields.items():
        for prefix, counts in _USED.items():
            interval = _INTERVAL.fullmatch(name[len(prefix) :]) if name.startswith(prefix) else None
            used = _number(value)
            if interval is not None and used is not None and int(interval[1]):
                per = int(interval[1]) * _SECONDS[interval[2]]
                yield Usage(counts=counts, per=per, used=used, reset=per - now % per)


def _remaining(fields: Mapping[str, str], now: float) -> Iterator[Usage]:
    bybit = _number(fields.get("x-bapi-limit-status", ""))
    if bybit is not None:
        reset = _until(fields.get("x-bapi-limit-reset-timestamp", ""), now) if bybit == 0 else None
        yield Usage(limit=_number(fields.get("x-bapi-limit", "")), remaining=bybit, reset=reset)
    kucoin = _number(fields.get("gw-ratelimit-remaining", ""))
    if kucoin is not None:
        reset = _number(fields.get("gw-ratelimit-reset", ""))
        limit = _number(fields.get("gw-ratelimit-limit", ""))
        yield Usage(limit=limit, remaining=kucoin, reset=None if reset is None else reset / 1000)
    gate = _number(fields.get("x-gate-ratelimit-requests-remain", ""))
    if gate is not None:
        reset = _until(fields.get("x-gate-ratelimit-reset-timestamp", ""), now)
        yield Usage(limit=_number(fields.get("x-gate-ratelimit-limit", "")), remaining=gate, reset=reset)
    for family in ("ratelimit-", "x-ratelimit-"):
        remaining = _number(fields.get(f"{family}remaining", ""))
        if remaining is not None:
            limit, reset = _number(fields.get(f"{family}limit", "")), _until(fields.get(f"{family}reset", ""), now)
            yield Usage(limit=limit, remaining=remaining, reset=reset)


def _structured(fields: Mapping[str, str]) -> Iterator[Usage]:
    """Read the newer form, such as ``"default";r=50;t=30``, whose policy is ``"default";q=100;w=60``."""
    policies = dict(_items(fields.get("ratelimit-policy", "")))
    for name, values in _items(fields.get("ratelimit", "")):
        remaining = _number(values.get("r", ""))
        if remaining is not None:
            policy = policies.get(name, {})
            yield Usage(
                per=_number(policy.get("w", "")),
                limit=_number(policy.get("q", "")),
                remaining=remaining,
                reset=_number(values.get("t", "")),
            )


def _items(value: str) -> Iterator[tuple[str, dict[str, str]]]:
    for item in value.split(","):
        name, *parameters = (part.strip() for part in item.split(";"))
        yield name, dict(parameter.split("=", 1) for parameter in parameters if "=" in parameter)


def _number(value: str) -> float | None:
    return float(value) if _DECIMAL.fullmatch(value) else None


def _until(value: str, now: float) -> float | None:
    """Return the seconds until a reset that is given from now, since the epoch, or that in milliseconds."""
    at = _number(value)
    if at is None or at < _EPOCH_SECONDS:
        return at
    return max(0.0, (at / 1000 if at >= _EPOCH_MILLISECONDS else at) - now)


def _date(value: str, otherwise: float) -> float:
    if not value:
        return otherwise
    try:
        date = parsedate_to_datetime(value).timestamp()
    except (ValueError, OverflowError):
        return otherwise
    return date if math.isfinite(date) else otherwise
