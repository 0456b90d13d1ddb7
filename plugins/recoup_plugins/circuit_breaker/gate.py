"""A breaker as a gate around calls."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, NamedTuple

from recoup import Refused
from recoup_plugins.circuit_breaker.state import Ending

if TYPE_CHECKING:
    from recoup import CircuitBreakerConfig
    from recoup_plugins.circuit_breaker.state import CircuitBreaker


class _Held(NamedTuple):
    gate: BreakerGate
    permit: int
    outer: _Held | None


_held: ContextVar[_Held | None] = ContextVar("recoup_breaker_permits", default=None)
"""Permits of the calls under way in this task or thread, innermost first; as deep as guarded calls are nested."""


class BreakerGate:
    """A :class:`recoup.Gate` over one circuit. Thread-safe and task-safe.

    The permit of an admitted call is kept in its task's or thread's context, so a call is released where it was
    acquired. Calls through the same gate may be nested.

    Attributes:
        breaker: the state machine.
        config: what it was built from.
    """

    __slots__ = ("__weakref__", "breaker", "config")

    def __init__(self, breaker: CircuitBreaker, config: CircuitBreakerConfig) -> None:
        self.breaker = breaker
        self.config = config

    @property
    def key(self) -> str:
        """The circuit's name."""
        return self.breaker.key

    def acquire(self) -> None:
        """Let one call through.

        Raises:
            CircuitOpen: the call must not be made.
        """
        _held.set(_Held(self, self.breaker.acquire(), _held.get()))

    def release(self, error: BaseException | None) -> None:
        """Take note of how an admitted call ended.

        None is a success; an error of ``expected_exception`` is a failure. A cancellation, any other error, and a
        :class:`recoup.Refused`, after which nothing was sent, are neither: they only give the place back.

        Raises:
            RuntimeError: this task or thread acquired nothing here.
        """
        self.breaker.release(self._take_permit(), self._ending(error))

    def expects(self, error: BaseException) -> bool:
        """Whether the configuration counts an error of this type."""
        return isinstance(error, self.config.expected_exception) and not isinstance(error, Refused)

    def _ending(self, error: BaseException | None) -> Ending:
        if error is None:
            return Ending.SUCCESS
        return Ending.FAILURE if self.expects(error) else Ending.NEITHER

    def _take_permit(self) -> int:
        inner: list[_Held] = []
        entry = _held.get()
        while entry is not None and entry.gate is not self:
            inner.append(entry)
            entry = entry.outer
        if entry is None:
            raise RuntimeError(f"circuit {self.key!r} was released by a task or thread that had not acquired it")
        rest = entry.outer
        for other in reversed(inner):
            rest = other._replace(outer=rest)
        _held.set(rest)
        return entry.permit
