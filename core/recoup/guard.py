"""One call, guarded: admitted by gates, held back by pacers, recovered by plugins."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import evolve

from recoup._current import resolve_handler
from recoup.admission import Admission
from recoup.binding import NAMES_KEPT, Binding
from recoup.classification import UNCLASSIFIED
from recoup.errors import HandlerStateError, Refused, ServiceDegraded
from recoup.operation import Call, Operation, OperationKind
from recoup.outcome import Decision, Outcome, attach_outcome
from recoup.policies import (
    FallbackConfig,
    FallbackStrategy,
    Gate,
    RetryConfig,
)
from recoup.subject import Subject
from recoup.wrapping import Begun, wrap

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from recoup.context import ErrorContext
    from recoup.error_handler import ErrorHandler
    from recoup.policies import PolicyConfig

    _Gates = Sequence[tuple[str, Gate]]
    """Each with the name of its plugin, in the order in which they are passed."""

F = TypeVar("F", bound="Callable[..., Any]")


class Guard:
    """Wraps calls so that their failures are recovered. A decorator, and usable inline. Thread-safe and task-safe.

    Args:
        *policies: policy configurations, such as :class:`RetryConfig`; a plugin serves each by its type.
        operation: what the call does, or a function that says so from the call's arguments. Where it leaves the kind
            unspecified, that is inferred from the function's name. With a :class:`RetryConfig` among the policies, a
            function whose name tells nothing of orders counts as repeatable; a lambda has no name and does not.
        component: where in the application; by default the function's module.
        name: what is called; by default the function's name, behind its class's.
        handler: the handler; by default the current one, or the factory's, when the call is made.
        may_repeat: False keeps plugins from having the call repeated.
        quiet: True keeps its errors from ``monitor`` and ``analyze``.
        escalates: False where its errors are nothing for a human.

    Raises:
        TypeError: a policy is a function or class, as where the parentheses were left out.
    """

    def __init__(
        self,
        *policies: PolicyConfig,
        operation: Operation | Callable[..., Operation] | None = None,
        component: str | None = None,
        name: str | None = None,
        handler: ErrorHandler | None = None,
        may_repeat: bool = True,
        quiet: bool = False,
        escalates: bool = True,
    ) -> None:
        for policy in policies:
            if inspect.isroutine(policy) or inspect.isclass(policy):
                raise TypeError(
                    f"a policy is a configuration such as RetryConfig(), got {policy!r}; a decorator without arguments "
                    "needs its parentheses all the same: @guard()"
                )
        self.policies = policies
        self._operation = operation
        self._component = component
        self._name = name
        self._handler = handler
        self._may_repeat = may_repeat
        self._quiet = quiet
        self._escalates = escalates
        self._is_retried = any(isinstance(policy, RetryConfig) for policy in policies)
        self._subjects: dict[tuple[Any, Any], Subject] = {}
        self._binding: Binding | None = None

    def __call__(self, function: F) -> F:
        """Decorate a function, method, coroutine function or asynchronous generator function.

        Of a generator, what comes before its first item is guarded; from then on it is passed through. What a
        recovery puts in its place gives its items where it is a list, a tuple or an asynchronous iterable, no item
        where it is None, and is the only item otherwise.

        Raises:
            TypeError: it is none of these.
        """
        return wrap(self, function)

    async def call(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        """Make the call; a plain function is called in this task, and what it returns is awaited if it can be.

        Returns:
            The result, or what a recovery gave in its place.

        Raises:
            Exception: what the function raised, unchanged, when it was not recovered; :func:`recoup.outcome_of` tells
                what was decided.
            Refused: the call was not made; :class:`OutcomeUnknown` where the same order was sent before and may exist.
            PolicyUnavailable: no enabled plugin serves one of the policies.
        """
        binding, call = self._begin(function, args, kwargs)
        admission = self._admission(binding, call)
        if admission is None:
            return await self._run(binding, call)
        if (found := await admission.ask()) is not None:
            return found.value
        try:
            result = await self._run(binding, call)
        except BaseException as error:
            admission.end(error)
            raise
        admission.end(None)
        return result

    def call_sync(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        """As :meth:`call`, for a plain function from synchronous code; waits by blocking the calling thread."""
        binding, call = self._begin(function, args, kwargs)
        admission = self._admission(binding, call)
        if admission is None:
            return self._run_sync(binding, call)
        if (found := admission.ask_sync()) is not None:
            return found.value
        try:
            result = self._run_sync(binding, call)
        except BaseException as error:
            admission.end(error)
            raise
        admission.end(None)
        return result

    async def _run(self, binding: Binding, call: Call) -> Any:
        clock = binding.handler.clock
        while True:
            try:
                while delay := binding.held_back(call):
                    await clock.sleep(delay)
                result = await self._attempt(binding, call)
            except Exception as error:
                if self._passes(error):
                    raise
                outcome = await self._process(binding, call, error)
                if outcome.decision is Decision.RECOVERED:
                    return outcome.value
                if not self._repeats(binding, call, outcome):
                    attach_outcome(error, outcome)
                    self._degrade(call, error, outcome)
                    raise
            else:
                self._keep(binding, call, result)
                return result
            if outcome.delay > 0:
                await clock.sleep(outcome.delay)

    def _run_sync(self, binding: Binding, call: Call) -> Any:
        clock = binding.handler.clock
        while True:
            try:
                while delay := binding.held_back(call):
                    clock.sleep_sync(delay)
                result = self._attempt_sync(binding, call)
            except Exception as error:
                if self._passes(error):
                    raise
                outcome = self._process_sync(binding, call, error)
                if outcome.decision is Decision.RECOVERED:
                    return outcome.value
                if not self._repeats(binding, call, outcome):
                    attach_outcome(error, outcome)
                    self._degrade(call, error, outcome)
                    raise
            else:
                self._keep(binding, call, result)
                return result
            clock.sleep_sync(outcome.delay)

    def _admission(self, binding: Binding, call: Call) -> Admission | None:
        if not (binding.admitters and call.operation.kind.is_side_effect):
            return None
        return Admission(binding.handler, binding.admitters, call)

    async def _attempt(self, binding: Binding, call: Call) -> Any:
        gates = binding.pass_gates(call)
        try:
            result = _invoke(call)
            if hasattr(result, "__await__"):
                result = await result
        except BaseException as error:
            binding.release(gates, error)
            raise
        call.unresolved = False
        binding.release(gates, None)
        return result

    def _attempt_sync(self, binding: Binding, call: Call) -> Any:
        gates = binding.pass_gates(call)
        try:
            result = _invoke(call)
        except BaseException as error:
            binding.release(gates, error)
            raise
        call.unresolved = False
        binding.release(gates, None)
        return result

    def _begin(
        self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[Binding, Call]:
        handler = resolve_handler(self._handler)
        binding = self._binding
        if binding is None or not binding.is_current(handler):
            binding = self._binding = Binding(handler, self.policies)
        subject = self._subject_of(function)
        call = Call(
            operation=self._operation_of(subject, args, kwargs),
            component=subject.component,
            name=subject.name,
            key=subject.key,
            function=function,
            args=args,
            kwargs=kwargs,
            policies=self.policies,
            started=handler.clock.monotonic(),
            may_repeat=self._may_repeat,
            quiet=self._quiet,
            escalates=self._escalates,
        )
        return binding, call

    def _subject_of(self, function: Callable[..., Any]) -> Subject:
        names = getattr(function, "__module__", None), getattr(function, "__qualname__", None)
        subject = self._subjects.get(names)
        if subject is None:
            subject = Subject.of(function, self._component, self._name)
            if len(self._subjects) >= NAMES_KEPT:
                self._subjects.clear()
            if names[1] is not None:
                self._subjects[names] = subject
        return subject

    def _operation_of(self, subject: Subject, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Operation:
        operation = self._operation or _NOTHING_SAID
        if not isinstance(operation, Operation):
            operation = operation(*args, **kwargs)
        if operation.kind is not OperationKind.UNSPECIFIED:
            return operation
        kind = subject.kind
        if kind is OperationKind.UNSPECIFIED and self._is_retried and not subject.may_be_order:
            kind = OperationKind.IDEMPOTENT_WRITE
        return _OF_KIND[kind] if operation is _NOTHING_SAID else evolve(operation, kind=kind)

    def _keep(self, binding: Binding, call: Call, result: Any) -> None:
        if not isinstance(result, Begun):  # it can be consumed only once
            binding.remember(call, result)

    def _passes(self, error: Exception) -> bool:
        """Say whether an error is a refusal that no plugin need be asked about: none but a stand-in would help."""
        return isinstance(error, Refused) and not any(_minds(policy, error) for policy in self.policies)

    # The context holds the error, so the frames that the error passed must not hold the context: a cycle would keep
    # the call's arguments in memory until the garbage collector runs.

    async def _process(self, binding: Binding, call: Call, error: Exception) -> Outcome:
        outcome = await binding.handler.process(error, self._context(binding, call, error))
        call.unresolved = _is_unresolved(outcome)
        return outcome

    def _process_sync(self, binding: Binding, call: Call, error: Exception) -> Outcome:
        handler, context = binding.handler, self._context(binding, call, error)
        try:
            outcome = handler.process_sync(error, context)
        except HandlerStateError as failure:
            handler.plugins.report("handler", "process_sync", failure)
            outcome = self._given_up(handler, context, str(failure))
        call.unresolved = _is_unresolved(outcome)
        return outcome

    def _given_up(self, handler: ErrorHandler, context: ErrorContext, reason: str) -> Outcome:
        """Return the outcome where a plugin would have to wait for the very loop that this call occupies."""
        in_doubt = context.in_doubt
        if in_doubt:
            handler.escalate(context.component, context.operation, reason)
        return Outcome(
            error_id=context.error_id,
            decision=Decision.UNKNOWN if in_doubt else Decision.RAISE,
            classification=context.classification or UNCLASSIFIED,
            escalated=in_doubt,
            detail=reason,
        )

    def _context(self, binding: Binding, call: Call, error: Exception) -> ErrorContext:
        operation = call.operation
        context = binding.handler.create_error_context(
            error,
            call.component,
            call.name,
            call=call,
            symbol=operation.symbol,
            order_id=operation.client_order_id,
        )
        context.recovery_attempts = call.answers.total()
        return context

    def _repeats(self, binding: Binding, call: Call, outcome: Outcome) -> bool:
        if outcome.decision is not Decision.RETRY or not call.may_repeat:
            return False
        handler = binding.handler
        left = call.remaining(handler.clock.monotonic())
        if left is not None and outcome.delay > left:
            return False
        # Answers, not attempts: a call that a gate refuses again and again is never made.
        return call.answers.total() < handler.config.error_handling.max_call_attempts

    def _degrade(self, call: Call, error: Exception, outcome: Outcome) -> None:
        known = outcome.classification.outcome_known or call.operation.kind.repeatable
        if outcome.decision is Decision.UNKNOWN or not known:
            return
        for policy in self.policies:
            if isinstance(policy, FallbackConfig) and policy.strategy is FallbackStrategy.RAISE_DEGRADED:
                name = call.name
                raise ServiceDegraded(
                    f"{name} failed ({type(error).__name__}); run degraded",
                    key=name,
                    retry_after=outcome.classification.retry_after,
                ) from error


_NOTHING_SAID = Operation()
_OF_KIND = {kind: Operation(kind=kind) for kind in OperationKind}


def guard(
    *policies: PolicyConfig,
    operation: Operation | Callable[..., Operation] | None = None,
    component: str | None = None,
    name: str | None = None,
    handler: ErrorHandler | None = None,
) -> Guard:
    """Return a guard; see :class:`Guard`."""
    return Guard(*policies, operation=operation, component=component, name=name, handler=handler)


def _invoke(call: Call) -> Any:
    call.attempts += 1
    call.unresolved = True
    assert call.function is not None
    return call.function(*call.args, **call.kwargs)


def _is_unresolved(outcome: Outcome) -> bool:
    """Say whether nobody knows what became of the attempt: not after a verification, nor after a known failure."""
    if outcome.decision is Decision.RAISE:
        return not outcome.classification.outcome_known
    return outcome.decision is Decision.UNKNOWN


def _minds(policy: PolicyConfig, refusal: Refused) -> bool:
    if isinstance(policy, RetryConfig):
        return policy.exceptions != (Exception,) and isinstance(refusal, policy.exceptions)
    return isinstance(policy, FallbackConfig)
