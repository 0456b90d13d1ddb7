"""A circuit together with those above it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recoup import CircuitOpen

if TYPE_CHECKING:
    from recoup_plugins.circuit_breaker.permits import Permit
    from recoup_plugins.circuit_breaker.state import CircuitBreaker

SEPARATOR = " > "
"""Between the levels in a circuit's name."""


def names_above(name: str, parent: str | None = None) -> tuple[str, ...]:
    """Return the names of the circuits above one, the outermost first.

    ``a > b > c`` lies below ``a`` and ``a > b``; with a parent, below that and what is above it as well.
    """
    above = () if parent is None else (*names_above(parent), parent)
    levels = name.split(SEPARATOR)
    own = (SEPARATOR.join(levels[:depth]) for depth in range(1, len(levels)))
    return tuple(dict.fromkeys((*above, *own)))


class LevelsGate:
    """A :class:`recoup.Gate` over a circuit and all above it: each must admit the call, and each counts its ending.

    Thread-safe and task-safe.

    Attributes:
        circuit: the lowest one.
    """

    __slots__ = ("_acquire", "_release", "circuit")

    def __init__(self, circuit: CircuitBreaker) -> None:
        self.circuit = circuit
        levels = (*circuit.above, circuit)
        self._acquire = tuple(level.acquire for level in levels)
        self._release = tuple(level.release for level in levels)

    @property
    def key(self) -> str:
        """The lowest circuit's key."""
        return self.circuit.key

    def acquire(self) -> list[Permit]:
        """Admit one call on every level, the outermost first, and return the permits.

        Raises:
            CircuitOpen: one level refuses, the others have been given back; its key is that of the lowest circuit.
        """
        permits: list[Permit] = []
        try:
            for acquire in self._acquire:
                permits.append(acquire())  # noqa: PERF401 - those before a refusal are given back
        except BaseException as error:
            for permit in permits:
                permit.give_back()
            if isinstance(error, CircuitOpen) and error.key != self.key:
                raise CircuitOpen(
                    f"circuit {self.key!r} is closed off: {error}", key=self.key, retry_after=error.retry_after
                ) from None
            raise
        return permits

    def release(self, permits: list[Permit], error: BaseException | None) -> None:
        """Take note on every level of how the call with these permits ended; see :meth:`CircuitBreaker.release`."""
        for release, permit in zip(self._release, permits, strict=True):
            release(permit, error)


class UnrefusedGate:
    """A :class:`recoup.Gate` that refuses nobody, to a circuit and all above it. Thread-safe and task-safe.

    For calls that make a position safer, such as a cancel. A closed circuit counts them like all others. One that is
    not takes no place among its trials for them, and counts their failures as those of calls that asked for no permit:
    see :meth:`CircuitBreaker.record_failure`.

    Attributes:
        circuit: the lowest one.
    """

    __slots__ = ("_levels", "circuit")

    def __init__(self, circuit: CircuitBreaker) -> None:
        self.circuit = circuit
        self._levels = (*circuit.above, circuit)

    @property
    def key(self) -> str:
        """The lowest circuit's key."""
        return self.circuit.key

    def acquire(self) -> list[Permit]:
        """Return one call's permits, one for each level, the outermost first."""
        return [level.attend() for level in self._levels]

    def release(self, permits: list[Permit], error: BaseException | None) -> None:
        """Take note on every level of how the call with these permits ended; see :meth:`CircuitBreaker.release`."""
        for level, permit in zip(self._levels, permits, strict=True):
            level.release(permit, error)
