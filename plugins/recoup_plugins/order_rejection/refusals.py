"""Which failures are refusals that no repetition heals."""

from __future__ import annotations

from recoup import Classification, FailureReason, OperationKind

_ORDERS = frozenset({OperationKind.SUBMIT, OperationKind.AMEND, OperationKind.CANCEL})
_FINAL = frozenset(
    {
        FailureReason.INSUFFICIENT_FUNDS,
        FailureReason.ORDER_REJECTED,
        FailureReason.INVALID_REQUEST,
        FailureReason.AUTHENTICATION,
        FailureReason.PERMISSION,
        FailureReason.MARKET_CLOSED,
    }
)
_SCANNED = 4096
_CREDENTIALS = (
    "-2014",
    "-2015",
    "invalid api-key",
    "invalid api key",
    "invalid apikey",
    "invalid signature",
    "signature for this request is not valid",
    "invalid nonce",
    "permissions for action",
    "permission denied",
    "unauthorized",
    "authentication failed",
)
"""What venues say of credentials, in lower case; the codes are Binance's (REST API, "Error Codes")."""


def is_order(kind: OperationKind) -> bool:
    """Say whether a call is about an order, so that its refusal is final here."""
    return kind in _ORDERS


def final_reason(error: Exception, verdict: Classification, kind: OperationKind) -> FailureReason | None:
    """Return why a call is refused for good, or None where others may know better.

    A limit that speaks of credentials is none, for whatever kind of call: ccxt turns Binance's -2015 into its error for
    limits after one private call has succeeded, and whoever repeats it is banned.
    """
    if verdict.reason is FailureReason.RATE_LIMITED and _speaks_of_credentials(error):
        return FailureReason.AUTHENTICATION
    if verdict.reason is FailureReason.MARKET_CLOSED and verdict.retryable:
        return None  # it opens again: exchange_maintenance waits for that
    return verdict.reason if verdict.reason in _FINAL and is_order(kind) else None


def _speaks_of_credentials(error: Exception) -> bool:
    text = str(error)[:_SCANNED].lower()
    return any(words in text for words in _CREDENTIALS)
