"""Policies around calls, without the handler's recovery: the resilience library within recoup."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, TypeVar

import attrs
from attrs import evolve, frozen

from recoup._current import resolve_handler
from recoup.errors import PolicyMisuse
from recoup.operation import Operation, OperationKind, Priority, may_be_order
from recoup.pipeline.compiler import Plan, compile_plan
from recoup.pipeline.contexts import Attempts, PolicyContext
from recoup.pipeline.decorated import HANDLERS_KEPT
from recoup.pipeline.fitting import fit
from recoup.pipeline.order import check_order
from recoup.pipeline.signature import GENERIC
from recoup.pipeline.wrapping import wrap
from recoup.policies import RetryConfig
from recoup.roles import Scope
from recoup.subject import Subject

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from recoup.dispatch.generation import Generation
    from recoup.error_handler import ErrorHandler
    from recoup.pipeline.fitting import Fitted
    from recoup.pipeline.signature import Signature
    from recoup.policies import PolicyConfig

F = TypeVar("F", bound="Callable[..., Any]")

SCOPES_KEPT = 4096
"""Functions and scopes that one pipeline remembers; past that it begins anew."""


@frozen(eq=False)
class Programs:
    """What a pipeline has compiled for one handler's current plugins. Filled as it is used; thread-safe and task-safe.

    Attributes:
        handler: the handler.
        generation: its plugins at that time.
        by_scope: functions that take the function to call first, by scope and whether they are asynchronous.
    """

    handler: ErrorHandler
    generation: Generation
    by_scope: dict[tuple[Scope, bool], Callable[..., Any]]


class Pipeline:
    """Policies around a call, in the order given, the outermost first. A decorator, and usable inline.

    It is compiled into one function when it is first used with a handler, and again when plugins change. Errors that
    leave it are not reported, nor handled by recovery plugins: :class:`Guard` does that around the same policies.

    Thread-safe and task-safe.

    Args:
        *policies: policy configurations, such as :class:`RetryConfig`; a plugin serves each by its type.
        name: what its circuits and limits are kept for; by default, each function has its own.
        operation: what the call does, or a function that says so from the call's arguments. Where it leaves the kind
            unspecified, that is inferred from the function's name. With a :class:`RetryConfig` among the policies, a
            function whose name tells nothing of orders counts as repeatable; a lambda has no name and does not.
        component: where in the application; by default the function's module.
        handler: whose plugins serve the policies; by default the current handler, or the factory's, at the call.

    Raises:
        TypeError: a policy is a function or class, as where the parentheses were left out.
    """

    def __init__(
        self,
        *policies: PolicyConfig,
        name: str | None = None,
        operation: Operation | Callable[..., Operation] | None = None,
        component: str | None = None,
        handler: ErrorHandler | None = None,
    ) -> None:
        refuse_functions(policies)
        self.policies = policies
        self.name = name
        self.handler = handler
        self.operation = operation
        self.component = component
        self._shared_key = name
        self._is_retried = any(isinstance(policy, RetryConfig) for policy in policies)
        self._subjects: dict[tuple[Any, Any], Subject] = {}
        self._programs: tuple[Programs, ...] = ()

    def __call__(self, function: F) -> F:
        """Decorate a function, method, coroutine function or asynchronous generator function.

        Of a generator, what comes before its first item is guarded; from then on it is passed through.

        Raises:
            TypeError: it is none of these.
        """
        return wrap(self, function)

    async def call(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        """Make the call; a plain function is called in this task, and what it returns is awaited if it can be.

        Raises:
            Exception: what the function raised, unchanged, unless a policy's contract is another error.
            Refused: the call was not made.
            PolicyUnavailable: no enabled plugin serves one of the policies.
            PolicyMisuse: the policies make no sense in their order, or for this call.
        """
        return await self._program(function, args, kwargs, is_async=True)(function, *args, **kwargs)

    def call_sync(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        """As :meth:`call`, for a plain function from synchronous code; waits by blocking the calling thread."""
        return self._program(function, args, kwargs, is_async=False)(function, *args, **kwargs)

    def context(self, name: str | None = None) -> PolicyContext:
        """Return a block under the policies, to be entered once with ``with`` or ``async with``.

        Args:
            name: what its circuits and limits are kept for; by default the pipeline's name.

        Raises:
            PolicyMisuse: a policy would have to call the block, such as a retry or a hedge; or there is no name.
        """
        handler, scope, fitted = self._fitted_for_block(name)
        return PolicyContext(fitted, handler.plugins.report, is_repeatable=scope.kind.repeatable)

    def attempts(self, name: str | None = None) -> Attempts:
        """Return the attempts of a block: ``async for attempt in ...: async with attempt: ...``, or without ``async``.

        The outermost policy is what repeats the block, and has its own count of attempts, from the first on.

        Args:
            name: as in :meth:`context`.

        Raises:
            PolicyMisuse: the outermost policy repeats nothing, another one would have to, or there is no name.
        """
        handler, scope, fitted = self._fitted_for_block(name)
        outermost: Any = fitted[0].policy if fitted else None
        if not hasattr(outermost, "series"):
            raise PolicyMisuse("attempts() needs a policy that repeats, such as RetryConfig, as the outermost one")
        report, is_repeatable = handler.plugins.report, scope.kind.repeatable
        return Attempts(outermost.series(), fitted[1:], report, is_repeatable=is_repeatable)

    def _fitted_for_block(self, name: str | None) -> tuple[ErrorHandler, Scope, Sequence[Fitted]]:
        operation = self.operation or _NOTHING_SAID
        if not isinstance(operation, Operation):
            raise PolicyMisuse("the operation is told by a call's arguments, and a block has none: use call()")
        name = name or self.name
        key = operation.key or name
        if key is None:
            raise PolicyMisuse("a block has no name of its own: name the pipeline, or give context() a name")
        label = name or key
        component = self.component or "application"
        subject = Subject(component, label, key, OperationKind.from_name(label), may_be_order(label))
        handler = resolve_handler(self.handler)
        check_order(handler.plugins, self.policies)
        scope = evolve(self.scope_of(subject, self.operation_of(subject, (), {})), key=key)
        return handler, scope, fit(handler.plugins, self.policies, scope)

    def reconfigure(
        self, *policies: PolicyConfig, operation: Operation | Callable[..., Operation] | None = None
    ) -> None:
        """Replace the policies, and the operation where one is given, from the next call on.

        Calls under way end with the policies that they began with.

        Raises:
            TypeError: a policy is a function or class.
        """
        refuse_functions(policies)
        self.policies = policies
        self._is_retried = any(isinstance(policy, RetryConfig) for policy in policies)
        if operation is not None:
            self.operation = operation
        former, self._programs = self._programs, ()
        for programs in former:
            programs.handler.plugins.renew()  # decorated functions look again what they were compiled from

    def plan(
        self, programs: Programs, function: Callable[..., Any], signature: Signature, *, is_async: bool
    ) -> Plan | None:
        """Return what is compiled for one decorated function, or None where each call may be of another scope."""
        if self.operation is not None and not isinstance(self.operation, Operation):
            return None
        subject = self.subject_of(function)
        scope = self.scope_of(subject, self.operation_of(subject, (), {}))
        fitted = fit(programs.handler.plugins, self.policies, scope)
        plan = self._plan(programs.handler, fitted, is_async=is_async, function=function, signature=signature)
        return evolve(plan, is_repeatable=scope.kind.repeatable)

    def programs(self) -> Programs:
        """Return what is compiled for the handler that serves this call, as it is now."""
        handler = resolve_handler(self.handler)
        known = self._programs
        for programs in known:
            if programs.handler is handler:
                if programs.generation is handler.plugins.generation:
                    return programs
                known = tuple(item for item in known if item is not programs)
        programs = self._new_programs(handler)
        self._programs = (programs, *known[: HANDLERS_KEPT - 1])
        return programs

    def subject_of(self, function: Callable[..., Any]) -> Subject:
        """Return what the function's name tells, from memory where it was asked before."""
        names = getattr(function, "__module__", None), getattr(function, "__qualname__", None)
        subject = self._subjects.get(names)
        if subject is None:
            subject = Subject.of(function, self.component, self.name)
            if len(self._subjects) >= SCOPES_KEPT:
                self._subjects.clear()
            if names[1] is not None:
                self._subjects[names] = subject
        return subject

    def operation_of(self, subject: Subject, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Operation:
        """Return what this call does, with its kind inferred where the application leaves it open."""
        operation = self.operation or _NOTHING_SAID
        if not isinstance(operation, Operation):
            operation = operation(*args, **kwargs)
        if operation.kind is not OperationKind.UNSPECIFIED:
            return operation
        kind = subject.kind
        if kind is OperationKind.UNSPECIFIED and self._is_retried and not subject.may_be_order:
            return _ASSUMED if operation is _NOTHING_SAID else _assumed(operation)
        return _OF_KIND[kind] if operation is _NOTHING_SAID else evolve(operation, kind=kind)

    def scope_of(self, subject: Subject, operation: Operation) -> Scope:
        """Return what the policies of a call are made for."""
        return Scope(
            key=operation.key or self._shared_key or subject.key,
            component=subject.component,
            name=subject.name,
            kind=operation.kind,
            is_assumed=isinstance(operation, _Assumed),
            priority=Priority.CRITICAL if operation.reduces_risk else operation.urgency,
            weight=operation.weight,
        )

    def _new_programs(self, handler: ErrorHandler) -> Programs:
        check_order(handler.plugins, self.policies)
        return Programs(handler, handler.plugins.generation, {})

    def _program(
        self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], *, is_async: bool
    ) -> Callable[..., Any]:
        programs = self.programs()
        subject = self.subject_of(function)
        scope = self.scope_of(subject, self.operation_of(subject, args, kwargs))
        program = programs.by_scope.get((scope, is_async))
        if program is None:
            if len(programs.by_scope) >= SCOPES_KEPT:
                programs.by_scope.clear()
            fitted = fit(programs.handler.plugins, self.policies, scope)
            plan = self._plan(programs.handler, fitted, is_async=is_async)
            program = compile_plan(evolve(plan, is_repeatable=scope.kind.repeatable))
            programs.by_scope[scope, is_async] = program
        return program

    @staticmethod
    def _plan(
        handler: ErrorHandler,
        fitted: Sequence[Fitted],
        *,
        is_async: bool,
        function: Callable[..., Any] | None = None,
        signature: Signature = GENERIC,
    ) -> Plan:
        def report(index: int, method: str, failure: Exception) -> None:
            handler.plugins.report(fitted[index].plugin, method, failure)

        policies = [item.policy for item in fitted]
        return Plan(policies, is_async, report, function, signature)


def refuse_functions(policies: Sequence[PolicyConfig]) -> None:
    """Refuse what can be no policy configuration.

    Raises:
        TypeError: one is a function or class.
    """
    for policy in policies:
        if inspect.isroutine(policy) or inspect.isclass(policy):
            raise TypeError(
                f"a policy is a configuration such as RetryConfig(), got {policy!r}; a decorator without arguments "
                "needs its parentheses all the same: @guard()"
            )


@frozen(kw_only=True)
class _Assumed(Operation):
    """An operation of which nobody said what repeating it could do; it is retried, so it is taken to be repeatable."""


def _assumed(operation: Operation) -> Operation:
    said = attrs.asdict(operation, recurse=False)
    return _Assumed(**said | {"kind": OperationKind.IDEMPOTENT_WRITE})


_NOTHING_SAID = Operation()
_ASSUMED = _assumed(_NOTHING_SAID)
_OF_KIND = {kind: Operation(kind=kind) for kind in OperationKind}
