"""Policies as data: what decorators and configuration ask for, and the roles of the plugins that serve them."""

from __future__ import annotations

import math
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from attrs import field, frozen

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from recoup.operation import Call, Operation
    from recoup.outcome import Recovery

BACKOFF_STRATEGIES = ("exponential", "linear", "constant")


class FallbackStrategy(Enum):
    """What a call gives when it has failed for good."""

    RETURN_NONE = "return_none"
    RETURN_EMPTY = "return_empty"
    """The empty value of the type that the function's return annotation names: list, dict, str and so on."""
    RETURN_DEFAULT = "return_default"
    RAISE_DEGRADED = "raise_degraded"
    RETRY_ALTERNATIVE = "retry_alternative"
    """The result of ``fallback_function``, called with the call's own arguments."""
    USE_CACHE = "use_cache"
    """The last good result for the same arguments."""


def _whole_from_one(_: object, attribute: Any, value: Any) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"'{attribute.name}' must be a whole number (got {value!r})")
    if value < 1:
        raise ValueError(f"'{attribute.name}' must be 1 or more (got {value})")


def _number(attribute: Any, value: Any) -> None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise TypeError(f"'{attribute.name}' must be a number (got {value!r})")
    if not math.isfinite(value):
        raise ValueError(f"'{attribute.name}' must be finite (got {value})")


def _from_zero(_: object, attribute: Any, value: Any) -> None:
    _number(attribute, value)
    if value < 0:
        raise ValueError(f"'{attribute.name}' must be 0 or more (got {value})")


def _from_one(_: object, attribute: Any, value: Any) -> None:
    _number(attribute, value)
    if value < 1:
        raise ValueError(f"'{attribute.name}' must be 1 or more (got {value})")


def _above_zero(_: object, attribute: Any, value: Any) -> None:
    _number(attribute, value)
    if value <= 0:
        raise ValueError(f"'{attribute.name}' must be above 0 (got {value})")


def _flag(_: object, attribute: Any, value: Any) -> None:
    if not isinstance(value, bool):
        raise TypeError(f"'{attribute.name}' must be True or False (got {value!r})")


def _backoff(_: object, attribute: Any, value: Any) -> None:
    if value not in BACKOFF_STRATEGIES:
        raise ValueError(f"'{attribute.name}' must be one of {', '.join(BACKOFF_STRATEGIES)} (got {value!r})")


def _exception_types(_: object, attribute: Any, value: Any) -> None:
    types = value if isinstance(value, tuple) else (value,)
    if not types or not all(isinstance(item, type) and issubclass(item, Exception) for item in types):
        raise TypeError(f"{attribute.name} takes exception classes derived from Exception (got {value!r})")


def _name(_: object, attribute: Any, value: Any) -> None:
    if value is not None and (not isinstance(value, str) or not value):
        raise TypeError(f"'{attribute.name}' must be a text that is not empty, or None (got {value!r})")


def _strategy(_: object, attribute: Any, value: Any) -> None:
    if not isinstance(value, FallbackStrategy):
        raise TypeError(
            f"'{attribute.name}' must be a FallbackStrategy, such as FallbackStrategy.RETURN_NONE (got {value!r})"
        )


def _function(_: object, attribute: Any, value: Any) -> None:
    if value is not None and not callable(value):
        raise TypeError(f"'{attribute.name}' must be a function (got {value!r})")


@frozen(kw_only=True)
class RetryConfig:
    """How a call is repeated. Immutable.

    Attributes:
        max_attempts: calls made at most, the first included.
        base_delay: seconds before the first repetition.
        max_delay: seconds that no delay exceeds, except one that the other side asked for; not below ``base_delay``.
        backoff_strategy: ``exponential``, ``linear`` or ``constant``.
        exponential_base: factor from one exponential delay to the next.
        jitter: whether each delay is drawn from zero to the computed one ("full jitter", AWS Architecture Blog,
            "Exponential Backoff And Jitter").
        exceptions: only these are repeated.
    """

    max_attempts: int = field(default=3, validator=_whole_from_one)
    base_delay: float = field(default=1.0, validator=_from_zero)
    max_delay: float = field(default=60.0, validator=_from_zero)
    backoff_strategy: str = field(default="exponential", validator=_backoff)
    exponential_base: float = field(default=2.0, validator=_from_one)
    jitter: bool = field(default=False, validator=_flag)
    exceptions: tuple[type[Exception], ...] = field(default=(Exception,), validator=_exception_types)

    def __attrs_post_init__(self) -> None:
        if self.max_delay < self.base_delay:
            raise ValueError(f"max_delay ({self.max_delay:g}) must not be below base_delay ({self.base_delay:g})")


@frozen(kw_only=True)
class CircuitBreakerConfig:
    """When a circuit opens and closes. Immutable.

    Attributes:
        failure_threshold: failures in a row that open it.
        recovery_timeout: seconds that it stays open before one trial call is let through.
        expected_exception: only these count as failures.
        name: the circuit's key; one breaker is shared by all who name it. None: the component and qualified name of
            the guarded function.
    """

    failure_threshold: int = field(default=5, validator=_whole_from_one)
    recovery_timeout: float = field(default=60, validator=_above_zero)
    expected_exception: type[Exception] | tuple[type[Exception], ...] = field(
        default=Exception, validator=_exception_types
    )
    name: str | None = field(default=None, validator=_name)


@frozen(kw_only=True)
class FallbackConfig:
    """What stands in for a result when a call has failed for good. Immutable.

    Attributes:
        strategy: which stand-in.
        default_value: for ``RETURN_DEFAULT``.
        fallback_function: for ``RETRY_ALTERNATIVE``; called with the call's arguments.
    """

    strategy: FallbackStrategy = field(default=FallbackStrategy.RETURN_NONE, validator=_strategy)
    default_value: Any = None
    fallback_function: Callable[..., Any] | None = field(default=None, validator=_function)

    def __attrs_post_init__(self) -> None:
        if self.strategy is FallbackStrategy.RETRY_ALTERNATIVE and self.fallback_function is None:
            raise ValueError("FallbackStrategy.RETRY_ALTERNATIVE needs a fallback_function to call")


PolicyConfig = RetryConfig | CircuitBreakerConfig | FallbackConfig | Any
"""Any object may be a policy configuration: a plugin says by type which ones it serves."""


class Gate(Protocol):
    """Admission control around a call, such as a circuit breaker. Thread-safe and task-safe."""

    @property
    def key(self) -> str:
        """What the gate is kept for."""
        ...

    def acquire(self) -> None:
        """Let one call through.

        Raises:
            Refused: the call must not be made.
        """
        ...

    def release(self, error: BaseException | None) -> None:
        """Take note of how an admitted call ended. A cancellation counts as neither success nor failure."""
        ...


@runtime_checkable
class PolicyServer(Protocol):
    """Role of a plugin that gives effect to policy configurations.

    Attributes:
        serves: the configuration types. A guard given a type that no enabled plugin serves is an error.
    """

    serves: tuple[type, ...]


@runtime_checkable
class GateServer(Protocol):
    """Role of a plugin that admits calls."""

    def gate(self, config: Any, key: str) -> Gate | None:
        """Return the gate for this configuration under ``key``, the same one each time; None: not mine."""
        ...


@runtime_checkable
class Pacer(Protocol):
    """Role of a plugin that holds calls back, such as until a venue's ban has passed."""

    def delay(self, operation: Operation, component: str) -> float:
        """Return the seconds to wait before this call may be sent; 0.0 lets it go.

        Asked before every attempt, and again after the wait. Quick, and without I/O.
        """
        ...


@runtime_checkable
class Admitter(Protocol):
    """Role of a plugin that watches side effects from before they are sent until they have ended.

    Asked for guarded calls of kind SUBMIT and AMEND only.
    """

    def admit(self, call: Call, component: str) -> Recovery | Awaitable[Recovery | None] | None:
        """Say whether a side effect may be sent, before its first attempt.

        Returns:
            None to let it go; ``Recovery.recovered`` with the result, where the side effect is found to have happened
            already; ``Recovery.unknown`` where it may have happened and must not be sent. An awaitable of these only
            where there is something to wait for: a synchronous call must find an event loop for it.
        """
        ...

    def settle(self, call: Call, component: str, error: BaseException | None) -> None:
        """Take note that an admitted call has ended: with a result (``error`` is None), an exception or a cancellation.

        ``call.unresolved`` tells whether nobody knows what became of it. Quick, and without I/O.
        """
        ...


@runtime_checkable
class ResultKeeper(Protocol):
    """Role of a plugin that wants the good results of the guarded calls whose policies it serves."""

    serves: tuple[type, ...]

    def remember(self, call: Call, value: Any) -> None:
        """Take note of a result. Quick, bounded, and without I/O."""
        ...


@runtime_checkable
class CircuitStatus(Protocol):
    """Role of a plugin that keeps circuit breakers."""

    def circuit_breaker_status(self) -> Mapping[str, str]:
        """Return each circuit's state, ``closed``, ``open`` or ``half_open``, by key."""
        ...
