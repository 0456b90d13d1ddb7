"""The answers that every family of network clients shares."""

from __future__ import annotations

from recoup import ErrorSeverity, FailureReason, FailureStage
from recoup_plugins.classifier.rule import verdict

NOT_CONNECTED = verdict(FailureReason.CONNECTION_FAILED, retryable=True, known=True, stage=FailureStage.BEFORE_SEND)
"""The connection never came up, so no request left."""

CONNECT_TIMEOUT = verdict(FailureReason.TIMEOUT, retryable=True, known=True, stage=FailureStage.BEFORE_SEND)
"""Time ran out before there was a connection, so no request left."""

CONNECTION_LOST = verdict(FailureReason.CONNECTION_LOST, retryable=True, known=False, stage=FailureStage.SENT)
"""A connection that was up broke; the request may have been read."""

TIMED_OUT = verdict(FailureReason.TIMEOUT, retryable=True, known=False)
"""Time ran out while a request may have been under way; nobody can tell how far it had come."""

ANSWER_TIMED_OUT = verdict(FailureReason.TIMEOUT, retryable=True, known=False, stage=FailureStage.SENT)
"""Time ran out while a request that was sent waited for its answer."""

UNREADABLE = verdict(FailureReason.BAD_RESPONSE, retryable=True, known=False, stage=FailureStage.ANSWER_BEGUN)
"""An answer came, so the request was read, but what it says is lost."""

TLS_REFUSED = verdict(
    FailureReason.CONNECTION_FAILED,
    ErrorSeverity.HIGH,
    retryable=False,
    known=True,
    stage=FailureStage.BEFORE_SEND,
)
"""The other side could not prove who it is: nothing was sent, and a repetition meets the same certificate."""

NOT_SENDABLE = verdict(
    FailureReason.INVALID_REQUEST, ErrorSeverity.LOW, retryable=False, known=True, stage=FailureStage.BEFORE_SEND
)
"""The client library would not send such a request."""
