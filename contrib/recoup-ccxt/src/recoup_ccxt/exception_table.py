"""ccxt's exception hierarchy (``ccxt/base/errors.py``) by class name, for errors whose class says all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recoup_ccxt import verdicts

if TYPE_CHECKING:
    from recoup import Classification

CLASSES: dict[str, Classification] = {
    "AccountSuspended": verdicts.FORBIDDEN,
    "ArgumentsRequired": verdicts.INVALID,
    "AuthenticationError": verdicts.UNAUTHENTICATED,
    "BadRequest": verdicts.INVALID,
    "BadResponse": verdicts.UNREADABLE,
    "BaseError": verdicts.UNCLEAR,
    "CancelPending": verdicts.UNCLEAR,
    "ChecksumError": verdicts.UNREADABLE,
    "DDoSProtection": verdicts.RATE_LIMITED,
    "DuplicateOrderId": verdicts.DUPLICATE,
    "ExchangeClosedByUser": verdicts.UNCLEAR,
    "ExchangeError": verdicts.UNCLEAR,
    "ExchangeNotAvailable": verdicts.SERVER_ERROR,
    "InsufficientFunds": verdicts.NO_FUNDS,
    "InvalidAddress": verdicts.INVALID,
    "InvalidNonce": verdicts.CLOCK_SKEW,
    "InvalidOrder": verdicts.REJECTED,
    "InvalidProxySettings": verdicts.UNSUPPORTED,
    "NetworkError": verdicts.CONNECTION_LOST,
    "NotSupported": verdicts.UNSUPPORTED,
    "OnMaintenance": verdicts.MAINTENANCE,
    "OperationFailed": verdicts.SERVER_ERROR,
    "OperationRejected": verdicts.REJECTED,
    "OrderNotCached": verdicts.NOT_FOUND,
    "OrderNotFound": verdicts.NOT_FOUND,
    "PermissionDenied": verdicts.FORBIDDEN,
    "RateLimitExceeded": verdicts.RATE_LIMITED,
    "RequestTimeout": verdicts.TIMED_OUT,
    "RestrictedLocation": verdicts.FORBIDDEN,
    "UnsubscribeError": verdicts.UNCLEAR,
}
"""Classes that are missing here mean what their base means."""

STATUSES: dict[int, Classification] = {
    400: verdicts.INVALID,
    401: verdicts.UNAUTHENTICATED,
    403: verdicts.FORBIDDEN,
    404: verdicts.INVALID,
    405: verdicts.INVALID,
    407: verdicts.UNAUTHENTICATED,
    408: verdicts.TIMED_OUT,
    410: verdicts.INVALID,
    418: verdicts.BANNED,
    422: verdicts.INVALID,
    429: verdicts.RATE_LIMITED,
    451: verdicts.FORBIDDEN,
    504: verdicts.TIMED_OUT,
    511: verdicts.UNAUTHENTICATED,
}
"""HTTP statuses that ccxt turns into ``ExchangeNotAvailable`` and the like, where the body said nothing of its own.
Any other status, such as 500, 502, 503, 409 or 520, leaves the outcome open. So do 521, 523, 525 and 526, with which
Cloudflare says that its last attempt did not reach the venue: it may not have been its first."""


def ccxt_class(error: BaseException) -> str | None:
    """Return the name of the ccxt class that an error belongs to, the nearest one in the table; None: not ccxt's."""
    for base in type(error).__mro__:
        if base.__module__.partition(".")[0] == "ccxt" and base.__name__ in CLASSES:
            return base.__name__
    return None
