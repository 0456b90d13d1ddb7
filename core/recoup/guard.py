"""One call, guarded: admitted by gates, held back by pacers, recovered by plugins."""

from __future__ import annotations

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
from recoup.wrapping import wrap

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from recoup.context import ErrorContext
    from recoup.error_handler import ErrorHandler
    from recoup.policies import PolicyConfig

F = TypeVar("F", bound="Callable[..., Any]")


@frozen(eq=False)
class _Binding:
    """A guard's policies as the plugins of one handler serve them at one moment."""

    handler: ErrorHandler
    generation: object
    gates: dict[str, tuple[Gate, ...]]
    pacers: tuple[tuple[str, Pacer], ...]
    keepers: tuple[ResultKeeper, ...]


class Guard:
    """Wraps calls so that their failures are recovered. A decorator, and usable inline. Thread-safe and task-safe.

    Args:
        *policies: policy configurations, such as :class:`RetryConfig`; a plugin serves each by its type.
        operation: what the call does, or a function that says so from the call's arguments. Without it, the kind is
            inferred from the function's name, and a function that is no order call by its name counts as repeatable
            where a :class:`RetryConfig` is among the policies.
        component: where in the application; by default the function's module.
        name: what is called; by default the function's qualified name.
        handler: the handler; by default the current one, or the factory's, when the call is made.
        may_repeat: False keeps plugins from having the call repeated.
        quiet: True keeps its errors from ``monitor`` and ``analyze``.
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

        Of a generator, what comes before its first item is guarded; from then on it is passed through.

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
            while delay := self._held_back(binding, call):
                await clock.sleep(delay)
            try:
                result = await self._attempt(binding, call)
            except Exception as error:
                if self._passes(error):
                    raise
                context = self._context(binding, call, error)
                outcome = await binding.handler.process(error, context)
                if outcome.decision is Decision.RECOVERED:
                    return outcome.value
                if not self._repeats(binding, call, outcome):
                    self._degrade(error, context, outcome)
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
            while delay := self._held_back(binding, call):
                clock.sleep_sync(delay)
            try:
                result = self._attempt_sync(binding, call)
            except Exception as error:
                if self._passes(error):
                    raise
                context = self._context(binding, call, error)
                outcome = binding.handler.process_sync(error, context)
                if outcome.decision is Decision.RECOVERED:
                    return outcome.value
                if not self._repeats(binding, call, outcome):
                    self._degrade(error, context, outcome)
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
            _release(gates, error)
            raise
        _release(gates, None)
        return result

    def _attempt_sync(self, binding: _Binding, call: Call) -> Any:
        gates = self._admit(binding, call)
        try:
            result = _invoke(call)
        except BaseException as error:
            _release(gates, error)
            raise
        _release(gates, None)
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
            keeper
            for _, keeper in plugins.with_role(ResultKeeper)
            if any(isinstance(policy, keeper.serves) for policy in self.policies)
        )
        return _Binding(handler, plugins.generation, {}, tuple(plugins.with_role(Pacer)), keepers)

    def _operation_of(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Operation:
        if isinstance(self._operation, Operation):
            return self._operation
        operation = self._operation(*args, **kwargs) if self._operation is not None else Operation()
        if operation.kind is not OperationKind.UNSPECIFIED:
            return operation
        kind = OperationKind.from_name(_name_of(function))
        if kind is OperationKind.UNSPECIFIED and any(isinstance(policy, RetryConfig) for policy in self.policies):
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

    def _admit(self, binding: _Binding, call: Call) -> Sequence[Gate]:
        gates = self._gates(binding, call)
        entered: list[Gate] = []
        try:
            for gate in gates:
                gate.acquire()
                entered.append(gate)
        except BaseException as error:
            _release(entered, None if isinstance(error, Exception) else error)
            raise
        return gates

    def _gates(self, binding: _Binding, call: Call) -> tuple[Gate, ...]:
        if not self.policies:
            return ()
        key = f"{self._component_of(call)}.{self._name_in(call)}"
        gates = binding.gates.get(key)
        if gates is None:
            servers = binding.handler.plugins.with_role(GateServer)
            found = (server.gate(policy, key) for policy in self.policies for _, server in servers)
            gates = binding.gates[key] = tuple(gate for gate in found if gate is not None)
        if gates:
            call.gates = frozenset(gate.key for gate in gates)
        return gates

    def _passes(self, error: Exception) -> bool:
        """Say whether an error is a refusal that no plugin need be asked about: none but a stand-in would help."""
        return isinstance(error, Refused) and not any(_minds(policy, error) for policy in self.policies)

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
        return call.attempts < handler.config.error_handling.max_call_attempts

    def _degrade(self, error: Exception, context: ErrorContext, outcome: Outcome) -> None:
        if outcome.decision is Decision.UNKNOWN or not context.may_send_again:
            return
        for policy in self.policies:
            if isinstance(policy, FallbackConfig) and policy.strategy is FallbackStrategy.RAISE_DEGRADED:
                raise ServiceDegraded(
                    f"{context.operation} failed ({type(error).__name__}); run degraded",
                    key=context.operation,
                    retry_after=outcome.classification.retry_after,
                ) from error

    @staticmethod
    def _remember(binding: _Binding, call: Call, result: Any) -> None:
        for keeper in binding.keepers:
            keeper.remember(call, result)

    def _component_of(self, call: Call) -> str:
        return self._component or getattr(call.function, "__module__", None) or "application"

    def _name_in(self, call: Call) -> str:
        return self._name or _name_of(call.function)


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
    return getattr(function, "__qualname__", None) or type(function).__qualname__


def _invoke(call: Call) -> Any:
    call.attempts += 1
    assert call.function is not None
    return call.function(*call.args, **call.kwargs)


def _minds(policy: PolicyConfig, refusal: Refused) -> bool:
    if isinstance(policy, RetryConfig):
        return policy.exceptions != (Exception,) and isinstance(refusal, policy.exceptions)
    return isinstance(policy, FallbackConfig)


def _release(gates: Sequence[Gate], error: BaseException | None) -> None:
    for gate in reversed(gates):
        gate.release(error)
