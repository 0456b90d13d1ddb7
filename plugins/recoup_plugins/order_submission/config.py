"""How submissions are verified."""

from __future__ import annotations

from attrs import field, frozen
from attrs.validators import ge, gt, instance_of

_NUMBER = instance_of((int, float))


@frozen(kw_only=True)
class OrderSubmissionConfig:
    """How a submission is verified. Immutable; all times in seconds.

    Attributes:
        settle_time: for how long "not found" must persist before the order counts as not placed. Doubles with each
            round of the same call, since a venue that fails again is unwell. Venues accept orders late: half a second
            after the refusal has been seen.
        unprotected_settle_time: least settle time where the venue might execute the same id twice: under every rule
            but ``forever``, since ``open_only`` protects nothing once the first order is filled.
        duplicate_settle_time: as ``settle_time`` where the venue said that the order exists: it refused a duplicate,
            or accepted the id earlier. What is absent even then stays unknown.
        poll_interval: between the first lookups; grows. Also between two looks at another call under the same id.
        max_pause: most that the pause between lookups grows to.
        verify_timeout: most that one verification takes, the wait for others included.
        cross_check: whether "not found" is held against the open orders, the recent ones and the trades before it
            counts. Where the venue takes an id again at any time, it is in any case.
        max_lookups: lookups under way at one venue at most; the others wait for their turn.
        max_resends: how often one call is sent again at most.
        max_cancels: how often one cancel is repeated at most while the order is open.
        max_intents: intents remembered at most; those of which nothing is in doubt are forgotten first.
        background_interval: until an unknown order is looked up again in the background; doubles each time.
        background_max_interval: most that it grows to.
        background_for: time after which the background gives an unknown order up and tells a human so.
        max_background: unknown orders looked after at the same time.
    """

    settle_time: float = field(default=3.0, validator=[_NUMBER, gt(0)])
    unprotected_settle_time: float = field(default=10.0, validator=[_NUMBER, gt(0)])
    duplicate_settle_time: float = field(default=30.0, validator=[_NUMBER, gt(0)])
    poll_interval: float = field(default=0.5, validator=[_NUMBER, gt(0)])
    max_pause: float = field(default=30.0, validator=[_NUMBER, gt(0)])
    verify_timeout: float = field(default=600.0, validator=[_NUMBER, gt(0)])
    cross_check: bool = field(default=True, validator=instance_of(bool))
    max_lookups: int = field(default=4, validator=[instance_of(int), ge(1)])
    max_resends: int = field(default=3, validator=[instance_of(int), ge(0)])
    max_cancels: int = field(default=5, validator=[instance_of(int), ge(0)])
    max_intents: int = field(default=10_000, validator=[instance_of(int), ge(1)])
    background_interval: float = field(default=5.0, validator=[_NUMBER, gt(0)])
    background_max_interval: float = field(default=300.0, validator=[_NUMBER, gt(0)])
    background_for: float = field(default=86_400.0, validator=[_NUMBER, gt(0)])
    max_background: int = field(default=64, validator=[instance_of(int), ge(1)])

    def least_settle_time(self, *, protected: bool) -> float:
        """Return for how long "not found" must persist; ``protected`` is a venue that refuses the same id for good."""
        return self.settle_time if protected else max(self.settle_time, self.unprotected_settle_time)
