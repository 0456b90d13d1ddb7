"""How a limit on concurrency follows latency."""

from __future__ import annotations

from typing import Any

from attrs import field, frozen

from recoup.permits import MOST_PERMITS
from recoup.validators import above_zero, from_one, number, text_or_none

ALGORITHMS = ("gradient", "aimd")


def _algorithm(_: object, attribute: Any, value: Any) -> None:
    if value not in ALGORITHMS:
        raise ValueError(f"'{attribute.name}' must be one of {', '.join(ALGORITHMS)} (got {value!r})")


def _whole(attribute: Any, value: Any, least: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"'{attribute.name}' must be a whole number (got {value!r})")
    if not least <= value <= MOST_PERMITS:
        raise ValueError(f"'{attribute.name}' must be from {least} to {MOST_PERMITS} (got {value})")


def _calls_from_one(_: object, attribute: Any, value: Any) -> None:
    _whole(attribute, value, 1)


def _calls_from_zero(_: object, attribute: Any, value: Any) -> None:
    _whole(attribute, value, 0)


def _fraction(_: object, attribute: Any, value: Any) -> None:
    number(attribute, value)
    if not 0 < value <= 1:
        raise ValueError(f"'{attribute.name}' must be above 0 and at most 1 (got {value})")


def _below_one(_: object, attribute: Any, value: Any) -> None:
    number(attribute, value)
    if not 0 < value < 1:
        raise ValueError(f"'{attribute.name}' must be above 0 and below 1 (got {value})")


def _seconds_or_none(_: object, attribute: Any, value: Any) -> None:
    if value is not None:
        number(attribute, value)
        if value < 0:
            raise ValueError(f"'{attribute.name}' must be 0 seconds or more, or None (got {value})")


@frozen(kw_only=True)
class AdaptiveConcurrencyConfig:
    """How many calls may be under way at a time, as latency allows. Immutable.

    Defaults are those of Netflix's concurrency-limits, ``Gradient2Limit``, ``AIMDLimit`` and ``WindowedLimit``, but for
    ``min_limit``: a trading bot makes fewer calls than a server answers.

    Attributes:
        algorithm: ``gradient`` compares the latency of late with that of long; ``aimd`` ("additive increase,
            multiplicative decrease", RFC 5681 §3.1) grows until calls are cut off, refused or too slow.
        initial_limit: the limit at first.
        min_limit: the limit never falls below.
        max_limit: nor rises above.
        backoff: what the limit is multiplied by when a call meets overload; once for all calls under way at that time.
        window: seconds of which the latencies are averaged for one step.
        min_samples: calls that such a window has at least; it lasts longer where there are fewer.
        tolerance: gradient: by what factor latency may rise before the limit falls.
        headroom: gradient: calls that the limit may grow by in one step, before smoothing: the queue that is sought.
        smoothing: gradient: the weight of one step against what the limit was.
        long_window: gradient: windows over which the latency of long is averaged.
        probe_every: gradient: windows in which the limit is reached from one look at the latency without a queue to
            the next.
        increase: aimd: calls by which the limit grows each time as many calls as it admits have succeeded.
        max_latency: aimd: seconds of mean latency that count as overload, or None to go by errors only.
        max_queue: calls that may wait for one of those under way to end; the next is refused.
        max_wait: seconds that each waits at most, or None for no limit but the deadline around the call.
        name: the limit; one is shared by all who name it. None: the key of the operation or pipeline, or else each
            function has its own.
    """

    algorithm: str = field(default="gradient", validator=_algorithm)
    initial_limit: int = field(default=20, validator=_calls_from_one)
    min_limit: int = field(default=1, validator=_calls_from_one)
    max_limit: int = field(default=200, validator=_calls_from_one)
    backoff: float = field(default=0.9, validator=_below_one)
    window: float = field(default=1.0, validator=above_zero)
    min_samples: int = field(default=10, validator=_calls_from_one)
    tolerance: float = field(default=1.5, validator=from_one)
    headroom: float = field(default=4.0, validator=above_zero)
    smoothing: float = field(default=0.2, validator=_fraction)
    long_window: int = field(default=600, validator=_calls_from_one)
    probe_every: int = field(default=60, validator=_calls_from_one)
    increase: float = field(default=1.0, validator=above_zero)
    max_latency: float | None = field(default=None, validator=_seconds_or_none)
    max_queue: int = field(default=0, validator=_calls_from_zero)
    max_wait: float | None = field(default=None, validator=_seconds_or_none)
    name: str | None = field(default=None, validator=text_or_none)

    def __attrs_post_init__(self) -> None:
        if not self.min_limit <= self.initial_limit <= self.max_limit:
            raise ValueError(
                f"initial_limit ({self.initial_limit}) must lie between min_limit ({self.min_limit}) and "
                f"max_limit ({self.max_limit})"
            )
