"""Policies as data: what decorators and configuration ask for."""

from __future__ import annotations

from collections.abc import Callable  # noqa: TC003 - resolved at run time, for configuration files
from enum import Enum
from typing import Any

from attrs import field, fields, frozen
from attrs.validators import optional

from recoup.validators import above_zero, flag, from_one, from_zero, number, text_or_none

BACKOFF_STRATEGIES = ("exponential", "linear", "constant", "decorrelated")
JITTERS = ("full", "equal", "decorrelated")


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


def _backoff(_: object, attribute: Any, value: Any) -> None:
    if value not in BACKOFF_STRATEGIES:
        raise ValueError(f"'{attribute.name}' must be one of {', '.join(BACKOFF_STRATEGIES)} (got {value!r})")


def _jitter(_: object, attribute: Any, value: Any) -> None:
    if not isinstance(value, bool | str):
        raise TypeError(f"'{attribute.name}' must be True, False or the name of a kind (got {value!r})")
    if isinstance(value, str) and value not in JITTERS:
        raise ValueError(f"'{attribute.name}' must be True, False or one of {', '.join(JITTERS)} (got {value!r})")


_above_zero_or_none: Any = optional(above_zero)


def _as_tuple(value: Any) -> Any:
    """Take one function for a tuple of one, and a list for a tuple."""
    if callable(value):
        return (value,)
    return tuple(value) if isinstance(value, list) else value


def _functions(_: object, attribute: Any, value: Any) -> None:
    if not isinstance(value, tuple) or not all(map(callable, value)):
        raise TypeError(f"'{attribute.name}' must be a function or several (got {value!r})")


def _budget(_: object, attribute: Any, value: Any) -> None:
    if value is not None and not isinstance(value, RetryBudget):
        raise TypeError(f"'{attribute.name}' must be a RetryBudget or None (got {value!r})")


def _exception_types(_: object, attribute: Any, value: Any) -> None:
    types = value if isinstance(value, tuple) else (value,)
    if not types or not all(isinstance(item, type) and issubclass(item, Exception) for item in types):
        raise TypeError(f"{attribute.name} takes exception classes derived from Exception (got {value!r})")


def _strategy(_: object, attribute: Any, value: Any) -> None:
    if not isinstance(value, FallbackStrategy):
        raise TypeError(
            f"'{attribute.name}' must be a FallbackStrategy, such as FallbackStrategy.RETURN_NONE (got {value!r})"
        )


def _function(_: object, attribute: Any, value: Any) -> None:
    if value is not None and not callable(value):
        raise TypeError(f"'{attribute.name}' must be a function (got {value!r})")


@frozen(kw_only=True)
class RetryBudget:
    """How many repetitions all calls that share it may make. Immutable.

    A bucket of tokens, as in the standard retry mode of the AWS SDKs: a repetition takes some, and where too few are
    left, the failure is final. While everything fails, nothing comes back, so that an outage of the whole fleet does
    not multiply its load.

    Attributes:
        name: shared by all who name it. None: by all calls of the same key.
        capacity: tokens in a full bucket, as it is at the beginning.
        retry_cost: tokens that a repetition takes.
        timeout_cost: tokens that one takes after a time-out, which has held resources for longer; None: as much as any.
        success_gives: tokens that come back with each call that succeeds.
        per_second: tokens that come back with time, so that a client with little traffic may still repeat now and then
            ("minimum retries per second" in Finagle).
    """

    name: str | None = field(default=None, validator=text_or_none)
    capacity: float = field(default=500, validator=above_zero)
    retry_cost: float = field(default=5, validator=above_zero)
    timeout_cost: float | None = field(default=10, validator=_above_zero_or_none)
    success_gives: float = field(default=1, validator=from_zero)
    per_second: float = field(default=0, validator=from_zero)

    def __attrs_post_init__(self) -> None:
        for cost in ("retry_cost", "timeout_cost"):
            if (getattr(self, cost) or 0) > self.capacity:
                raise ValueError(f"{cost} ({getattr(self, cost):g}) must not be above capacity ({self.capacity:g})")


@frozen(kw_only=True)
class RetryConfig:
    """How a call is repeated. Immutable.

    Attributes:
        max_attempts: calls made at most, the first included.
        base_delay: seconds before the first repetition.
        max_delay: seconds that no delay exceeds, except one that the other side asked for; not below ``base_delay``.
        backoff_strategy: ``exponential``, ``linear``, ``constant``, or ``decorrelated`` (the jitter of that name).
        exponential_base: factor from one exponential delay to the next.
        jitter: how each delay is drawn (AWS Architecture Blog, "Exponential Backoff And Jitter"): ``full`` or True,
            from zero to the computed one; ``equal``, from half of it; ``decorrelated``, from ``base_delay`` to three
            times the delay before, whatever the strategy; False, not at all.
        exceptions: only these are repeated.
        retry_if: given the exception, says whether it is repeated; only asked about ``exceptions``. Its yes counts as
            naming the exception.
        retry_on_result: given a result, says whether the call is repeated for it; the last attempt's result stands.
        max_elapsed: seconds from the first attempt in which repetitions begin, or None for no limit.
        budget: how many repetitions all calls together may make, or None for no limit.
        before_sleep: called before each repetition's delay with a :class:`recoup.Retrying`; one function or several. In
            asynchronous calls what they return is awaited if it can be.
        per_error: whether ``retry_policies`` of the configuration go before these values for the errors they name.
    """

    max_attempts: int = field(default=3, validator=_whole_from_one)
    base_delay: float = field(default=1.0, validator=from_zero)
    max_delay: float = field(default=60.0, validator=from_zero)
    backoff_strategy: str = field(default="exponential", validator=_backoff)
    exponential_base: float = field(default=2.0, validator=from_one)
    jitter: bool | str = field(default=False, validator=_jitter)
    exceptions: tuple[type[Exception], ...] = field(default=(Exception,), validator=_exception_types)
    retry_if: Callable[[Exception], bool] | None = field(default=None, validator=_function)
    retry_on_result: Callable[[Any], bool] | None = field(default=None, validator=_function)
    max_elapsed: float | None = field(default=None, validator=_above_zero_or_none)
    budget: RetryBudget | None = field(default=None, validator=_budget)
    before_sleep: tuple[Callable[..., Any], ...] = field(default=(), converter=_as_tuple, validator=_functions)
    per_error: bool = field(default=False, validator=flag)

    def __attrs_post_init__(self) -> None:
        if self.max_delay < self.base_delay:
            raise ValueError(f"max_delay ({self.max_delay:g}) must not be below base_delay ({self.base_delay:g})")
        if self.backoff_strategy == "decorrelated" and self.jitter in ("full", "equal"):
            raise ValueError(
                f"backoff_strategy 'decorrelated' is a jitter of its own: leave out jitter={self.jitter!r}"
            )

    @property
    def names_exceptions(self) -> bool:
        """Whether somebody said which errors are repeated, so that even those that are known to be permanent are."""
        return self.retry_if is not None or self.exceptions not in ((Exception,), Exception)


@frozen(kw_only=True)
class Retrying:
    """What ``before_sleep`` is told: a call has failed, and is made again. Immutable.

    Attributes:
        attempt: calls made so far.
        error: what the last one raised, or None where its result is not accepted.
        delay: seconds until the next one.
        key: what is called.
    """

    attempt: int
    error: Exception | None
    delay: float
    key: str


CIRCUIT_WINDOWS = ("count", "time")


def _window(_: object, attribute: Any, value: Any) -> None:
    if value is not None and value not in CIRCUIT_WINDOWS:
        raise ValueError(f"'{attribute.name}' must be one of {', '.join(CIRCUIT_WINDOWS)}, or None (got {value!r})")


def _ratio(_: object, attribute: Any, value: Any) -> None:
    number(attribute, value)
    if not 0 < value <= 1:
        raise ValueError(f"'{attribute.name}' must be above 0 and at most 1 (got {value})")


def _exception_types_or_none(_: object, attribute: Any, value: Any) -> None:
    if value != ():
        _exception_types(_, attribute, value)


@frozen(kw_only=True)
class CircuitBreakerConfig:
    """When a circuit opens and closes. Immutable.

    Without a ``window``, ``failure_threshold`` failures in a row open the circuit. With one, it opens as soon as at
    least ``minimum_calls`` are in the window and the part of them that failed, or was slow, reaches its threshold.

    Attributes:
        failure_threshold: failures in a row that open it; of no account with a window.
        recovery_timeout: seconds that it stays open before a trial call is let through.
        expected_exception: only these count as failures.
        name: the circuit's key; one breaker is shared by all who name it. None: the component and qualified name of
            the guarded function. ``venue > account > endpoint`` names its levels: an open one closes off those below.
        ignored_exceptions: these count as neither success nor failure, although they are expected.
        window: ``count`` for the last calls, ``time`` for the calls of the last seconds, None for failures in a row.
        window_size: calls, or seconds, in the window.
        failure_rate_threshold: failed part of the calls that opens the circuit, above 0 and at most 1.
        slow_call_duration: seconds from which on a call is slow, or None.
        slow_call_rate_threshold: slow part of the calls that opens the circuit, above 0 and at most 1.
        minimum_calls: calls in the window without which nothing opens. None: 10, or ``window_size`` where a count
            window is smaller.
        half_open_max_calls: trial calls under way at once at most.
        success_threshold: trial calls that must succeed to close the circuit; one that fails, or is slow, reopens it.
        recovery_multiplier: factor by which the time open grows each time that a trial fails.
        max_recovery_timeout: seconds that it does not outgrow. None: an hour, or ``recovery_timeout`` if that is more.
        parent: name of the circuit above this one, such as ``venue > account``, or None.

    Raises:
        TypeError: a value is of the wrong type.
        ValueError: a value is out of its range, or is given without the window or slow call that it is about.
    """

    failure_threshold: int = field(default=5, validator=_whole_from_one)
    recovery_timeout: float = field(default=60, validator=above_zero)
    expected_exception: type[Exception] | tuple[type[Exception], ...] = field(
        default=Exception, validator=_exception_types
    )
    name: str | None = field(default=None, validator=text_or_none)
    ignored_exceptions: type[Exception] | tuple[type[Exception], ...] = field(
        default=(), validator=_exception_types_or_none
    )
    window: str | None = field(default=None, validator=_window)
    window_size: float = field(default=100, validator=above_zero)
    failure_rate_threshold: float = field(default=0.5, validator=_ratio)
    slow_call_duration: float | None = field(default=None, validator=_above_zero_or_none)
    slow_call_rate_threshold: float = field(default=1.0, validator=_ratio)
    minimum_calls: int | None = field(default=None, validator=optional(_whole_from_one))
    half_open_max_calls: int = field(default=1, validator=_whole_from_one)
    success_threshold: int = field(default=1, validator=_whole_from_one)
    recovery_multiplier: float = field(default=1.0, validator=from_one)
    max_recovery_timeout: float | None = field(default=None, validator=_above_zero_or_none)
    parent: str | None = field(default=None, validator=text_or_none)

    def __attrs_post_init__(self) -> None:
        if self.window is None:
            self._refuse_what_needs_a_window()
        elif self.window == "count":
            self._check_count_window()
        if self.slow_call_duration is None and self.slow_call_rate_threshold != 1:
            raise ValueError("slow_call_rate_threshold needs a slow_call_duration, from which on a call is slow")
        if self.max_recovery_timeout is not None and self.max_recovery_timeout < self.recovery_timeout:
            raise ValueError(
                f"max_recovery_timeout ({self.max_recovery_timeout:g}) must not be below recovery_timeout "
                f"({self.recovery_timeout:g})"
            )

    def _refuse_what_needs_a_window(self) -> None:
        for item in ("window_size", "failure_rate_threshold", "slow_call_duration", "minimum_calls"):
            if getattr(self, item) != getattr(fields(CircuitBreakerConfig), item).default:
                raise ValueError(
                    f"{item} is about a sliding window: add window='count' or window='time', or leave it out and "
                    "have failure_threshold failures in a row open the circuit"
                )

    def _check_count_window(self) -> None:
        if self.window_size != int(self.window_size):
            raise ValueError(f"window_size of a count window must be a whole number of calls (got {self.window_size})")
        if self.minimum_calls is not None and self.minimum_calls > self.window_size:
            raise ValueError(
                f"minimum_calls ({self.minimum_calls}) must not be above window_size ({self.window_size:g}): the "
                "window would never hold so many"
            )


@frozen(kw_only=True)
class FallbackConfig:
    """What stands in for a result when a call has failed for good. Immutable.

    Attributes:
        strategy: which stand-in.
        default_value: for ``RETURN_DEFAULT``.
        fallback_function: for ``RETRY_ALTERNATIVE``; called with the call's arguments.
        exceptions: only for these there is a stand-in.
    """

    strategy: FallbackStrategy = field(default=FallbackStrategy.RETURN_NONE, validator=_strategy)
    default_value: Any = None
    fallback_function: Callable[..., Any] | None = field(default=None, validator=_function)
    exceptions: tuple[type[Exception], ...] = field(default=(Exception,), validator=_exception_types)

    def __attrs_post_init__(self) -> None:
        if self.strategy is FallbackStrategy.RETRY_ALTERNATIVE and self.fallback_function is None:
            raise ValueError("FallbackStrategy.RETRY_ALTERNATIVE needs a fallback_function to call")


PolicyConfig = RetryConfig | CircuitBreakerConfig | FallbackConfig | Any
"""Any object may be a policy configuration: a plugin says by type which ones it serves."""


@frozen(kw_only=True)
class CacheConfig:
    """Which results stand for later calls with the same arguments. Immutable.

    Attributes:
        ttl: seconds that a good result is given out.
        max_results: results kept at most; the one used longest ago goes first.
        stale_if_error: seconds past ``ttl`` for which it still stands in when the call fails (RFC 5861 §4).
        single_flight: whether calls with the same arguments at the same time share one.
    """

    ttl: float = field(default=300.0, validator=above_zero)
    max_results: int = field(default=1000, validator=_whole_from_one)
    stale_if_error: float = field(default=0.0, validator=from_zero)
    single_flight: bool = field(default=True, validator=flag)
