"""A point in time after which nothing more is begun, seen by everything that is called within."""

from __future__ import annotations

import math
from contextvars import ContextVar
from typing import TYPE_CHECKING

from recoup.clock import SystemClock

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from contextvars import Token

    from recoup.clock import Clock

_SYSTEM = SystemClock()
ambient_deadline: ContextVar[float | None] = ContextVar("recoup_deadline", default=None)
"""The nearest deadline around, as :meth:`Clock.monotonic`, or None."""


def deadline(seconds: float, *, clock: Clock = _SYSTEM) -> AbstractContextManager[None]:
    """Give everything within a ``with`` block a deadline; one that is nearer already stays.

    Nothing is cancelled: retries, waits and hedges that could not end in time are not begun. Usable in coroutines and
    in synchronous code.

    Args:
        seconds: from the block's beginning, 0 or more.
        clock: the handler's, where it has one of its own.

    Raises:
        ValueError: ``seconds`` is negative or not a number.
    """
    if math.isnan(seconds) or seconds < 0:
        raise ValueError(f"a deadline is 0 seconds from now or later, got {seconds}")
    return _Deadline(seconds, clock)


class _Deadline:
    """A block with a deadline, entered once. Belongs to one task or thread.

    It decorates nothing, on purpose: around a coroutine function it would be over before the coroutine begins.
    """

    __slots__ = ("_clock", "_seconds", "_token")

    def __init__(self, seconds: float, clock: Clock) -> None:
        self._seconds = seconds
        self._clock = clock
        self._token: Token[float | None] | None = None

    def __enter__(self) -> None:
        self._token = ambient_deadline.set(nearer(self._clock.monotonic() + self._seconds))

    def __exit__(self, *_: object) -> None:
        assert self._token is not None
        ambient_deadline.reset(self._token)


def remaining(*, clock: Clock = _SYSTEM) -> float | None:
    """Return the seconds until the nearest deadline around, negative once it has passed; None without one."""
    until = ambient_deadline.get()
    return None if until is None else until - clock.monotonic()


def nearer(until: float) -> float:
    """Return a point in time, or the deadline around where that comes first."""
    around = ambient_deadline.get()
    return until if around is None else min(until, around)
