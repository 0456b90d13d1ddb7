"""What a circuit says of itself."""

from __future__ import annotations

from enum import StrEnum

from attrs import frozen


class BreakerState(StrEnum):
    """What a circuit does with the next call."""

    CLOSED = "closed"
    """Lets it through."""
    OPEN = "open"
    """Refuses it."""
    HALF_OPEN = "half_open"
    """Lets it through as a trial, while there is room for one."""


class BreakerMode(StrEnum):
    """Who decides on a circuit's state."""

    AUTOMATIC = "automatic"
    """Its calls."""
    FORCED_OPEN = "forced_open"
    """An operator: nothing passes."""
    DISABLED = "disabled"
    """An operator: everything passes and nothing counts."""


@frozen(kw_only=True)
class BreakerStatus:
    """One circuit at one moment. Immutable.

    Attributes:
        key: the circuit.
        state: what it does with the next call; an open circuit above it opens it too.
        mode: who decides.
        calls: calls in the window while closed; those in it when it opened, and failed trials, afterwards.
        failures: how many of these failed; without a window, how many in a row.
        slow_calls: how many of these were slow.
        retry_after: seconds until a trial call, where it is open and anybody can tell, or None.
        trials: trial calls under way.
        openings: how often it has opened since it was made.
        parents: keys of the circuits above it, the outermost first.
    """

    key: str
    state: BreakerState
    mode: BreakerMode
    calls: int
    failures: int
    slow_calls: int
    retry_after: float | None
    trials: int
    openings: int
    parents: tuple[str, ...]

    @property
    def failure_rate(self) -> float:
        """Failed part of the calls, from 0 to 1."""
        return self.failures / self.calls if self.calls else 0.0

    @property
    def slow_call_rate(self) -> float:
        """Slow part of the calls, from 0 to 1."""
        return self.slow_calls / self.calls if self.calls else 0.0
