"""Policies around a call, with the recovery of a handler's plugins at their heart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import evolve, frozen

from recoup.binding import Binding
from recoup.errors import Refused
from recoup.guarded_call import GuardedCall, passes
from recoup.operation import Call, Operation
from recoup.pipeline.compiler import Plan, compile_plan
from recoup.pipeline.fitting import Fitted, fit, placings
from recoup.pipeline.order import arranged, check_order
from recoup.pipeline.pipeline import SCOPES_KEPT, Pipeline, Programs
from recoup.policies import FallbackConfig, RetryConfig
from recoup.roles import Place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from recoup.classification import ErrorCategory
    from recoup.error_handler import ErrorHandler
    from recoup.pipeline.signature import Signature
    from recoup.policies import PolicyConfig
    from recoup.roles import Scope
    from recoup.subject import Subject

_PLACES = list(Place)
_RECOVERED_BY_HOOK = (RetryConfig, FallbackConfig)
"""What the ``recover`` hook gives effect to within a guard."""


class Guard(Pipeline):
    """Wraps calls so that their failures are recovered. A decorator, and usable inline. Thread-safe and task-safe.

    Its policies are put in the recommended order (see :class:`Place`); a :class:`Pipeline` among them stays in its own.
    Where a retry stands, or would, the handler's plugins recover failures: they classify, wait, look up, repeat, stand
    in and report. What stands before it sees the call as a whole, what stands behind it each attempt.

    Args:
        *policies: policy configurations, such as :class:`RetryConfig`; a plugin serves each by its type. Or one
            :class:`Pipeline`.
        operation: what the call does, or a function that says so from the call's arguments. Where it leaves the kind
            unspecified, that is inferred from the function's name. With a :class:`RetryConfig` among the policies, a
            function whose name tells nothing of orders counts as repeatable; a lambda has no name and does not.
        component: where in the application; by default the function's module.
        name: what is called; by default the function's name, behind its class's.
        handler: the handler; by default the current one, or the factory's, when the call is made.
        may_repeat: False keeps plugins from having the call repeated.
        quiet: True keeps its errors from ``monitor`` and ``analyze``.
        escalates: False where its errors are nothing for a human.
        routes: retries and fallbacks for errors of one category, in place of those among the policies.

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
        routes: Mapping[ErrorCategory, Sequence[RetryConfig | FallbackConfig]] | None = None,
    ) -> None:
        whole = policies[0] if len(policies) == 1 and isinstance(policies[0], Pipeline) else None
        if whole is None and any(isinstance(policy, Pipeline) for policy in policies):
            raise TypeError("a guard takes policies or one pipeline, not both: put the policies into the pipeline")
        super().__init__(
            *(whole.policies if whole else policies),
            name=name,
            operation=operation if operation is not None or whole is None else whole.operation,
            component=component or (whole.component if whole else None),
            handler=handler or (whole.handler if whole else None),
        )
        self._whole = whole
        self._shared_key = whole.name if whole else None
        self._may_repeat = may_repeat
        self._quiet = quiet
        self._escalates = escalates
        self._routes = {category: tuple(route) for category, route in (routes or {}).items()}
        self._is_retried = self._is_retried or any(
            isinstance(policy, RetryConfig) for route in self._routes.values() for policy in route
        )

    async def call(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        """Make the call; a plain function is called in this task, and what it returns is awaited if it can be.

        Returns:
            The result, or what a recovery gave in its place.

        Raises:
            Exception: what the function raised, unchanged, when it was not recovered; :func:`recoup.outcome_of` tells
                what was decided.
            Refused: the call was not made; :class:`OutcomeUnknown` where the same order was sent before and may exist.
            PolicyUnavailable: no enabled plugin serves one of the policies.
            PolicyMisuse: the policies make no sense together, or for this call.
        """
        guarded, around = self._guarded_call(function, args, kwargs, is_async=True)
        return await (guarded.run() if around is None else around(guarded.run, *args, **kwargs))

    def call_sync(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        """As :meth:`call`, for a plain function from synchronous code; waits by blocking the calling thread."""
        guarded, around = self._guarded_call(function, args, kwargs, is_async=False)
        return guarded.run_sync() if around is None else around(guarded.run_sync, *args, **kwargs)

    def plan(
        self, programs: Programs, function: Callable[..., Any], signature: Signature, *, is_async: bool
    ) -> Plan | None:
        """Return what is compiled for one decorated function, or None where a call needs more before it is made."""
        programs = _own(programs)
        binding = programs.binding
        if (self.operation is not None and not isinstance(self.operation, Operation)) or binding.keepers:
            return None
        subject = self.subject_of(function)
        operation = self.operation_of(subject, (), {})
        if operation.deadline is not None or self._is_timed(programs.handler) or operation.kind.is_side_effect:
            return None
        course = self._course(programs, self.scope_of(subject, operation), is_async=is_async)
        recovery = _Recovery(self, binding, course, function, subject, operation)
        fitted = [*course.outer, Fitted("handler", self, recovery), *course.inner]
        plan = self._plan(programs.handler, fitted, is_async=is_async, function=function, signature=signature)
        holds = {f"holds{i}": held for i, held in enumerate(binding.holds)}
        unless = [f"{{_}}{name}" for name in holds]
        return evolve(plan, is_repeatable=operation.kind.repeatable, unless=unless, names=holds)

    def make_call(
        self,
        binding: Binding,
        course: Course,
        function: Callable[..., Any],
        subject: Subject,
        operation: Operation,
        started: float,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> Call:
        """Return the record of a call that is about to be made, or has just been made once."""
        return Call(
            operation=binding.handler.venues.completed(operation, subject.component),
            component=subject.component,
            name=subject.name,
            key=self._shared_key or subject.key,
            function=function,
            args=args,
            kwargs=kwargs,
            policies=course.policies,
            started=started,
            gates=course.gates,
            may_repeat=self._may_repeat,
            quiet=self._quiet,
            escalates=self._escalates,
        )

    def _guarded_call(
        self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], *, is_async: bool
    ) -> tuple[GuardedCall, Callable[..., Any] | None]:
        programs = _own(self.programs())
        binding = programs.binding
        subject = self.subject_of(function)
        operation = self.operation_of(subject, args, kwargs)
        course = self._course(programs, self.scope_of(subject, operation), is_async=is_async)
        call = self.make_call(
            binding, course, function, subject, operation, programs.handler.clock.monotonic(), args, kwargs
        )
        return GuardedCall(binding, call, course.attempt, course.routes), course.around

    def _is_timed(self, handler: ErrorHandler) -> bool:
        """Say whether a retry counts from the first attempt, so that each call needs a record from its beginning."""
        routed = [policy for route in self._routes.values() for policy in route]
        configured = handler.config.error_handling.retry_policies.values()
        policies = (*self.policies, *routed, *configured)
        return any(isinstance(policy, RetryConfig) and policy.max_elapsed is not None for policy in policies)

    def _new_programs(self, handler: ErrorHandler) -> Programs:
        plugins = handler.plugins
        generation = plugins.generation  # before a look at the plugins, so that what is outdated is seen to be
        if self._whole is None:
            configs = arranged(plugins, self.policies)
        else:
            configs = self.policies
            check_order(plugins, configs)
        return GuardPrograms(
            handler,
            generation,
            {},
            binding=Binding(handler, self.policies),
            configs=configs,
            place=_place_of_recovery(configs, [placing.place for placing in placings(plugins, configs)]),
        )

    def _course(self, programs: GuardPrograms, scope: Scope, *, is_async: bool) -> Course:
        courses: dict[Any, Any] = programs.by_scope
        course: Course | None = courses.get((scope, is_async))
        if course is None:
            if len(courses) >= SCOPES_KEPT:
                courses.clear()
            course = courses[scope, is_async] = self._new_course(programs, scope, is_async=is_async)
        return course

    def _new_course(self, programs: GuardPrograms, scope: Scope, *, is_async: bool) -> Course:
        handler, configs, place = programs.handler, programs.configs, programs.place
        plugins = handler.plugins
        outer = fit(plugins, configs[:place], scope)
        inner = [left for item in fit(plugins, configs[place:], scope) for left in _left_in_guard(item)]
        policies = configs[place:]
        attempt = evolve(self._plan(handler, inner, is_async=is_async), is_repeatable=scope.kind.repeatable)
        if all(_is_recovered_by_hook(item) for item in outer):  # nothing stands between a fallback and the recovery
            outer, policies = [], configs
        return Course(
            policies=policies,
            routes={category: _routed(policies, route) for category, route in self._routes.items()},
            outer=outer,
            inner=inner,
            around=compile_plan(self._plan(handler, outer, is_async=is_async)) if outer else None,
            attempt=compile_plan(attempt),
            gates=_keys([*outer, *inner]),
        )


@frozen(eq=False)
class Course:
    """What stands around and within the recovery in one scope. Immutable.

    Attributes:
        policies: configurations that the recovery sees.
        routes: those that it sees in their place, by the category of the error.
        outer: policies around the call as a whole.
        inner: policies around each attempt.
        around: the outer ones compiled, or None where there are none.
        attempt: the inner ones compiled.
        gates: keys of all gates among them.
    """

    policies: tuple[PolicyConfig, ...]
    routes: Mapping[ErrorCategory, tuple[PolicyConfig, ...]]
    outer: Sequence[Fitted]
    inner: Sequence[Fitted]
    around: Callable[..., Any] | None
    attempt: Callable[..., Any]
    gates: frozenset[str]


@frozen(eq=False)
class GuardPrograms(Programs):
    """What a guard has compiled, and what that is made from in every scope. Filled as it is used.

    Attributes:
        binding: what the plugins do beside the policies.
        configs: the policies in their order.
        place: the index at which the recovery stands.
    """

    binding: Binding
    configs: tuple[PolicyConfig, ...]
    place: int


def _own(programs: Programs) -> GuardPrograms:
    assert isinstance(programs, GuardPrograms)  # what a guard's own _new_programs makes
    return programs


@frozen(eq=False)
class _Recovery:
    """The handler's recovery as a :class:`Rescue`, for calls that need nothing before they are made."""

    guard: Guard
    binding: Binding
    course: Course
    function: Callable[..., Any]
    subject: Subject
    operation: Operation

    def begin(self, error: Exception) -> _Recovering | None:
        return None if passes(self.course.policies, error) else _Recovering(self, error)


class _Recovering:
    """One failed call in recovery. Belongs to one task or thread."""

    __slots__ = ("_error", "_recovery")

    def __init__(self, recovery: _Recovery, error: Exception) -> None:
        self._recovery = recovery
        self._error: Exception | None = error

    def run(self, inner: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:  # noqa: ARG002 - a new attempt must be counted
        return self._call(args, kwargs).go_on_sync(self._taken())

    async def run_async(self, inner: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:  # noqa: ARG002 - a new attempt must be counted
        return await self._call(args, kwargs).go_on(self._taken())

    def _taken(self) -> Exception:
        """Return the error and let go of it: its traceback holds the frames that hold this."""
        error, self._error = self._error, None
        assert error is not None
        return error

    def _call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> GuardedCall:
        recovery = self._recovery
        now = recovery.binding.handler.clock.monotonic()
        call = recovery.guard.make_call(
            recovery.binding,
            recovery.course,
            recovery.function,
            recovery.subject,
            recovery.operation,
            now,
            args,
            kwargs,
        )
        error = self._error
        was_made = not isinstance(error, Refused) or error.from_within or error.key not in recovery.course.gates
        call.attempts = int(was_made)
        call.unresolved = was_made
        return GuardedCall(recovery.binding, call, recovery.course.attempt, recovery.course.routes)


def _keys(fitted: Sequence[Fitted]) -> frozenset[str]:
    policies: list[Any] = [item.policy for item in fitted]
    return frozenset(policy.key for policy in policies if hasattr(policy, "acquire"))


def _place_of_recovery(configs: Sequence[PolicyConfig], places: Sequence[Place]) -> int:
    """Return where the recovery stands: at the retry, or where the recommended order has it."""
    for index, config in enumerate(configs):
        if isinstance(config, RetryConfig):
            return index
    before = [_PLACES.index(place) < _PLACES.index(Place.RETRY) for place in places]
    return before.index(False) if False in before else len(before)


def _routed(policies: Sequence[PolicyConfig], route: Sequence[PolicyConfig]) -> tuple[PolicyConfig, ...]:
    """Put each policy of a route in the place of those of its type."""
    kinds = tuple(type(policy) for policy in route)
    return (*route, *(policy for policy in policies if not isinstance(policy, kinds)))


def _is_recovered_by_hook(item: Fitted) -> bool:
    return isinstance(item.config, _RECOVERED_BY_HOOK) and not hasattr(item.policy, "acquire")


def _left_in_guard(item: Fitted) -> Iterator[Fitted]:
    """Give what stands around each attempt although the ``recover`` hook gives effect to the policy, if anything."""
    if not _is_recovered_by_hook(item):
        yield item
    elif (policy := getattr(item.policy, "in_guard", None)) is not None:
        yield evolve(item, policy=policy)


def guard(
    *policies: PolicyConfig,
    operation: Operation | Callable[..., Operation] | None = None,
    component: str | None = None,
    name: str | None = None,
    handler: ErrorHandler | None = None,
) -> Guard:
    """Return a guard; see :class:`Guard`."""
    return Guard(*policies, operation=operation, component=component, name=name, handler=handler)
