"""Inputs that a plugin must cope with: ordinary ones, and what an attacker or a broken library would send."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from recoup.classification import Classification, ErrorCategory, ErrorSeverity, FailureReason
from recoup.context import ErrorContext
from recoup.events import (
    BreakerEvent,
    ConnectionEvent,
    ErrorEvent,
    EscalationEvent,
    PluginEvent,
    RecoveryEvent,
    Sanitized,
    StateEvent,
    SuppressionEvent,
    ThreatEvent,
)
from recoup.operation import Call, Operation, OperationKind
from recoup.outcome import Decision

if TYPE_CHECKING:
    from recoup.events import Event

WHEN = datetime(2026, 1, 1, tzinfo=UTC)
SECRET = "hunter2-correct-horse-battery"  # noqa: S105 - the secret that a sanitizer must not let through
IP_ADDRESSES = (None, "192.0.2.7", "2001:db8::1", "::ffff:192.0.2.7", "not an address", "", "9" * 500)


class HostileError(Exception):
    """An exception whose text can't be had."""

    def __str__(self) -> str:
        raise RuntimeError("no text for you")


def _reset() -> None:
    raise ConnectionResetError(104, "Connection reset by peer")


def _chained() -> Exception:
    try:
        try:
            _reset()
        except ConnectionResetError as cause:
            raise RuntimeError("request failed") from cause
    except RuntimeError as error:
        return error
    raise AssertionError("unreachable")


def _cyclic() -> Exception:
    one, other = RuntimeError("one"), RuntimeError("other")
    one.__cause__, other.__cause__ = other, one
    return one


def sample_errors() -> list[Exception]:
    """Return exceptions of every sort, made anew."""
    return [
        ValueError("bad value"),
        TimeoutError("timed out"),
        ConnectionResetError(104, "Connection reset by peer"),
        ConnectionRefusedError(111, "Connection refused"),
        OSError(28, "No space left on device"),
        KeyError("missing"),
        MemoryError(),
        RuntimeError("x" * 100_000),
        RuntimeError("line\nforged \x1b[31m line {braces} %s \ud800"),
        ExceptionGroup("several", [ValueError("one"), TimeoutError("two")]),
        _chained(),
        _cyclic(),
    ]


def sample_payloads() -> list[Any]:
    """Return payloads of every shape, made anew."""
    cycle: dict[str, Any] = {"name": "cycle"}
    cycle["self"] = cycle
    deep: list[Any] = []
    for _ in range(500):
        deep = [deep]
    return [
        "",
        "an ordinary message",
        "x" * 100_000,
        "line\nforged \x1b[31m line {braces} %s",
        {},
        {"symbol": "BTC/USDT", "attempt": 3, "nested": {"list": [1, 2.5, None, True]}},
        {"wide": list(range(5000))},
        cycle,
        {"deep": deep},
        {1: "a key that is no text", ("a", 1): "another"},
        [1, "two", b"three"],
        ("a", {"b": {"c"}}),
        b"\x00\xff",
        12.5,
        HostileError(),
    ]


def sample_context(
    error: Exception, kind: OperationKind | None = None, *, outcome_known: bool = True, retryable: bool = True
) -> ErrorContext:
    """Return a classified context; of a guarded call where ``kind`` is given."""
    operation = Operation(kind=kind, client_order_id="order-1", symbol="BTC/USDT", deadline=60.0) if kind else None
    call = Call(operation=operation, function=print, attempts=1) if operation else None
    classification = Classification(
        severity=ErrorSeverity.MEDIUM,
        category=ErrorCategory.NETWORK,
        retryable=retryable,
        outcome_known=outcome_known,
        reason=FailureReason.TIMEOUT,
    )
    return ErrorContext(
        "sample",
        WHEN,
        ErrorSeverity.MEDIUM,
        "exchange",
        "create_order",
        error,
        symbol="BTC/USDT",
        order_id="order-1",
        details={"attempt": 1},
        call=call,
        classification=classification,
    )


def sample_error_event(number: int = 0) -> ErrorEvent:
    """Return a sanitized error event."""
    payload = {
        "component": "exchange",
        "venue": "exchange",
        "operation": "create_order",
        "error_type": "TimeoutError",
        "message": f"timed out {number} {{braces}} %s",
        "user_id": None,
        "bot_id": "bot-1",
        "symbol": "BTC/USDT",
        "order_id": f"order-{number}",
        "details": {"attempt": number},
        "stack_trace": 'File "bot.py", line 7, in submit',
    }
    context = sample_context(TimeoutError("timed out"), outcome_known=False)
    assert context.classification is not None
    return ErrorEvent(
        Sanitized(payload, mint=Sanitized._mint),  # noqa: SLF001 - a sample of what the sanitize stage gives
        context.classification,
        error_id=f"error-{number}",
        timestamp=WHEN,
    )


def sample_events() -> list[Event]:
    """Return an event of every kind."""
    place: Any = {"component": "exchange", "operation": "create_order"}
    return [
        sample_error_event(),
        RecoveryEvent(error_id="error-0", decision=Decision.RETRY, plugin="retry", delay=1.5, detail="{x}", **place),
        RecoveryEvent(error_id="error-0", decision=Decision.UNKNOWN, **place),
        BreakerEvent(key="api_calls", old="closed", new="open", failures=5, retry_after=30.0),
        ConnectionEvent(connection_id="feed", state="disconnected"),
        StateEvent(subject="venue:binance", old="normal", new="maintenance"),
        EscalationEvent(
            error_id="error-0", severity=ErrorSeverity.CRITICAL, notify=("email",), reason="unknown", **place
        ),
        PluginEvent(plugin="other", hook="classify", fault="raised", detail="ValueError: x"),
        SuppressionEvent(count=4812, reason="limit", **place),
        ThreatEvent(
            threat="brute_force",
            severity=ErrorSeverity.HIGH,
            confidence=0.9,
            source="192.0.2.7",
            account="a1b2",
            evidence={"failures": 120, "sources": 1},
            detail="120 failures for one account",
            **place,
        ),
    ]
