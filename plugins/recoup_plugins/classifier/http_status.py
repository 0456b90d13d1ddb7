"""HTTP status codes (RFC 9110 §15, RFC 6585, RFC 7725), on whatever error carries one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import evolve

from recoup import Classification, ErrorCategory, ErrorSeverity, FailureReason, FailureStage
from recoup_plugins.classifier.retry_after import retry_after
from recoup_plugins.classifier.rule import verdict

if TYPE_CHECKING:
    from recoup_plugins.classifier.rule import Inquiry


def _answer(
    reason: FailureReason, severity: ErrorSeverity = ErrorSeverity.MEDIUM, *, retryable: bool, known: bool
) -> Classification:
    return verdict(
        reason,
        severity,
        ErrorCategory.EXCHANGE,
        retryable=retryable,
        known=known,
        stage=FailureStage.ANSWER_BEGUN,
    )


_REJECTED = _answer(FailureReason.INVALID_REQUEST, ErrorSeverity.LOW, retryable=False, known=True)
_UNAUTHENTICATED = _answer(FailureReason.AUTHENTICATION, ErrorSeverity.HIGH, retryable=False, known=True)
_FORBIDDEN = _answer(FailureReason.PERMISSION, ErrorSeverity.HIGH, retryable=False, known=True)
_SERVER_ERROR = _answer(FailureReason.SERVER_ERROR, retryable=True, known=False)
_UNSUPPORTED = _answer(FailureReason.SERVER_ERROR, retryable=False, known=True)
_GATEWAY_TIMEOUT = _answer(FailureReason.TIMEOUT, retryable=True, known=False)
# Venues have answered so to orders that they did execute: the page comes from a gateway, not from what executes.
_MAINTENANCE = _answer(FailureReason.MAINTENANCE, ErrorSeverity.HIGH, retryable=True, known=False)

BY_STATUS = {
    401: _UNAUTHENTICATED,
    403: _FORBIDDEN,
    # RFC 9110 says that the request was not complete, but venues and gateways use it for their own time-outs.
    408: _answer(FailureReason.TIMEOUT, retryable=True, known=False),
    407: _UNAUTHENTICATED,
    409: _answer(FailureReason.INVALID_REQUEST, retryable=False, known=False),
    # Binance bans an address that went on after 429 ("418 I'm a teapot").
    418: _answer(FailureReason.BANNED, ErrorSeverity.HIGH, retryable=True, known=True),
    # The server would not risk processing a request that might be replayed (RFC 8470 §5.2).
    425: _answer(FailureReason.SERVER_ERROR, retryable=True, known=True),
    429: _answer(FailureReason.RATE_LIMITED, retryable=True, known=True),
    451: _FORBIDDEN,
    501: _UNSUPPORTED,
    504: _GATEWAY_TIMEOUT,
    505: _UNSUPPORTED,
    511: _UNAUTHENTICATED,
    # Cloudflare: 521 and 523 could not reach the origin, 525 and 526 failed in the handshake.
    521: _answer(FailureReason.CONNECTION_FAILED, retryable=True, known=True),
    522: _GATEWAY_TIMEOUT,
    523: _answer(FailureReason.CONNECTION_FAILED, retryable=True, known=True),
    524: _GATEWAY_TIMEOUT,
    525: _answer(FailureReason.CONNECTION_FAILED, retryable=True, known=True),
    526: _answer(FailureReason.CONNECTION_FAILED, retryable=False, known=True),
}
"""The codes that mean more than their class. 409 leaves the outcome open: it may be an earlier send that conflicts."""

_BODY_SCANNED = 4096


def by_status(error: Any, inquiry: Inquiry) -> Classification | None:
    """Answer from the status that the error or its response carries, with its ``Retry-After``; None without one."""
    status = _status(error)
    if status is None:
        return None
    found = of_status(status)
    if status == 503 and _says_maintenance(error):  # noqa: PLR2004 - RFC 9110 §15.6.4
        found = _MAINTENANCE
    wait = retry_after(error, inquiry.clock)
    return found if wait is None else evolve(found, retry_after=wait)


def of_status(status: int) -> Classification:
    """Classify a status code from 400 to 599."""
    special = BY_STATUS.get(status)
    if special is not None:
        return special
    return _REJECTED if status < 500 else _SERVER_ERROR  # noqa: PLR2004 - RFC 9110 §15.6


def carries_status(kind: type) -> bool:
    """Say whether errors of a class may carry a status by their class itself, such as in a property or a slot."""
    return any(hasattr(kind, name) for name in ("status_code", "status", "code", "response"))


def _status(error: Any) -> int | None:
    response = getattr(error, "response", None)
    for holder, name in (
        (error, "status_code"),
        (error, "status"),
        (error, "code"),
        (response, "status_code"),
        (response, "status"),
    ):
        value = getattr(holder, name, None)
        if type(value) is int and 400 <= value <= 599:  # noqa: PLR2004 - the error classes of RFC 9110 §15
            return value
    return None


def _says_maintenance(error: Any) -> bool:
    for holder in (error, getattr(error, "response", None)):
        for name in ("body", "text", "message", "reason"):
            try:
                value = getattr(holder, name, None)
            except Exception:  # noqa: BLE001, S112 - a response may refuse to show a body that was not read
                continue
            if isinstance(value, bytes):
                value = value[:_BODY_SCANNED].decode("utf-8", "replace")
            if isinstance(value, str) and "maintenance" in value[:_BODY_SCANNED].lower():
                return True
    return False
