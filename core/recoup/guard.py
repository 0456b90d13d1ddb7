"""One call, guarded: admitted by gates, held back by pacers, recovered by plugins."""

from __future__ import annotations

import functools
import inspect
import re
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import evolve, frozen

from recoup._current import resolve_handler
from recoup.errors import HeldBack, PolicyUnavailable, Refused, ServiceDegraded
from recoup.operation import Call, Operation, OperationKind
from recoup.outcome import Decision, Outcome
from recoup.policies import (
    FallbackConfig,
    FallbackStrategy,
    Gate,
    GateServer,
    Pacer,
    PolicyServer,
    ResultKeeper,
    RetryConfig,
)
from recoup.wrapping import Begun, wrap

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from recoup.context import ErrorContext
    from recoup.error_handler import ErrorHandler
    from recoup.policies import PolicyConfig

    _Gates = Sequence[tuple[str, Gate]]
    """Each with the name of its plugin, in the order in which they are passed."""

F = TypeVar("F", bound="Callable[..., Any]")

NAMES_KEPT = 1000
"""Names of calls whose gates one guard remembers; past that it asks the plugins again."""


@frozen(eq=False)
class _Binding:
    """A guard's policies as the plugins of one handler serve them at one moment."""

    handler: ErrorHandler
    generation: object
    gates: dict[str, _Gates]
    pacers: tuple[tuple[str, Pacer], ...]
    keepers: tuple[tuple[str, ResultKeeper], ...]


class Guard:
    """Wraps calls so that their failures are recovered. A decorator, and usable inline. Thread-safe and task-safe.

    Args:
        *policies: policy configurations, such as :class:`RetryConfig`; a plugin serves each by its type.
        operation: what the call does, or a function that says so from the call's arguments. Where it leaves the kind
            unspecified, that is inferred from the function's name. With a :class:`RetryConfig` among the policies, a
            function whose name tells nothing of orders counts as repeatable; a lambda has no name and does not.
        component: where in the application; by default the function's module.
        name: what is called; by default the function's qualified name.
        handler: the handler; by default the current one, or the factory's, when the call is made.
        may_repeat: False keeps plugins from having the call repeated.
        quiet: True keeps its errors from ``monitor`` and ``analyze``.

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
        self._binding: _Binding | None = None

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
            Exception: what the function raised, unchanged, when it was not recovered.
            Refused: the call was not made.
            PolicyUnavailable: no enabled plugin serves one of the policies.
        """
        binding, call = self._begin(function, args, kwargs)
        clock = binding.handler.clock
        while True:
            try:
                while delay := self._held_back(binding, call):
                    await clock.sleep(delay)
                result = await self._attempt(binding, call)
            except Exception as error:
                if self._passes(error):
                    raise
                outcome = await self._process(binding, call, error)
                if outcome.decision is Decision.RECOVERED:
                    return outcome.value
                if not self._repeats(binding, call, outcome):
                    self._degrade(call, error, outcome)
                    raise
            else:
                self._remember(binding, call, result)
                return result
            if outcome.delay > 0:
                await clock.sleep(outcome.delay)

    def call_sync(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        """As :meth:`call`, for a plain function from synchronous code; waits by blocking the calling thread."""
        binding, call = self._begin(function, args, kwargs)
        clock = binding.handler.clock
        while True:
            try:
                while delay := self._held_back(binding, call):
                    clock.sleep_sync(delay)
                result = self._attempt_sync(binding, call)
            except Exception as error:
                if self._passes(error):
                    raise
                outcome = self._process_sync(binding, call, error)
                if outcome.decision is Decision.RECOVERED:
                    return outcome.value
                if not self._repeats(binding, call, outcome):
                    self._degrade(call, error, outcome)
                    raise
            else:
                self._remember(binding, call, result)
                return result
            clock.sleep_sync(outcome.delay)

    async def _attempt(self, binding: _Binding, call: Call) -> Any:
        gates = self._admit(binding, call)
        try:
            result = _invoke(call)
            if hasattr(result, "__await__"):
                result = await result
        except BaseException as error:
            _release(binding, gates, error)
            raise
        _release(binding, gates, None)
        return result

    def _attempt_sync(self, binding: _Binding, call: Call) -> Any:
        gates = self._admit(binding, call)
        try:
            result = _invoke(call)
        except BaseException as error:
            _release(binding, gates, error)
            raise
        _release(binding, gates, None)
        return result

    def _begin(
        self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[_Binding, Call]:
        handler = resolve_handler(self._handler)
        binding = self._binding
        if binding is None or binding.handler is not handler or binding.generation is not handler.plugins.generation:
            binding = self._binding = self._bind(handler)
        call = Call(
            operation=self._operation_of(function, args, kwargs),
            function=function,
            args=args,
            kwargs=kwargs,
            policies=self.policies,
            started=handler.clock.monotonic(),
            may_repeat=self._may_repeat,
            quiet=self._quiet,
        )
        return binding, call

    def _bind(self, handler: ErrorHandler) -> _Binding:
        plugins = handler.plugins
        servers = plugins.with_role(PolicyServer)
        for policy in self.policies:
            if not any(isinstance(policy, server.serves) for _, server in servers):
                kind = type(policy).__name__
                raise PolicyUnavailable(f"no enabled plugin serves {kind}; `recoup plugins list` shows what there is")
        keepers = tuple(
            (name, keeper)
            for name, keeper in plugins.with_role(ResultKeeper)
            if any(isinstance(policy, keeper.serves) for policy in self.policies)
        )
        return _Binding(handler, plugins.generation, {}, tuple(plugins.with_role(Pacer)), keepers)

    def _operation_of(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Operation:
        operation = self._operation or _NOTHING_SAID
        if not isinstance(operation, Operation):
            operation = operation(*args, **kwargs)
        if operation.kind is not OperationKind.UNSPECIFIED:
            return operation
        name = _name_of(function)
        kind = OperationKind.from_name(name)
        if (
            kind is OperationKind.UNSPECIFIED
            and any(isinstance(policy, RetryConfig) for policy in self.policies)
            and not _may_be_order(name)
        ):
            kind = OperationKind.IDEMPOTENT_WRITE
        return evolve(operation, kind=kind)

    def _held_back(self, binding: _Binding, call: Call) -> float:
        delay = 0.0
        component = self._component_of(call)
        for name, pacer in binding.pacers:
            try:
                delay = max(delay, pacer.delay(call.operation, component))
            except Exception as failure:  # noqa: BLE001 - a plugin's failure never holds the application up
                binding.handler.plugins.report(name, "delay", failure)
        if delay > 0:
            left = call.remaining(binding.handler.clock.monotonic())
            if left is not None and delay > left:
                key = call.operation.key or component
                raise HeldBack(
                    f"calls to {key} are held back for {delay:.1f} s, past this call's deadline",
                    key=key,
                    retry_after=delay,
                )
        return delay

    def _admit(self, binding: _Binding, call: Call) -> _Gates:
        """Pass every gate; one that breaks lets the call through, one that refuses frees those before it."""
        gates = self._gates(binding, call)
        if not gates:
            return gates
        entered: list[tuple[str, Gate]] = []
        try:
            for name, gate in gates:
                try:
                    gate.acquire()
                except Refused:
                    raise
                except Exception as failure:  # noqa: BLE001 - a plugin's failure never holds the application up
                    binding.handler.plugins.report(name, "acquire", failure)
                else:
                    entered.append((name, gate))
        except BaseException as error:
            _release(binding, entered, error)
            raise
        call.gates = frozenset(gate.key for _, gate in entered)
        return entered

    def _gates(self, binding: _Binding, call: Call) -> _Gates:
        if not self.policies:
            return ()
        key = f"{self._component_of(call)}.{self._name_in(call)}"
        gates = binding.gates.get(key)
        if gates is None:
            if len(binding.gates) >= NAMES_KEPT:
                binding.gates.clear()
            gates = binding.gates[key] = tuple(self._find_gates(binding, key))
        return gates

    def _find_gates(self, binding: _Binding, key: str) -> Iterator[tuple[str, Gate]]:
        servers = binding.handler.plugins.with_role(GateServer)
        for policy in self.policies:
            for name, server in servers:
                try:
                    gate = server.gate(policy, key)
                except Exception as failure:  # noqa: BLE001 - a plugin's failure never holds the application up
                    binding.handler.plugins.report(name, "gate", failure)
                else:
                    if gate is not None:
                        yield name, gate

    def _passes(self, error: Exception) -> bool:
        """Say whether an error is a refusal that no plugin need be asked about: none but a stand-in would help."""
        return isinstance(error, Refused) and not any(_minds(policy, error) for policy in self.policies)

    # The context holds the error, so the frames that the error passed must not hold the context: a cycle would keep
    # the call's arguments in memory until the garbage collector runs.

    async def _process(self, binding: _Binding, call: Call, error: Exception) -> Outcome:
        return await binding.handler.process(error, self._context(binding, call, error))

    def _process_sync(self, binding: _Binding, call: Call, error: Exception) -> Outcome:
        return binding.handler.process_sync(error, self._context(binding, call, error))

    def _context(self, binding: _Binding, call: Call, error: Exception) -> ErrorContext:
        operation = call.operation
        context = binding.handler.create_error_context(
            error,
            self._component_of(call),
            self._name_in(call),
            call=call,
            symbol=operation.symbol,
            order_id=operation.client_order_id,
        )
        context.recovery_attempts = call.answers.total()
        return context

    def _repeats(self, binding: _Binding, call: Call, outcome: Outcome) -> bool:
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
                name = self._name_in(call)
                raise ServiceDegraded(
                    f"{name} failed ({type(error).__name__}); run degraded",
                    key=name,
                    retry_after=outcome.classification.retry_after,
                ) from error

    def _remember(self, binding: _Binding, call: Call, result: Any) -> None:
        """Hand a good result to the keepers, which can't spoil it."""
        if isinstance(result, Begun):  # it can be consumed only once
            return
        for name, keeper in binding.keepers:
            try:
                keeper.remember(call, result)
            except Exception as failure:  # noqa: BLE001 - the call has succeeded, whatever a plugin makes of it
                binding.handler.plugins.report(name, "remember", failure)

    def _component_of(self, call: Call) -> str:
        function = call.function
        while isinstance(function, functools.partial):
            function = function.func
        return self._component or getattr(function, "__module__", None) or "application"

    def _name_in(self, call: Call) -> str:
        return self._name or _name_of(call.function)


_NOTHING_SAID = Operation()
_SIDE_EFFECTS = frozenset({OperationKind.SUBMIT, OperationKind.AMEND})
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


def guard(
    *policies: PolicyConfig,
    operation: Operation | Callable[..., Operation] | None = None,
    component: str | None = None,
    name: str | None = None,
    handler: ErrorHandler | None = None,
) -> Guard:
    """Return a guard; see :class:`Guard`."""
    return Guard(*policies, operation=operation, component=component, name=name, handler=handler)


def _name_of(function: Any) -> str:
    while isinstance(function, functools.partial):
        function = function.func
    return getattr(function, "__qualname__", None) or type(function).__qualname__


def _may_be_order(name: str) -> bool:
    """Say whether a name leaves room for an order: it has none (a lambda), or any word of it submits or amends."""
    words = _WORD.findall(name.rpartition(".")[2])
    return "<lambda>" in name or any(
        word.lower().startswith("order") or OperationKind.from_name(word) in _SIDE_EFFECTS for word in words
    )


def _invoke(call: Call) -> Any:
    call.attempts += 1
    assert call.function is not None
    return call.function(*call.args, **call.kwargs)


def _minds(policy: PolicyConfig, refusal: Refused) -> bool:
    if isinstance(policy, RetryConfig):
        return policy.exceptions != (Exception,) and isinstance(refusal, policy.exceptions)
    return isinstance(policy, FallbackConfig)


def _release(binding: _Binding, gates: _Gates, error: BaseException | None) -> None:
    for name, gate in reversed(gates):
        try:
            gate.release(error)
        except Exception as failure:  # noqa: BLE001 - the call has ended, whatever a plugin makes of it
            binding.handler.plugins.report(name, "release", failure)
