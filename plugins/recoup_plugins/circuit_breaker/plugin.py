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
    Recovery,
    hookimpl,
)
from recoup_plugins.circuit_breaker.registry import BreakerRegistry
from recoup_plugins.circuit_breaker.state import BreakerState

if TYPE_CHECKING:
    from recoup import Classification, ErrorContext, Host
    from recoup_plugins.circuit_breaker.gate import BreakerGate

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
    says itself when to come back and is left to the plugins that wait. A gate counts every ``expected_exception``.

    Attributes:
        serves: the policy configuration it gives effect to.
    """

    Config = CircuitBreakerSettings
    serves = (CircuitBreakerConfig,)

    def __init__(self, host: Host, config: CircuitBreakerSettings | None = None) -> None:
        self._registry = BreakerRegistry(
            host.config.error_handling.circuit_breakers,
            max_circuits=(config or CircuitBreakerSettings()).max_circuits,
            clock=host.clock,
            on_change=host.publish,
        )

    def gate(self, config: object, key: str) -> BreakerGate | None:
        """Return the gate for ``config.name``, or for ``key`` where it has none; the same one each time.

        None where ``config`` is no :class:`recoup.CircuitBreakerConfig`. Values that the configuration file has under
        that name win over ``config``.

        Raises:
            ValueError: another guard has made the circuit with other values.
            PluginError: there is no room for another circuit.
        """
        if not isinstance(config, CircuitBreakerConfig):
            return None
        return self._registry.obtain(config.name or key, config)

    def circuit_breaker_status(self) -> dict[str, str]:
        """Return ``closed``, ``open`` or ``half_open`` for each circuit; ``half_open`` once a trial would be let in."""
        return self._registry.states()

    @hookimpl(tryfirst=True)
    def recover(self, error: Exception, context: ErrorContext) -> Recovery | None:
        """Count the failure unless a gate has done so, and give up while the circuit is open.

        A call with a fallback is only kept from being repeated, so that the fallback has its turn. Where the outcome is
        unknown the answer is None, since the other plugins have to find it out.
        """
        if not _tells_of_ill_health(context.classification or UNCLASSIFIED):
            return None
        gates = self._count(error, context)
        if not context.may_send_again or _was_sent_before(context):
            return None
        key = next((gate.key for gate in gates if gate.breaker.state is BreakerState.OPEN), None)
        if key is None:
            return None
        call = context.call
        if call is not None and call.policy(FallbackConfig) is not None:
            call.may_repeat = False
            return None
        return Recovery.give_up(f"circuit {key!r} is open")

    def _count(self, error: Exception, context: ErrorContext) -> list[BreakerGate]:
        """Count the failure and return the gates that the call or error concerns."""
        passed = frozenset() if context.call is None else context.call.gates
        gates = [gate for gate in map(self._registry.find, sorted(passed)) if gate is not None]
        configured = self._configured(context)
        if configured is not None and configured.key not in passed:
            if configured.expects(error):
                configured.breaker.record_failure()
            gates.append(configured)
        return gates

    def _configured(self, context: ErrorContext) -> BreakerGate | None:
        for name in (f"{context.component}.{context.operation}", context.component, context.operation):
            gate = self._registry.configured(name)
            if gate is not None:
                return gate
        return None


def _tells_of_ill_health(classification: Classification) -> bool:
    return classification.reason in _ILL_HEALTH and classification.category not in _OUR_OWN


def _was_sent_before(context: ErrorContext) -> bool:
    """Say whether an earlier send of this side effect may yet turn out to have happened."""
    call = context.call
    return call is not None and call.answers.total() > 0 and not context.kind.repeatable
