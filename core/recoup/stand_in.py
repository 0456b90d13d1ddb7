"""Whether a result is what was asked for, or a stand-in, told from within a call to whoever keeps results around it."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_watched: ContextVar[StandIns | None] = ContextVar("recoup_stand_ins", default=None)


class StandIns:
    """What a keeper of results is told of one call. Thread-safe: nothing but a flag that is only ever raised.

    Attributes:
        seen: whether a stand-in was given within.
    """

    __slots__ = ("around", "seen")

    def __init__(self, around: StandIns | None) -> None:
        self.around = around
        self.seen = False


@contextmanager
def watch_stand_ins() -> Iterator[StandIns]:
    """Watch for stand-ins given within the block, also in tasks that it starts."""
    watch = StandIns(_watched.get())
    token = _watched.set(watch)
    try:
        yield watch
    finally:
        _watched.reset(token)


def note_stand_in() -> None:
    """Say that the result of the call under way is no good result of the call itself, but stands in for one."""
    watch = _watched.get()
    while watch is not None:
        watch.seen = True
        watch = watch.around
