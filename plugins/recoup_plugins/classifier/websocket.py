"""WebSocket closures by code (RFC 6455 §7.4.1; IANA WebSocket Close Code Number Registry) and failed handshakes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from recoup import ErrorCategory, ErrorSeverity, FailureReason, FailureStage
from recoup_plugins.classifier.http_status import by_status
from recoup_plugins.classifier.network import CONNECTION_LOST, NOT_CONNECTED, NOT_SENDABLE
from recoup_plugins.classifier.rule import Table, verdict

if TYPE_CHECKING:
    from recoup import Classification
    from recoup_plugins.classifier.rule import Inquiry

_OFFENDED = verdict(FailureReason.INVALID_REQUEST, retryable=False, known=False)
_SERVER_FAULT = verdict(
    FailureReason.SERVER_ERROR, ErrorSeverity.MEDIUM, ErrorCategory.EXCHANGE, retryable=True, known=False
)
_RESTARTING = verdict(
    FailureReason.MAINTENANCE, ErrorSeverity.HIGH, ErrorCategory.EXCHANGE, retryable=True, known=False
)
_DENIED = verdict(FailureReason.PERMISSION, ErrorSeverity.HIGH, ErrorCategory.EXCHANGE, retryable=False, known=False)
_UNAUTHENTICATED = verdict(
    FailureReason.AUTHENTICATION, ErrorSeverity.HIGH, ErrorCategory.EXCHANGE, retryable=False, known=False
)

BY_CODE = {
    # Venues close with 1000 on their daily disconnect; whoever wants the feed must reconnect.
    1000: CONNECTION_LOST,
    1001: CONNECTION_LOST,
    1002: _OFFENDED,
    1003: _OFFENDED,
    1005: CONNECTION_LOST,
    1006: CONNECTION_LOST,
    1007: _OFFENDED,
    1008: _DENIED,
    1009: _OFFENDED,
    1010: _OFFENDED,
    1011: _SERVER_FAULT,
    1012: _RESTARTING,
    1013: _RESTARTING,
    1014: _SERVER_FAULT,
    1015: NOT_CONNECTED,
    3000: _UNAUTHENTICATED,
    3003: _DENIED,
    3008: verdict(FailureReason.TIMEOUT, retryable=True, known=False),
}


def _closed(error: Any, inquiry: Inquiry) -> Classification:  # noqa: ARG001 - shape of an inspector
    """Answer from the code that the other side sent; what we sent ourselves says nothing about it."""
    received = getattr(error, "rcvd", None)
    return BY_CODE.get(getattr(received, "code", 1006), CONNECTION_LOST)


TABLE: Table = {
    "websockets.ConcurrencyError": verdict(FailureReason.PROGRAMMING, retryable=False, known=True),
    "websockets.ConnectionClosed": _closed,
    "websockets.InvalidHandshake": verdict(
        FailureReason.CONNECTION_FAILED, retryable=False, known=True, stage=FailureStage.BEFORE_SEND
    ),
    "websockets.InvalidMessage": NOT_CONNECTED,
    "websockets.InvalidStatus": by_status,
    "websockets.InvalidURI": NOT_SENDABLE,
    "websockets.PayloadTooBig": _OFFENDED,
    "websockets.ProtocolError": _OFFENDED,
    "websockets.ProxyError": NOT_CONNECTED,
    "websockets.WebSocketException": CONNECTION_LOST,
}
