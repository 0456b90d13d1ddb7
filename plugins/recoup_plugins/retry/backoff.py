"""How long to wait before a call is repeated."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from attrs import field, frozen
from attrs.validators import ge, in_, instance_of

if TYPE_CHECKING:
    from random import Random

    from recoup import RetryConfig


_JITTERS = (True, False, "full", "equal", "decorrelated")


def _finite(_: object, attribute: Any, value: float) -> None:
    if not math.isfinite(value):
        raise ValueError(f"{attribute.name} must be a finite number, got {value}")


def _jitter(_: object, attribute: Any, value: object) -> None:
    if value not in _JITTERS:
        raise ValueError(f"{attribute.name} must be one of {', '.join(map(str, _JITTERS))}, got {value!r}")


@frozen(kw_only=True)
class Backoff:
    """A series of delays. Pure: the same repetition and the same draw give the same delay. Thread-safe and task-safe.

    The kinds of jitter are those of Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015: with
    ``full`` a delay is drawn evenly from zero to the computed one, with ``equal`` from half of it. With
    ``decorrelated`` it is drawn from ``base_delay`` to three times the delay before, and no strategy counts.

    Attributes:
        base_delay: seconds before the first repetition.
        max_delay: seconds that no delay exceeds.
        strategy: ``exponential`` multiplies each delay by ``exponential_base``, ``linear`` adds ``base_delay`` each
            time, ``constant`` repeats it; ``decorrelated`` is the jitter of that name.
        exponential_base: factor from one exponential delay to the next.
        jitter: ``full`` or True, ``equal``, ``decorrelated``, or False where delays are not drawn.
    """

    base_delay: float = field(default=1.0, validator=[instance_of((int, float)), ge(0), _finite])
    max_delay: float = field(default=60.0, validator=[instance_of((int, float)), ge(0), _finite])
    strategy: str = field(default="exponential", validator=in_(("exponential", "linear", "constant", "decorrelated")))
    exponential_base: float = field(default=2.0, validator=[instance_of((int, float)), ge(1), _finite])
    jitter: bool | str = field(default=False, validator=_jitter)

    @classmethod
    def from_config(cls, config: RetryConfig) -> Backoff:
        """Take the delays that a retry policy asks for.

        Raises:
            ValueError: one of them is not finite.
        """
        return cls(
            base_delay=config.base_delay,
            max_delay=config.max_delay,
            strategy=config.backoff_strategy,
            exponential_base=config.exponential_base,
            jitter=config.jitter,
        )

    @property
    def is_decorrelated(self) -> bool:
        """Whether each delay is drawn by the one before."""
        return "decorrelated" in (self.strategy, self.jitter)

    def delay(self, repetition: int, random: Random, previous: float | None = None) -> float:
        """Return the seconds to wait before a repetition.

        Args:
            repetition: 0 for the first one; any size.
            random: where jitter is drawn from; not touched without jitter, or where the delay is zero.
            previous: the delay before, for decorrelated jitter; ``base_delay`` by default.

        Raises:
            ValueError: ``repetition`` is negative.
        """
        if self.is_decorrelated:
            return self._decorrelated(random, self.base_delay if previous is None else previous)
        longest = self.longest(repetition)
        if not self.jitter or longest <= 0:
            return longest
        if self.jitter == "equal":
            return longest / 2 + random.uniform(0.0, longest / 2)
        return random.uniform(0.0, longest)

    def longest(self, repetition: int) -> float:
        """Return the delay before jitter, in seconds; with decorrelated jitter, the first one that may be drawn.

        Raises:
            ValueError: ``repetition`` is negative.
        """
        if repetition < 0:
            raise ValueError(f"repetition counts from 0, got {repetition}")
        if self.base_delay == 0:
            return 0.0
        try:
            return min(float(self.max_delay), self.base_delay * self._factor(repetition))
        except OverflowError:
            return float(self.max_delay)

    def _decorrelated(self, random: Random, previous: float) -> float:
        if self.base_delay == 0:
            return 0.0
        return min(float(self.max_delay), random.uniform(self.base_delay, max(self.base_delay, previous) * 3))

    def _factor(self, repetition: int) -> float:
        if self.strategy == "linear":
            return float(repetition + 1)
        if self.strategy in ("constant", "decorrelated") or self.exponential_base == 1:
            return 1.0
        # A float base: a power of integers would be computed to its last digit.
        return float(self.exponential_base) ** repetition
