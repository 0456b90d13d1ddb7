"""How long to wait before a call is repeated."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from attrs import field, frozen
from attrs.validators import ge, in_, instance_of

if TYPE_CHECKING:
    from random import Random

    from recoup import RetryConfig


def _finite(_: object, attribute: Any, value: float) -> None:
    if not math.isfinite(value):
        raise ValueError(f"{attribute.name} must be a finite number, got {value}")


@frozen(kw_only=True)
class Backoff:
    """A series of delays. Pure: the same repetition and the same draw give the same delay. Thread-safe and task-safe.

    With ``jitter``, a delay is drawn evenly from zero to the computed one: "full jitter" in Marc Brooker, "Exponential
    Backoff And Jitter", AWS Architecture Blog, 2015.

    Attributes:
        base_delay: seconds before the first repetition.
        max_delay: seconds that no delay exceeds.
        strategy: ``exponential`` multiplies each delay by ``exponential_base``, ``linear`` adds ``base_delay`` each
            time, ``constant`` repeats it.
        exponential_base: factor from one exponential delay to the next.
        jitter: whether delays are drawn.
    """

    base_delay: float = field(default=1.0, validator=[instance_of((int, float)), ge(0), _finite])
    max_delay: float = field(default=60.0, validator=[instance_of((int, float)), ge(0), _finite])
    strategy: str = field(default="exponential", validator=in_(("exponential", "linear", "constant")))
    exponential_base: float = field(default=2.0, validator=[instance_of((int, float)), ge(1), _finite])
    jitter: bool = field(default=False, validator=instance_of(bool))

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

    def delay(self, repetition: int, random: Random) -> float:
        """Return the seconds to wait before a repetition.

        Args:
            repetition: 0 for the first one; any size.
            random: where jitter is drawn from; not touched without jitter, or where the delay is zero.

        Raises:
            ValueError: ``repetition`` is negative.
        """
        longest = self.longest(repetition)
        return random.uniform(0.0, longest) if self.jitter and longest > 0 else longest

    def longest(self, repetition: int) -> float:
        """Return the delay before jitter, in seconds.

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

    def _factor(self, repetition: int) -> float:
        if self.strategy == "linear":
            return float(repetition + 1)
        if self.strategy == "constant" or self.exponential_base == 1:
            return 1.0
        # A float base: a power of integers would be computed to its last digit.
        return float(self.exponential_base) ** repetition
