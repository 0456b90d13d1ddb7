"""The ``circuit_breaker`` plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import field, frozen
from attrs.validators import ge, instance_of

from recoup import (
    UNCLASSIFIED,
    CircuitBreakerConfig,
    ErrorCategory,
    FailureReason,
    FallbackConfig,
    Place,
    Placing,
    Recovery,
    Trait,
    hookimpl,
)
from recoup_plugins.circuit_breaker.registry import BreakerRegistry
from recoup_plugins.circuit_breaker.status import BreakerState

if TYPE_CHECKING:
    from recoup import BreakerEvent, Classification, ErrorContext, Host, Scope, StateEvent
    from recoup_plugins.circuit_breaker.levels import LevelsGate, UnrefusedGate
    from recoup_plugins.circuit_breaker.state import CircuitBreaker
    from recoup_plugins.circuit_breaker.status import BreakerStatus

_ILL_HEALTH = frozenset(
    {
        FailureReason.TIMEOUT,
        FailureReason.CONNECTION_FAILED,
        FailureReason.CONNECTION_LOST,
        FailureReason.SERVER_ERROR,
        FailureReason.BAD_RESPONSE,
        FailureReason.OTHER,
    }
)
_OUR_OWN = frozenset({ErrorCategory.VALIDATION, ErrorCategory.CONFIGURATION, ErrorCategory.BUSINESS_LOGIC})


@frozen(kw_only=True)
class CircuitBreakerSettings:
    """The plugin's own section. Immutable.

    Attributes:
        max_circuits: circuits kept at most, apart from those that ``circuit_breakers`` configures.
    """

    max_circuits: int = field(default=10_000, validator=[instance_of(int), ge(1)])


class CircuitBreakerPlugin:
    """Keeps the circuit breakers and ends recoveries while one is open. Thread-safe and task-safe.

    Guards get their gates here. Errors of calls without a gate count for the circuit that the configuration's
    ``circuit_breakers`` names ``component.operation``, the component or the operation; the first of these that exists.

    As a hook it counts only what tells of ill health on the other side: time-outs, lost connections, server errors,
    unreadable answers, and errors that nobody knows. An orderly refusal, such as a rate limit or a maintenance window,
    says itself when to come back and is left to the plugins that wait. A gate counts every ``expected_exception`` that
    is not among the ``ignored_exceptions``.

    Attributes:
        serves: the policy configuration it gives effect to.
    """

    Config = CircuitBreakerSettings
    serves = (CircuitBreakerConfig,)

    def __init__(self, host: Host, config: CircuitBreakerSettings | None = None) -> None:
        self._host = host
        self._registry = BreakerRegistry(
            host.config.error_handling.circuit_breakers,
            max_circuits=(config or CircuitBreakerSettings()).max_circuits,
            clock=host.clock,
            on_change=self._publish,
        )

    def policy(self, config: CircuitBreakerConfig, scope: Scope) -> CircuitBreaker | LevelsGate | UnrefusedGate:
        """Return the gate for ``config.name``, or for the scope's key where it has none.

        Values that the configuration file has under that name win over ``config``. Otherwise the circuit goes by
        ``config`` from now on, whatever values it was made with, and loses neither its state nor what it has counted.

        Calls in a vital scope, such as cancels, count like all others but are never refused, whoever opened it.

        Raises:
            PluginError: there is no room for another circuit.
            PolicyMisuse: its parent lies below it.
        """
        return self._registry.gate(config.name or scope.key, config, refuses=not scope.is_vital)

    def placing(self, config: CircuitBreakerConfig) -> Placing:  # noqa: ARG002 - the role's signature
        """Within the retry, so that each attempt counts; around the limits, so that a refusal takes no place."""
        return Placing(place=Place.CIRCUIT_BREAKER, traits=Trait.JUDGES)

    def circuit_breaker_status(self) -> dict[str, str]:
        """Return ``closed``, ``open`` or ``half_open`` for each circuit; ``half_open`` once a trial would be let in."""
        return {name: circuit.state.value for name, circuit in self._registry.circuits().items()}

    def statuses(self) -> dict[str, BreakerStatus]:
        """Return for each circuit what there is to know, by key."""
        return {name: circuit.status() for name, circuit in self._registry.circuits().items()}

    def status(self, key: str) -> BreakerStatus:
        """Return what there is to know of one circuit.

        Raises:
            KeyError: there is none of that name.
        """
        return self._existing(key).status()

    def force_open(self, key: str) -> None:
        """Have a circuit, and every one below it, refuse all calls until :meth:`reset`.

        It need not exist yet, so that what has never been called can be closed off beforehand.

        Raises:
            PluginError: there is no room for another circuit.
        """
        self._registry.obtain(key).force_open()

    def disable(self, key: str) -> None:
        """Have a circuit admit all calls and count none until :meth:`reset`; it need not exist yet.

        Raises:
            PluginError: there is no room for another circuit.
        """
        self._registry.obtain(key).disable()

    def reset(self, key: str) -> None:
        """Close a circuit, with nothing counted, and have its calls decide again.

        Raises:
            KeyError: there is none of that name.
        """
        self._existing(key).reset()

    @hookimpl(tryfirst=True)
    def recover(self, error: Exception, context: ErrorContext) -> Recovery | None:
        """Count the failure unless a gate has done so, and give up while the circuit is open.

        A call with a fallback is only kept from being repeated, so that the fallback has its turn. Where the outcome is
        unknown the answer is None, since the other plugins have to find it out; and for a vital call, such as a cancel,
        which no circuit keeps from being sent again.
        """
        if not _tells_of_ill_health(context.classification or UNCLASSIFIED):
            return None
        circuits = self._count(error, context)
        if not context.may_send_again or _was_sent_before(context):
            return None
        key = next((circuit.key for circuit in circuits if circuit.state is BreakerState.OPEN), None)
        if key is None:
            return None
        call = context.call
        if call is not None and call.operation.is_vital:
            return None
        if call is not None and call.policy(FallbackConfig) is not None:
            call.may_repeat = False
            return None
        return Recovery.give_up(f"circuit {key!r} is open")

    def _count(self, error: Exception, context: ErrorContext) -> list[CircuitBreaker]:
        """Count the failure, unless a gate has done so, and return the circuits that the call or error concerns."""
        names = frozenset() if context.call is None else context.call.gates
        circuits = [circuit for circuit in map(self._registry.find, sorted(names)) if circuit is not None]
        counted = {level.key for circuit in circuits for level in (*circuit.above, circuit)}
        configured = self._configured(context)
        if configured is not None and configured.key not in names:
            for level in (*configured.above, configured):
                if level.key not in counted and level.expects(error):
                    level.record_failure()
            circuits.append(configured)
        return circuits

    def _configured(self, context: ErrorContext) -> CircuitBreaker | None:
        for name in (f"{context.component}.{context.operation}", context.component, context.operation):
            circuit = self._registry.configured(name)
            if circuit is not None:
                return circuit
        return None

    def _existing(self, key: str) -> CircuitBreaker:
        circuit = self._registry.find(key)
        if circuit is None:
            raise KeyError(f"no circuit is named {key!r}; circuit_breaker_status() lists those that exist")
        return circuit

    def _publish(self, event: BreakerEvent | StateEvent) -> None:
        if self._host.hears(event.kind):
            self._host.publish(event)


def _tells_of_ill_health(classification: Classification) -> bool:
    return classification.reason in _ILL_HEALTH and classification.category not in _OUR_OWN


def _was_sent_before(context: ErrorContext) -> bool:
    """Say whether an earlier send of this side effect may yet turn out to have happened."""
    call = context.call
    return call is not None and call.answers.total() > 0 and not context.kind.repeatable
