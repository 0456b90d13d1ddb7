"""The scenario for a submission whose outcome is unknown."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from attrs import field, frozen
from attrs.validators import ge, gt, instance_of

from recoup import FailureReason, OperationKind, Recovery, StateEvent, hookimpl
from recoup_plugins.order_submission.intents import IntentKey, Intents, IntentState
from recoup_plugins.order_submission.verification import Finding, Verdict, Verification

if TYPE_CHECKING:
    from recoup import Call, ErrorContext, Host, Operation
    from recoup.ports import OrderPort

NAME = "order_submission"
"""Under which the core counts this plugin's answers in ``Call.answers``."""

_MAX_DOUBLINGS = 6
_NUMBER = instance_of((int, float))
_ID_RULES = ("forever", "open_only", "none")
_PACED = frozenset({FailureReason.RATE_LIMITED, FailureReason.BANNED, FailureReason.MAINTENANCE})


@frozen(kw_only=True)
class OrderSubmissionConfig:
    """How a submission is verified. Immutable; all times in seconds.

    Attributes:
        settle_time: for how long "not found" must persist before the order counts as not placed. Doubles with each
            round of the same call, since a venue that fails again is unwell. Venues accept orders late: half a second
            after the refusal has been seen.
        unprotected_settle_time: least settle time where the venue would execute the same id twice (rule ``none``).
        duplicate_settle_time: as ``settle_time`` where the venue refused a duplicate: it says that the order exists.
        poll_interval: between the first lookups; grows.
        max_pause: most that the pause between lookups grows to.
        verify_timeout: most that one verification takes.
        max_resends: how often one call is sent again at most.
        resend_hold: for how long after a verification another submission of the same intent is held back: while the
            verified call sends again or, where it ended unknown and the venue might take the id twice, in any case.
        max_intents: intents in recovery at most.
    """

    settle_time: float = field(default=3.0, validator=[_NUMBER, gt(0)])
    unprotected_settle_time: float = field(default=10.0, validator=[_NUMBER, gt(0)])
    duplicate_settle_time: float = field(default=30.0, validator=[_NUMBER, gt(0)])
    poll_interval: float = field(default=0.5, validator=[_NUMBER, gt(0)])
    max_pause: float = field(default=30.0, validator=[_NUMBER, gt(0)])
    verify_timeout: float = field(default=600.0, validator=[_NUMBER, gt(0)])
    max_resends: int = field(default=3, validator=[instance_of(int), ge(0)])
    resend_hold: float = field(default=60.0, validator=[_NUMBER, ge(0)])
    max_intents: int = field(default=10_000, validator=[instance_of(int), ge(1)])


class OrderSubmission:
    """Finds out what became of a submission before anything is sent again, and adopts the order where it exists.

    It acts on guarded submissions that failed with an unknown outcome or were refused as a duplicate, and on every
    later failure of the same intent: the first send may still have been accepted, and the funds that the second one
    lacks may be the first one's. Refusals of pace (limits, bans, maintenance) are left to whoever waits them out.

    The evidence is :meth:`recoup.OrderPort.find_order`, which answers ``None`` only where the venue knows no such
    order in any state; a port that can't say so raises ``OrderNotVerifiable``, which counts as a failed lookup. The
    port may say in an attribute ``client_id_rule`` how the venue treats an id that it has seen before: ``forever``
    (refused), ``open_only`` (refused while the first order is open; assumed where nothing is said) or ``none``.

    Role ``Pacer``: a submission under an id that is being verified, or sent again by another call, waits.

    Thread-safe and task-safe.
    """

    Config: ClassVar[type[OrderSubmissionConfig]] = OrderSubmissionConfig

    def __init__(self, config: OrderSubmissionConfig, host: Host) -> None:
        self._config = config
        self._host = host
        self._intents = Intents(config.max_intents, config.resend_hold)

    @hookimpl(tryfirst=True)
    async def recover(self, error: Exception, context: ErrorContext) -> Recovery | None:  # noqa: ARG002 - the hook's own
        """Adopt the order, have it sent again where it verifiably was not placed, or answer that nobody knows."""
        call = context.call
        if call is None or not self._concerns(context, call):
            return None
        operation = call.operation
        if operation.client_order_id is None or operation.orders is None:
            return None  # not to be looked up here; where nobody else can, the core calls it unknown
        rule = getattr(operation.orders, "client_id_rule", "open_only")
        if rule not in _ID_RULES:
            return Recovery.unknown(f"the order port's client_id_rule must be one of {_ID_RULES}")
        key = _intent_key(operation, context.component, operation.client_order_id)
        return await self._verify(context, call, key, rule, operation.orders)

    def delay(self, operation: Operation, component: str) -> float:
        """Hold back a submission whose intent is being verified, or was given up on a short while ago."""
        if operation.kind is not OperationKind.SUBMIT or operation.client_order_id is None:
            return 0.0
        key = _intent_key(operation, component, operation.client_order_id)
        return self._intents.held_for(key, operation, self._host.clock.monotonic(), self._config.poll_interval)

    def _concerns(self, context: ErrorContext, call: Call) -> bool:
        """Whether an unknown outcome is involved: this failure's own, or that of an earlier send of the intent."""
        classification = context.classification
        if context.kind is not OperationKind.SUBMIT or classification is None:
            return False
        if not classification.outcome_known or classification.reason is FailureReason.DUPLICATE_ORDER:
            return True
        if classification.reason in _PACED:
            return False
        if call.answers[NAME] > 0:
            return True
        client_order_id = call.operation.client_order_id
        return client_order_id is not None and self._intents.is_unresolved(
            _intent_key(call.operation, context.component, client_order_id)
        )

    async def _verify(
        self, context: ErrorContext, call: Call, key: IntentKey, rule: str, orders: OrderPort
    ) -> Recovery | None:
        clock = self._host.clock
        window = self._window(call)
        end = clock.monotonic() + window
        reusable_id = rule != "forever"
        while (old := self._intents.claim(key, call, clock.monotonic(), reusable_id=reusable_id)) is None:
            if not self._intents.is_verified_by_another(key, call):
                break
            if clock.monotonic() >= end:
                return Recovery.unknown("another call with the same client order id is still being verified")
            await clock.sleep(self._config.poll_interval)
        verification = Verification(
            host=self._host,
            component=context.component,
            operation=call.operation,
            client_order_id=key[1],
            orders=orders,
            settle_time=self._settle_time(context, call, rule, window),
            window=end - clock.monotonic(),
            poll_interval=self._config.poll_interval,
            max_pause=self._config.max_pause,
        )
        if old is None:
            return _adopt_only(await verification.run())
        self._publish(key, old, IntentState.UNKNOWN, "")
        state, detail = IntentState.UNKNOWN, "the verification was broken off"
        try:
            verdict = await verification.run()
            recovery = self._decide(context, call, verdict)
            state, detail = _state_after(verdict, recovery), _describe(verdict)
        finally:
            # Also where the task is cancelled: whoever submits the intent next must find it unknown.
            self._intents.end(key, state, clock.monotonic())
            self._publish(key, IntentState.UNKNOWN, state, detail)
        return recovery

    def _window(self, call: Call) -> float:
        """Return the seconds that lookups may take.

        They go on for the settle time even past the deadline, which forbids only to send.
        """
        remaining = call.remaining(self._host.clock.monotonic())
        if remaining is None:
            return self._config.verify_timeout
        return min(self._config.verify_timeout, max(remaining, self._config.settle_time))

    def _settle_time(self, context: ErrorContext, call: Call, rule: str, window: float) -> float:
        config = self._config
        if _is(context, FailureReason.DUPLICATE_ORDER):
            return config.duplicate_settle_time
        settle_time = config.settle_time * 2.0 ** min(call.answers[NAME], _MAX_DOUBLINGS)
        if rule == "none":
            settle_time = max(settle_time, config.unprotected_settle_time)
        asked = context.classification.retry_after if context.classification is not None else None
        # To look on is the best use of a wait that the venue asks for; a whole window of it would leave no room to act.
        return max(settle_time, min(asked or 0.0, window / 2))

    def _decide(self, context: ErrorContext, call: Call, verdict: Verdict) -> Recovery | None:
        detail = _describe(verdict)
        if verdict.finding is Finding.FOUND:
            return Recovery.recovered(verdict.order, verified=True, detail=detail)
        if verdict.finding is Finding.UNRESOLVED:
            return Recovery.unknown(detail)
        if _is(context, FailureReason.DUPLICATE_ORDER):
            return Recovery.unknown(f"refused as a duplicate, which may be of an older order, yet {detail}")
        if context.classification is not None and context.classification.outcome_known:
            return None  # this failure and all before it are known now
        obstacle = self._obstacle(call)
        if obstacle is not None:
            return Recovery.unknown(f"{detail}; {obstacle}")
        return Recovery.retry(0.0, verified=True, detail=f"{detail}; sent again under the same id")

    def _obstacle(self, call: Call) -> str | None:
        """Say why an order that was not found is not sent again, or None where it may be."""
        remaining = call.remaining(self._host.clock.monotonic())
        if remaining is not None and remaining <= 0:
            return "the deadline has passed, so it is not sent again"
        if call.answers[NAME] >= self._config.max_resends:
            return f"it was sent again {self._config.max_resends} times already"
        return None if call.may_repeat else "the guard does not repeat calls"

    def _publish(self, key: IntentKey, old: IntentState, new: IntentState, detail: str) -> None:
        self._host.publish(StateEvent(subject=f"order:{key[1]}", old=old.value, new=new.value, detail=detail))


def _is(context: ErrorContext, reason: FailureReason) -> bool:
    return context.classification is not None and context.classification.reason is reason


def _intent_key(operation: Operation, component: str, client_order_id: str) -> IntentKey:
    return operation.key or component, client_order_id


def _adopt_only(verdict: Verdict) -> Recovery:
    """Answer for a call that must not send, since another one with the same id may."""
    if verdict.finding is Finding.FOUND:
        return Recovery.recovered(verdict.order, verified=True, detail=_describe(verdict))
    return Recovery.unknown(f"{_describe(verdict)}; another call may be sending an order under the same id")


def _state_after(verdict: Verdict, recovery: Recovery | None) -> IntentState:
    if verdict.finding is Finding.FOUND:
        return IntentState.ADOPTED
    sent_again_or_failed = recovery is None or recovery.verified
    return IntentState.NOT_FOUND if sent_again_or_failed else IntentState.UNKNOWN


def _describe(verdict: Verdict) -> str:
    lookups = f"{verdict.lookups} lookup{'s' if verdict.lookups != 1 else ''}"
    if verdict.finding is Finding.FOUND:
        return f"the venue has the order ({lookups})"
    if verdict.finding is Finding.ABSENT:
        return f"the venue knows no such order ({lookups})"
    return f"no conclusive answer in {lookups}" + (f", the last failure a {verdict.failure}" if verdict.failure else "")
