"""The seed's unified error context."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import attrs
from attrs import define, field

from recoup._current import resolve_handler
from recoup.classification import Classification, ErrorSeverity, SensitivityLevel
from recoup.operation import Call, OperationKind

if TYPE_CHECKING:
    from datetime import datetime


class SanitizeCall(Protocol):
    """Shape of the ``sanitize`` hook as the dispatcher offers it."""

    def __call__(self, payload: Any, level: SensitivityLevel | str = SensitivityLevel.MEDIUM) -> Any:
        """Return a sanitized copy of ``payload``."""
        ...


@define(eq=False)
class ErrorContext:
    """What is known of one error.

    The context is raw: recovery works on it. Whatever leaves the process goes through :meth:`sanitize` or
    :meth:`to_dict`. It belongs to the task or thread that handles the error and is not shared.

    Attributes:
        error_id: unique identifier.
        timestamp: when the error occurred; an aware datetime.
        severity: how bad it is; the handler sets it to what the ``classify`` hook answers.
        component: where in the application it occurred, such as ``"exchange"``.
        operation: what failed, such as ``"create_order"``.
        error: the exception itself.
        user_id: associated user.
        bot_id: associated bot.
        symbol: trading symbol.
        order_id: order identifier.
        details: whatever else the application knows.
        stack_trace: sanitized, or None.
        recovery_attempts: recoveries tried so far.
        max_recovery_attempts: recoveries tried at most.
        call: the guarded call that failed, or None where the application handles an error by itself.
        classification: the answer of the ``classify`` hook, once there is one.
    """

    error_id: str
    timestamp: datetime
    severity: ErrorSeverity
    component: str
    operation: str
    error: Exception
    user_id: str | None = None
    bot_id: str | None = None
    symbol: str | None = None
    order_id: str | None = None
    details: dict[str, Any] = field(factory=dict)
    stack_trace: str | None = None
    recovery_attempts: int = 0
    max_recovery_attempts: int = 3
    call: Call | None = field(default=None, kw_only=True)
    classification: Classification | None = field(default=None, kw_only=True)
    _sanitize: SanitizeCall | None = field(default=None, kw_only=True, repr=False, alias="sanitizer")

    def __repr__(self) -> str:
        # The generated one would print ids, details and the error's message into whatever log it meets.
        return (
            f"<ErrorContext {self.error_id} {self.severity.value} {self.component}.{self.operation} "
            f"{type(self.error).__name__}>"
        )

    @property
    def kind(self) -> OperationKind:
        """What repeating the failed call could do; inferred from ``operation`` where no guard says it."""
        if self.call is not None:
            return self.call.operation.kind
        return OperationKind.from_name(self.operation)

    @property
    def may_send_again(self) -> bool:
        """Whether the call may be repeated without verification: nothing happened, or a repetition does no harm."""
        known = self.classification is not None and self.classification.outcome_known
        return known or self.kind.repeatable

    @property
    def in_doubt(self) -> bool:
        """Whether something that must not happen twice may have happened."""
        return self.kind.is_side_effect and not self.may_send_again

    def to_dict(self, include_sensitive: bool = False) -> dict[str, Any]:  # noqa: FBT001, FBT002 - the seed's signature
        """Return the context as a dictionary of plain values, with the error as ``error_type`` and ``error_message``.

        Args:
            include_sensitive: True gives the raw values and the exception itself under ``error``; False sanitizes at
                MEDIUM.
        """
        values = self._plain()
        if include_sensitive:
            values["error"] = self.error
            return values
        sanitized = self._sanitizer()(values, SensitivityLevel.MEDIUM)
        if isinstance(sanitized, dict):
            return sanitized
        return {key: value if key in _OWN_KEYS else WITHHELD for key, value in values.items()}

    def sanitize(self, sensitivity_level: str = "MEDIUM") -> ErrorContext:
        """Return a sanitized copy.

        Its ``error`` is a :class:`SanitizedError` in place of the exception, whose arguments and traceback hold the
        raw values. The copy has no ``call``.

        Args:
            sensitivity_level: LOW, MEDIUM, HIGH or CRITICAL.

        Raises:
            ValueError: there is no such level.
        """
        level = SensitivityLevel(sensitivity_level)
        clean = self._sanitizer()(self._plain(), level)
        if not isinstance(clean, dict):
            clean = {}
        return attrs.evolve(
            self,
            component=str(clean.get("component", WITHHELD)),
            operation=str(clean.get("operation", WITHHELD)),
            error=SanitizedError(str(clean.get("error_type", WITHHELD)), str(clean.get("error_message", WITHHELD))),
            user_id=_text(clean.get("user_id")),
            bot_id=_text(clean.get("bot_id")),
            symbol=_text(clean.get("symbol")),
            order_id=_text(clean.get("order_id")),
            details=_details(clean.get("details")),
            stack_trace=_text(clean.get("stack_trace")),
            call=None,
        )

    def to_legacy_format(self) -> dict[str, Any]:
        """Return the sanitized context in the flat format of earlier handlers.

        Its keys are ``error_id``, ``timestamp`` (ISO 8601), ``severity``, ``component``, ``operation``,
        ``error_type``, ``error_message``, ``recovery_attempts`` and ``context``, which holds the rest.
        """
        values = self.to_dict()
        flat = {key: values.pop(key, None) for key in _LEGACY_KEYS}
        flat["context"] = values
        return flat

    def _plain(self) -> dict[str, Any]:
        error = self.error
        return {
            "error_id": self.error_id,
            "timestamp": self.timestamp.isoformat(),
            "severity": self.severity.value,
            "component": self.component,
            "operation": self.operation,
            "error_type": error.error_type if isinstance(error, SanitizedError) else type(error).__name__,
            "error_message": error.message if isinstance(error, SanitizedError) else error_message(error),
            "user_id": self.user_id,
            "bot_id": self.bot_id,
            "symbol": self.symbol,
            "order_id": self.order_id,
            "details": dict(self.details),
            "stack_trace": self.stack_trace,
            "recovery_attempts": self.recovery_attempts,
            "max_recovery_attempts": self.max_recovery_attempts,
        }

    def _sanitizer(self) -> SanitizeCall:
        return self._sanitize if self._sanitize is not None else resolve_handler().hooks.sanitize


WITHHELD = "[WITHHELD]"
"""Stands in for whatever the sanitizer could not vouch for."""

_OWN_KEYS = frozenset({"error_id", "timestamp", "severity", "recovery_attempts", "max_recovery_attempts"})
"""Hold nothing that the application or the exception wrote."""
_LEGACY_KEYS = (
    "error_id",
    "timestamp",
    "severity",
    "component",
    "operation",
    "error_type",
    "error_message",
    "recovery_attempts",
)


class SanitizedError(Exception):
    """Stands in for an exception in a sanitized context.

    Attributes:
        error_type: class name of the original.
        message: its sanitized message.
    """

    def __init__(self, error_type: str, message: str) -> None:
        self.error_type = error_type
        self.message = message
        super().__init__(f"{error_type}: {message}")


def error_message(error: BaseException) -> str:
    """Return ``str(error)``, or say that it can't be had where the exception's own ``__str__`` fails."""
    try:
        return str(error)
    except Exception as failure:  # noqa: BLE001 - any class may define __str__
        return f"(no message: {type(error).__name__}.__str__ raised {type(failure).__name__})"


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _details(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {"details": value}
