"""What observers see: frozen, sanitized events.

An :class:`ErrorEvent` can't be built by hand: it takes a :class:`Sanitized`, which only the sanitize stage mints. The
other events may be built by any plugin and published through the handler, which sanitizes their text on the way.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from attrs import field, frozen
from attrs.validators import and_, ge, instance_of, le, optional

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from recoup.classification import Classification, ErrorCategory, ErrorSeverity, FailureReason
    from recoup.outcome import Decision


@frozen(kw_only=True)
class RateLimitDecision:
    """The answer of the ``rate_limit`` hook. Immutable.

    Attributes:
        allowed: whether the operation may go on.
        retry_after: seconds until it may, where it may not, or None.
        reason: one line for the operator; holds no secret.
    """

    allowed: bool = field(validator=instance_of(bool))
    retry_after: float | None = field(default=None, validator=optional(and_(instance_of((int, float)), ge(0.0))))
    reason: str = field(default="", validator=instance_of(str))


class Sanitized:
    """A payload that went through the sanitize stage. Only the stage can make one."""

    __slots__ = ("payload",)

    _mint: ClassVar[object] = object()

    def __init__(self, payload: Mapping[str, Any], *, mint: object) -> None:
        if mint is not Sanitized._mint:
            raise TypeError("Sanitized can't be built by hand: pass the payload through the sanitize stage")
        self.payload = payload


@frozen(init=False)
class ErrorEvent:
    """One error, sanitized. Immutable.

    Attributes:
        error_id: as in the context.
        timestamp: when it occurred; aware.
        severity: how bad it is.
        category: which part of the system.
        reason: why the call failed.
        retryable: whether the call may succeed later.
        outcome_known: False where the side effect may have happened.
        component: where in the application.
        venue: key of the venue or account, as in ``Operation.key``; the component where that has none.
        operation: what failed.
        error_type: class name of the exception.
        message: its sanitized message.
        user_id: sanitized.
        bot_id: sanitized.
        symbol: sanitized.
        order_id: sanitized.
        details: sanitized, read-only.
        stack_trace: sanitized, or None.
        recovery_attempts: recoveries tried before this one.
    """

    kind: ClassVar[str] = "error"

    error_id: str
    timestamp: datetime
    severity: ErrorSeverity
    category: ErrorCategory
    reason: FailureReason
    retryable: bool
    outcome_known: bool
    component: str
    venue: str
    operation: str
    error_type: str
    message: str
    user_id: str | None
    bot_id: str | None
    symbol: str | None
    order_id: str | None
    details: Mapping[str, Any]
    stack_trace: str | None
    recovery_attempts: int

    def __init__(
        self,
        sanitized: Sanitized,
        classification: Classification,
        *,
        error_id: str,
        timestamp: datetime,
        recovery_attempts: int = 0,
    ) -> None:
        if not isinstance(sanitized, Sanitized):
            raise TypeError(f"ErrorEvent takes a Sanitized from the sanitize stage, got {type(sanitized).__name__}")
        payload = sanitized.payload
        self.__attrs_init__(
            error_id,
            timestamp,
            classification.severity,
            classification.category,
            classification.reason,
            classification.retryable,
            classification.outcome_known,
            payload["component"],
            payload["venue"],
            payload["operation"],
            payload["error_type"],
            payload["message"],
            payload["user_id"],
            payload["bot_id"],
            payload["symbol"],
            payload["order_id"],
            MappingProxyType(payload["details"]),
            payload["stack_trace"],
            recovery_attempts,
        )


def text(**kwargs: Any) -> Any:
    """Declare a field whose text is sanitized when the event is published."""
    return field(metadata={"text": True}, **kwargs)


def _read_only(value: Mapping[str, Any]) -> Mapping[str, Any]:
    return MappingProxyType(dict(value))


@frozen(kw_only=True)
class RecoveryEvent:
    """What a recovery came to. Immutable.

    Attributes:
        error_id: of the error that was handled.
        component: where in the application.
        operation: what had failed.
        decision: what the caller does next.
        plugin: who answered, or None.
        attempts: recoveries tried for the context, this one included.
        delay: seconds until the next attempt.
        verified: whether the other side was asked.
        elapsed: seconds that handling took.
        detail: one line.
    """

    kind: ClassVar[str] = "recovery"

    error_id: str
    component: str = text()
    operation: str = text()
    decision: Decision
    plugin: str | None = None
    attempts: int = 0
    delay: float = 0.0
    verified: bool = False
    elapsed: float = 0.0
    detail: str = text(default="")


@frozen(kw_only=True)
class BreakerEvent:
    """A circuit changed its state. Immutable.

    Attributes:
        key: the circuit.
        old: ``closed``, ``open`` or ``half_open``.
        new: as ``old``.
        failures: failures counted when it changed.
        retry_after: seconds until a trial call, where it opened.
    """

    kind: ClassVar[str] = "breaker"

    key: str = text()
    old: str
    new: str
    failures: int = 0
    retry_after: float | None = None


@frozen(kw_only=True)
class PolicyEvent:
    """A policy did something that a healthy call does not see. Immutable.

    Attributes:
        policy: name of the plugin, such as ``retry`` or ``hedge``.
        key: what the policy is kept for.
        action: what it did, such as ``retrying``, ``refused`` or ``stale``.
        attempt: calls made so far, where it repeats.
        delay: seconds until the next one, or until another try makes sense, or None.
        detail: one line.
    """

    kind: ClassVar[str] = "policy"

    policy: str
    key: str = text()
    action: str
    attempt: int = 0
    delay: float | None = None
    detail: str = text(default="")


@frozen(kw_only=True)
class ConnectionEvent:
    """A connection changed its state. Immutable.

    Attributes:
        connection_id: which connection.
        state: its new state.
        detail: one line.
    """

    kind: ClassVar[str] = "connection"

    connection_id: str = text()
    state: str
    detail: str = text(default="")


@frozen(kw_only=True)
class StateEvent:
    """A plugin or the handler changed its state, such as a venue entering maintenance. Immutable.

    Attributes:
        subject: what changed, such as ``"venue:binance"`` or ``"handler"``.
        old: the state before.
        new: the state now.
        detail: one line.
    """

    kind: ClassVar[str] = "state"

    subject: str = text()
    old: str
    new: str
    detail: str = text(default="")


@frozen(kw_only=True)
class EscalationEvent:
    """An error that a human should know of. Immutable.

    Attributes:
        error_id: of the error.
        severity: how bad it is.
        notify: the channels that the configuration names for that severity, such as ``("discord", "email")``.
        component: where in the application.
        operation: what failed.
        reason: why it is escalated; sanitized.
        escalation_id: names the matter, for ``handler.escalations.acknowledge``.
        count: how often it has happened since it was first told.
    """

    kind: ClassVar[str] = "escalation"

    error_id: str
    severity: ErrorSeverity
    notify: tuple[str, ...] = ()
    component: str = text()
    operation: str = text()
    reason: str = text()
    escalation_id: str = ""
    count: int = 1


@frozen(kw_only=True)
class PluginEvent:
    """A plugin failed, was disabled, or came and went. Immutable.

    Attributes:
        plugin: its name.
        hook: the hook in which it failed, or ``""``.
        fault: ``raised``, ``timed_out``, ``wrong_type``, ``disabled``, ``not_loaded``, ``registered``,
            ``unregistered``, ``started`` or ``stopped``.
        count: failures since the last event for the same plugin and hook.
        detail: one line.
    """

    kind: ClassVar[str] = "plugin"

    plugin: str
    hook: str = ""
    fault: str
    count: int = 1
    detail: str = text(default="")


@frozen(kw_only=True)
class SuppressionEvent:
    """Errors that a rate limit kept from being handled, in summary. Immutable.

    Attributes:
        component: where in the application.
        operation: what failed.
        count: how many since the last summary.
        reason: the limit's own words.
    """

    kind: ClassVar[str] = "suppression"

    component: str = text()
    operation: str = text()
    count: int
    reason: str = text(default="")


@frozen(kw_only=True)
class ThreatEvent:
    """Traffic or errors look like an attack. Immutable.

    Attributes:
        threat: which attack, such as ``credential_stuffing`` or ``error_flood``.
        severity: how bad it would be.
        confidence: how sure the detector is, from 0.0 to 1.0.
        component: where in the application.
        operation: what is under attack.
        source: the address or network that it comes from, or ``""`` for many.
        account: the account that is aimed at, or ``""`` for many.
        evidence: the counts that it was told by, read-only; sanitized.
        detail: one line.
    """

    kind: ClassVar[str] = "threat"

    threat: str
    severity: ErrorSeverity
    confidence: float = field(validator=[ge(0.0), le(1.0)])
    component: str = text()
    operation: str = text()
    source: str = text(default="")
    account: str = text(default="")
    evidence: Mapping[str, Any] = field(factory=dict, converter=_read_only, metadata={"mapping": True})
    detail: str = text(default="")


Event = (
    ErrorEvent
    | RecoveryEvent
    | BreakerEvent
    | PolicyEvent
    | ConnectionEvent
    | StateEvent
    | EscalationEvent
    | PluginEvent
    | SuppressionEvent
    | ThreatEvent
)
"""Whatever the ``monitor`` hook is called with."""
