"""The scenario for a submission whose outcome is unknown."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from attrs import field, frozen
from attrs.validators import ge, gt, instance_of

from recoup import Decision, FailureReason, OperationKind, Recovery, StateEvent, hookimpl
from recoup_plugins.order_submission.intents import IntentKey, Intents, IntentState
from recoup_plugins.order_submission.verification import Finding, Verdict, Verification

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from recoup import Call, ErrorContext, Host, Operation

NAME = "order_submission"
"""Under which the core counts this plugin's answers in ``Call.answers``."""

_MAX_DOUBLINGS = 6
_NUMBER = instance_of((int, float))
_ID_RULES = ("forever", "open_only", "none")
_PACED = frozenset({FailureReason.RATE_LIMITED, FailureReason.BANNED, FailureReason.MAINTENANCE})
_NEVER_IN_DOUBT = frozenset({None, IntentState.SUBMITTED})
_WRONG_RULE = Recovery.unknown(f"the order port's client_id_rule must be one of {_ID_RULES}")


@frozen(kw_only=True)
class OrderSubmissionConfig:
    """How a submission is verified. Immutable; all times in seconds.

    Attributes:
        settle_time: for how long "not found" must persist before the order counts as not placed. Doubles with each
            round of the same call, since a venue that fails again is unwell. Venues accept orders late: half a second
            after the refusal has been seen.
        unprotected_settle_time: least settle time where the venue might execute the same id twice: under every rule
            but ``forever``, since ``open_only`` protects nothing once the first order is filled.
        duplicate_settle_time: as ``settle_time`` where the venue said that the order exists: it refused a duplicate,
            or accepted the id earlier.
        poll_interval: between the first lookups; grows. Also between two looks at another call under the same id.
        max_pause: most that the pause between lookups grows to.
        verify_timeout: most that one verification takes, the wait for another call under the same id included.
        max_resends: how often one call is sent again at most.
        max_intents: intents remembered at most; those of which nothing is in doubt are forgotten first.
    """

    settle_time: float = field(default=3.0, validator=[_NUMBER, gt(0)])
    unprotected_settle_time: float = field(default=10.0, validator=[_NUMBER, gt(0)])
    duplicate_settle_time: float = field(default=30.0, validator=[_NUMBER, gt(0)])
    poll_interval: float = field(default=0.5, validator=[_NUMBER, gt(0)])
    max_pause: float = field(default=30.0, validator=[_NUMBER, gt(0)])
    verify_timeout: float = field(default=600.0, validator=[_NUMBER, gt(0)])
    max_resends: int = field(default=3, validator=[instance_of(int), ge(0)])
    max_intents: int = field(default=10_000, validator=[instance_of(int), ge(1)])


class OrderSubmission:
    """Finds out what became of a submission before anything is sent again, and adopts the order where it exists.

    It acts on guarded submissions that failed with an unknown outcome or were refused as a duplicate, and on every
    later failure of the same intent: the first send may still have been accepted, and the funds that the second one
    lacks may be the first one's. Refusals of pace (limits, bans, maintenance) are left to whoever waits them out.

    The evidence is :meth:`recoup.OrderPort.find_order`, which answers ``None`` only where the venue knows no such
    order in any state; a port that can't say so raises ``OrderNotVerifiable``. The port may say in an attribute
    ``client_id_rule`` how the venue treats an id that it has seen before: ``forever`` (refused), ``open_only``
    (refused while the first order is open; assumed where nothing is said) or ``none``.

    Role ``Admitter``: an intent, that is a client order id under one venue key, belongs to one call at a time, from
    before its first send until that call has ended, and is remembered from then on. Another call under the same id
    waits for the first one to end; an intent that was accepted, or whose outcome nobody knows, is looked up before
    anything is sent. :class:`~recoup_plugins.order_submission.intents.IntentState` has the whole table.

    Thread-safe and task-safe.
    """

    Config: ClassVar[type[OrderSubmissionConfig]] = OrderSubmissionConfig

    def __init__(self, config: OrderSubmissionConfig, host: Host) -> None:
        self._config = config
        self._host = host
        self._intents = Intents(config.max_intents)

    def admit(self, call: Call, component: str) -> Awaitable[Recovery | None] | None:
        """Let the first send of an intent go at once; have every other one wait and be looked up first."""
        key = _intent_key(call.operation, component)
        if key is None or self._intents.send(key, call, reusable_id=_rule(call.operation) != "forever"):
            return None
        return self._admit_again(call, component, key)

    def settle(self, call: Call, component: str, error: BaseException | None) -> None:
        """Remember what became of the intent that the call holds."""
        key = _intent_key(call.operation, component)
        if key is None:
            return
        if error is None:
            self._intents.end(key, call, IntentState.ACCEPTED)
        elif not call.unresolved:
            self._intents.end(key, call, None)
        elif (old := self._intents.end(key, call, IntentState.UNKNOWN)) is not None:
            self._publish(key, old, IntentState.UNKNOWN, f"the call ended with {type(error).__name__}")

    @hookimpl(tryfirst=True)
    async def recover(self, error: Exception, context: ErrorContext) -> Recovery | None:  # noqa: ARG002 - the hook's own
        """Adopt the order, have it sent again where it verifiably was not placed, or answer that nobody knows."""
        call = context.call
        if call is None or context.kind is not OperationKind.SUBMIT:
            return None
        key = _intent_key(call.operation, context.component)
        if key is None:
            return None  # not to be looked up here; where nobody else can, the core calls it unknown
        if not self._concerns(context, call, key):
            return None
        rule = _rule(call.operation)
        if rule not in _ID_RULES:
            return _WRONG_RULE
        window = self._window(call)
        settle_time = self._settle_time(context, call, rule, window)
        verification = self._verification(call, context.component, key, settle_time, window)
        old = self._intents.verify(key, call, reusable_id=rule != "forever")
        if old is None:
            return _adopt_only(await verification.run())

        def decide(verdict: Verdict) -> Recovery | None:
            return self._decide(context, call, verdict)

        return await self._verify(call, key, old, verification, decide)

    async def _admit_again(self, call: Call, component: str, key: IntentKey) -> Recovery | None:
        clock = self._host.clock
        rule = _rule(call.operation)
        if rule not in _ID_RULES:
            return _WRONG_RULE
        window = self._window(call)
        end = clock.monotonic() + window
        while (old := self._intents.send_or_verify(key, call, reusable_id=rule != "forever")) is None:
            if clock.monotonic() >= end:
                return Recovery.unknown("another call under the same client order id has not ended yet")
            await clock.sleep(self._config.poll_interval)
        if old is IntentState.SUBMITTED:  # the other call has failed, and was not executed
            if not self._is_too_late(call):
                return None
            self._intents.end(key, call, None)
            return Recovery.unknown("the deadline has passed while another call had the same client order id")
        accepted = old is IntentState.ACCEPTED
        settle_time = self._config.duplicate_settle_time if accepted else self._least_settle_time(rule)
        verification = self._verification(call, component, key, settle_time, end - clock.monotonic())

        def decide(verdict: Verdict) -> Recovery | None:
            return self._decide_before(call, verdict)

        return await self._verify(call, key, old, verification, decide)

    def _concerns(self, context: ErrorContext, call: Call, key: IntentKey) -> bool:
        """Whether an unknown outcome is involved: this failure's own, or that of an earlier send of the intent."""
        classification = context.classification
        if classification is None:
            return False
        if not classification.outcome_known or classification.reason is FailureReason.DUPLICATE_ORDER:
            return True
        if classification.reason in _PACED:
            return False
        return call.answers[NAME] > 0 or self._intents.state(key) not in _NEVER_IN_DOUBT

    def _verification(
        self, call: Call, component: str, key: IntentKey, settle_time: float, window: float
    ) -> Verification:
        orders = call.operation.orders
        assert orders is not None  # else there is no key
        return Verification(
            host=self._host,
            component=component,
            operation=call.operation,
            client_order_id=key[1],
            orders=orders,
            settle_time=settle_time,
            window=window,
            poll_interval=self._config.poll_interval,
            max_pause=self._config.max_pause,
        )

    async def _verify(
        self,
        call: Call,
        key: IntentKey,
        old: IntentState,
        verification: Verification,
        decide: Callable[[Verdict], Recovery | None],
    ) -> Recovery | None:
        """Verify an intent that the call holds since it was ``old``."""
        self._publish(key, old, IntentState.VERIFYING, "")
        unresolved = IntentState.ACCEPTED if old is IntentState.ACCEPTED else IntentState.UNKNOWN
        state: IntentState = unresolved
        detail = "the verification was broken off"
        try:
            verdict = await verification.run()
            recovery = decide(verdict)
            state, detail = _state_after(recovery, unresolved), _describe(verdict)
        finally:
            # Also where the task is cancelled: whoever submits the intent next must not find it held.
            self._intents.end(key, call, state)
            self._publish(key, IntentState.VERIFYING, state, detail)
        return recovery

    def _window(self, call: Call) -> float:
        """Return the seconds that lookups may take.

        They go on for the settle time even past the deadline, which forbids only to send.
        """
        remaining = call.remaining(self._host.clock.monotonic())
        if remaining is None:
            return self._config.verify_timeout
        return min(self._config.verify_timeout, max(remaining, self._config.settle_time))

    def _least_settle_time(self, rule: str) -> float:
        config = self._config
        return config.settle_time if rule == "forever" else max(config.settle_time, config.unprotected_settle_time)

    def _settle_time(self, context: ErrorContext, call: Call, rule: str, window: float) -> float:
        config = self._config
        if _is(context, FailureReason.DUPLICATE_ORDER):
            return config.duplicate_settle_time
        settle_time = config.settle_time * 2.0 ** min(call.answers[NAME], _MAX_DOUBLINGS)
        settle_time = max(settle_time, self._least_settle_time(rule))
        asked = context.classification.retry_after if context.classification is not None else None
        # To look on is the best use of a wait that the venue asks for; a whole window of it would leave no room to act.
        return max(settle_time, min(asked or 0.0, window / 2))

    def _decide_before(self, call: Call, verdict: Verdict) -> Recovery | None:
        """Decide whether a call may send an intent that an earlier one has sent."""
        detail = _describe(verdict)
        if verdict.finding is Finding.FOUND:
            return Recovery.recovered(verdict.order, verified=True, detail=f"sent by an earlier call; {detail}")
        if verdict.finding is Finding.UNRESOLVED:
            return Recovery.unknown(f"sent by an earlier call; {detail}")
        if self._is_too_late(call):
            return Recovery.unknown(f"{detail}; the deadline has passed, so it is not sent again")
        return None

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
        if self._is_too_late(call):
            return "the deadline has passed, so it is not sent again"
        if call.answers[NAME] >= self._config.max_resends:
            return f"it was sent again {self._config.max_resends} times already"
        return None if call.may_repeat else "the guard does not repeat calls"

    def _is_too_late(self, call: Call) -> bool:
        remaining = call.remaining(self._host.clock.monotonic())
        return remaining is not None and remaining <= 0

    def _publish(self, key: IntentKey, old: IntentState, new: IntentState, detail: str) -> None:
        self._host.publish(StateEvent(subject=f"order:{key[1]}", old=old.value, new=new.value, detail=detail))


def _is(context: ErrorContext, reason: FailureReason) -> bool:
    return context.classification is not None and context.classification.reason is reason


def _intent_key(operation: Operation, component: str) -> IntentKey | None:
    """Return what a submission is told apart by, or None for an operation that can't be looked up."""
    if operation.kind is not OperationKind.SUBMIT or operation.client_order_id is None or operation.orders is None:
        return None
    return operation.key or component, operation.client_order_id


def _rule(operation: Operation) -> str:
    rule: str = getattr(operation.orders, "client_id_rule", "open_only")
    return rule


def _adopt_only(verdict: Verdict) -> Recovery:
    """Answer for a call that must not send, since another one with the same id may."""
    if verdict.finding is Finding.FOUND:
        return Recovery.recovered(verdict.order, verified=True, detail=_describe(verdict))
    return Recovery.unknown(f"{_describe(verdict)}; another call may be sending an order under the same id")


def _state_after(recovery: Recovery | None, unresolved: IntentState) -> IntentState:
    if recovery is None or recovery.decision is Decision.RETRY:
        return IntentState.NOT_FOUND
    return IntentState.ACCEPTED if recovery.decision is Decision.RECOVERED else unresolved


def _describe(verdict: Verdict) -> str:
    lookups = f"{verdict.lookups} lookup{'s' if verdict.lookups != 1 else ''}"
    if verdict.finding is Finding.FOUND:
        return f"the venue has the order ({lookups})"
    if verdict.finding is Finding.ABSENT:
        return f"the venue knows no such order ({lookups})"
    return f"no conclusive answer in {lookups}" + (f", the last failure a {verdict.failure}" if verdict.failure else "")
