"""One guarded call: attempted, recovered by plugins, attempted again."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from attrs import evolve

from recoup.admission import Admission
from recoup.classification import UNCLASSIFIED
from recoup.deadline import deadline
from recoup.deferral import check_wanted, check_wanted_sync, has_waited
from recoup.errors import HandlerStateError, Refused, ServiceDegraded, UnreadableAnswer
from recoup.operation import OperationKind
from recoup.outcome import Decision, Outcome, attach_outcome
from recoup.pipeline.wrapping import Begun
from recoup.policies import FallbackConfig, FallbackStrategy, RetryConfig
from recoup.stand_in import note_stand_in

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from recoup.binding import Binding
    from recoup.classification import ErrorCategory
    from recoup.context import ErrorContext
    from recoup.error_handler import ErrorHandler
    from recoup.operation import Call
    from recoup.policies import PolicyConfig

    Routes = Mapping[ErrorCategory, tuple[PolicyConfig, ...]]


class GuardedCall:
    """Makes one call until it succeeds, is recovered or is given up. Belongs to one task or thread, and runs once.

    Args:
        binding: the handler and what its plugins do.
        call: the call.
        attempt: the policies around one attempt; takes the function to call first.
        routes: policies in place of the call's own, by the category of the error.
    """

    __slots__ = ("_attempt", "_binding", "_call", "_policies", "_routes")

    def __init__(self, binding: Binding, call: Call, attempt: Callable[..., Any], routes: Routes) -> None:
        self._binding = binding
        self._call = call
        self._attempt = attempt
        self._policies = call.policies
        self._routes = routes

    @property
    def __recoup_function__(self) -> Callable[..., Any] | None:
        """What is called in the end, for policies around the guard's recovery."""
        return self._call.function

    async def run(self, *_: Any, **__: Any) -> Any:
        """Make the call from the beginning; see :meth:`recoup.Guard.call`. Takes and ignores the call's arguments."""
        with self._deadline():
            admission = self._admission()
            if admission is None:
                return await self._attempts()
            if (found := await admission.ask()) is not None:
                return found.value
            try:
                result = await self._attempts()
            except BaseException as error:
                admission.end(error)
                raise
            admission.end(None)
            return result

    def run_sync(self, *_: Any, **__: Any) -> Any:
        """As :meth:`run`, for a plain function from synchronous code."""
        with self._deadline():
            admission = self._admission()
            if admission is None:
                return self._attempts_sync()
            if (found := admission.ask_sync()) is not None:
                return found.value
            try:
                result = self._attempts_sync()
            except BaseException as error:
                admission.end(error)
                raise
            admission.end(None)
            return result

    async def go_on(self, error: Exception) -> Any:
        """Recover the call, whose first attempt has been made and has failed.

        Raises:
            Exception: the error, where nothing helps.
        """
        outcome = await self._process(error)
        if outcome.decision is Decision.RECOVERED:
            return _recovered(outcome)
        if not self._repeats(outcome):
            self._give_up(error, outcome)
            try:
                raise error
            finally:
                del error  # its traceback holds this frame
        await self._wait(outcome)
        return await self._attempts()

    def go_on_sync(self, error: Exception) -> Any:
        """As :meth:`go_on`, for synchronous code."""
        outcome = self._process_sync(error)
        if outcome.decision is Decision.RECOVERED:
            return _recovered(outcome)
        if not self._repeats(outcome):
            self._give_up(error, outcome)
            try:
                raise error
            finally:
                del error  # its traceback holds this frame
        self._binding.handler.clock.sleep_sync(outcome.delay)
        return self._attempts_sync()

    async def _attempts(self) -> Any:
        call, binding = self._call, self._binding
        clock = binding.handler.clock
        while True:
            try:
                while delay := binding.held_back(call):
                    await clock.sleep(delay)
                if has_waited(call, clock.monotonic()):
                    await check_wanted(binding.handler, call)
                binding.handler.halts.check(call.operation, call.component)  # one may have been put on meanwhile
                result = await self._attempt(self._invoke)
                self._check_answer(result)
            except Exception as error:
                if self._passes(error):
                    raise
                outcome = await self._process(error)
                if outcome.decision is Decision.RECOVERED:
                    return _recovered(outcome)
                if not self._repeats(outcome):
                    self._give_up(error, outcome)
                    raise
            else:
                return self._ended_well(result)
            await self._wait(outcome)

    def _attempts_sync(self) -> Any:
        call, binding = self._call, self._binding
        clock = binding.handler.clock
        while True:
            try:
                while delay := binding.held_back(call):
                    clock.sleep_sync(delay)
                if has_waited(call, clock.monotonic()):
                    check_wanted_sync(binding.handler, call)
                binding.handler.halts.check(call.operation, call.component)  # one may have been put on meanwhile
                result = self._attempt(self._invoke)
                self._check_answer(result)
            except Exception as error:
                if self._passes(error):
                    raise
                outcome = self._process_sync(error)
                if outcome.decision is Decision.RECOVERED:
                    return _recovered(outcome)
                if not self._repeats(outcome):
                    self._give_up(error, outcome)
                    raise
            else:
                return self._ended_well(result)
            clock.sleep_sync(outcome.delay)

    def _deadline(self) -> AbstractContextManager[None]:
        """Have the operation's deadline seen by every policy within."""
        seconds = self._call.operation.deadline
        return nullcontext() if seconds is None else deadline(seconds, clock=self._binding.handler.clock)

    def _admission(self) -> Admission | None:
        if not self._call.operation.kind.is_side_effect:
            return None
        return Admission(self._binding.handler, self._binding.admitters, self._call)

    def _passes(self, error: Exception) -> bool:
        """As :func:`passes`; not for a refusal from within a side effect, of which nobody knows what it had done."""
        call = self._call
        in_doubt = call.operation.kind.is_side_effect and isinstance(error, Refused) and error.from_within
        return not in_doubt and passes(call.policies, error)

    def _invoke(self) -> Any:
        call = self._call
        call.attempts += 1
        call.unresolved = True
        assert call.function is not None
        return call.function(*call.args, **call.kwargs)

    def _check_answer(self, result: Any) -> None:
        """Take no order without an id for one: it is what clients make of an answer that they can't read.

        Raises:
            UnreadableAnswer: the order may have been accepted, or may rest still, and is to be looked up.
        """
        operation = self._call.operation
        if operation.kind not in _ANSWERED_BY_ORDER or operation.orders is None or not isinstance(result, Mapping):
            return
        if result.get("id", _NO_ID) in (None, ""):
            raise UnreadableAnswer(
                f"{self._call.name} was answered without an order id; nobody knows what became of it",
                client_order_id=operation.client_order_id,
            )

    def _ended_well(self, result: Any) -> Any:
        self._call.unresolved = False
        if not isinstance(result, Begun):  # it can be consumed only once
            self._binding.remember(self._call, result)
        return result

    async def _wait(self, outcome: Outcome) -> None:
        if outcome.delay > 0:
            await self._binding.handler.clock.sleep(outcome.delay)

    # The context holds the error, so the frames that the error passed must not hold the context: a cycle would keep
    # the call's arguments in memory until the garbage collector runs.

    async def _process(self, error: Exception) -> Outcome:
        outcome = await self._binding.handler.process(error, self._context(error))
        self._take_note(outcome)
        return outcome

    def _process_sync(self, error: Exception) -> Outcome:
        handler, context = self._binding.handler, self._context(error)
        try:
            outcome = handler.process_sync(error, context)
        except HandlerStateError as failure:
            handler.plugins.report("handler", "process_sync", failure)
            outcome = _given_up(handler, context, str(failure))
        self._take_note(outcome)
        return outcome

    def _take_note(self, outcome: Outcome) -> None:
        self._call.unresolved = _is_unresolved(outcome)
        self._call.stood_in = outcome.decision is Decision.RECOVERED and not outcome.verified

    def _context(self, error: Exception) -> ErrorContext:
        call, operation = self._call, self._call.operation
        context = self._binding.handler.create_error_context(
            error,
            call.component,
            call.name,
            call=call,
            symbol=operation.symbol,
            order_id=operation.client_order_id,
        )
        context.recovery_attempts = call.answers.total()
        if self._routes:
            category = (context.classification or UNCLASSIFIED).category
            call.policies = self._routes.get(category, self._policies)
        return context

    def _repeats(self, outcome: Outcome) -> bool:
        call, handler = self._call, self._binding.handler
        if outcome.decision is not Decision.RETRY or not call.may_repeat:
            return False
        now, limits = handler.clock.monotonic(), handler.config.error_handling
        left = call.remaining(now)
        if (left is not None and outcome.delay > left) or now + outcome.delay - call.started > limits.max_call_seconds:
            return False
        # Answers, not attempts: a call that a gate refuses again and again is never made.
        return call.answers.total() < limits.max_call_attempts

    def _give_up(self, error: Exception, outcome: Outcome) -> None:
        """Attach the outcome to the error, which is raised now.

        Raises:
            ServiceDegraded: the fallback says so.
        """
        if outcome.decision is Decision.RETRY:  # it might be, but its deadline or a bound keeps it from being repeated
            outcome = evolve(outcome, decision=Decision.RAISE)
        attach_outcome(error, outcome)
        call = self._call
        known = outcome.classification.outcome_known or call.operation.kind.repeatable
        if outcome.decision is Decision.UNKNOWN or not known:
            return
        for policy in call.policies:
            if _degrades(policy, error):
                raise ServiceDegraded(
                    f"{call.name} failed ({type(error).__name__}); run degraded",
                    key=call.name,
                    retry_after=outcome.classification.retry_after,
                ) from error


_ANSWERED_BY_ORDER = frozenset({OperationKind.SUBMIT, OperationKind.CANCEL})
_NO_ID = object()
"""Stands for an answer that has no such field: an application may answer as it likes."""


def _recovered(outcome: Outcome) -> Any:
    if not outcome.verified:
        note_stand_in()
    return outcome.value


def passes(policies: Sequence[PolicyConfig], error: Exception) -> bool:
    """Say whether an error is a refusal that no plugin need be asked about: none but a stand-in would help."""
    return isinstance(error, Refused) and not any(_minds(policy, error) for policy in policies)


def _minds(policy: PolicyConfig, refusal: Refused) -> bool:
    if isinstance(policy, RetryConfig):
        return policy.names_exceptions and isinstance(refusal, policy.exceptions)
    return isinstance(policy, FallbackConfig) and isinstance(refusal, policy.exceptions)


def _degrades(policy: PolicyConfig, error: Exception) -> bool:
    if not isinstance(policy, FallbackConfig) or policy.strategy is not FallbackStrategy.RAISE_DEGRADED:
        return False
    return isinstance(error, policy.exceptions)


def _given_up(handler: ErrorHandler, context: ErrorContext, reason: str) -> Outcome:
    """Return the outcome where a plugin would have to wait for the very loop that this call occupies."""
    in_doubt = context.in_doubt
    if in_doubt:
        matter = context.order_id or context.error_id
        handler.escalate(context.component, context.operation, reason, matter=matter)
    return Outcome(
        error_id=context.error_id,
        decision=Decision.UNKNOWN if in_doubt else Decision.RAISE,
        classification=context.classification or UNCLASSIFIED,
        escalated=in_doubt,
        detail=reason,
    )


def _is_unresolved(outcome: Outcome) -> bool:
    """Say whether nobody knows what became of the attempt: not after a verification, nor after a known failure."""
    if outcome.decision is Decision.RAISE:
        return not outcome.classification.outcome_known
    return outcome.decision is Decision.UNKNOWN
