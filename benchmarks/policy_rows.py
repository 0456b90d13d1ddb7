"""One row of the table of policies: who takes part, and how they are timed beside each other."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from contextlib import nullcontext
from itertools import cycle, islice
from typing import TYPE_CHECKING, Any
from unittest import mock

from attrs import field, frozen
from harness import paired

if TYPE_CHECKING:
    from collections.abc import Mapping

Subject = Callable[[Any], Any]
"""What is timed: a function, or coroutine function, of one argument, with its policies around it."""

Build = Callable[[], Subject]
"""Makes a subject; within the running event loop where the row is asynchronous. ImportError: it is not installed."""

SYMBOL = "BTC/USDT"
RECOUP, BARE, BY_HAND = "recoup", "bare call", "by hand"
ROUND_NS = 2_000_000
"""What a round takes, the same for the fast and the slow, so that interruptions find all of them equally often."""


@frozen(kw_only=True)
class Row:
    """One line of the table. Immutable.

    Attributes:
        title: what is done.
        subjects: those that take part beside recoup, by name; ``BARE`` and ``BY_HAND`` are no peers.
        recoup: recoup's subject.
        bar: the time that recoup may take and that of the fastest peer, in nanoseconds; only their ratio counts.
        extra: nanoseconds that recoup may take beyond ``base``, in place of ``bar``.
        base: the subject that ``extra`` is beyond.
        shown: subjects that do less than the row is about, and to which recoup is not held.
        arguments: handed to the subjects in turn.
        sleeps: whether ``time.sleep`` is real. Where it is not, a library that sleeps for zero seconds between attempts
            is not charged with the system call, of many times the cost of all the rest.
        accepts: tells whether what a subject returned is what the row is about.
    """

    title: str
    recoup: Build
    subjects: Mapping[str, Build]
    bar: tuple[float, float] = (1, 1)
    extra: float | None = None
    base: str = ""
    shown: frozenset[str] = frozenset()
    arguments: tuple[Any, ...] = (SYMBOL,)
    sleeps: bool = True
    accepts: Callable[[Any], bool] = SYMBOL.__eq__


@frozen(kw_only=True)
class Result:
    """What a row came to. Immutable.

    Attributes:
        row: the row.
        taken: nanoseconds of one call, by subject.
        left_out: subjects that took no part, with the reason.
    """

    row: Row
    taken: dict[str, float]
    left_out: dict[str, str] = field(factory=dict)

    @property
    def peers(self) -> dict[str, float]:
        """What the peers took, the fastest first."""
        names = sorted(self.taken.keys() - {RECOUP, BARE, BY_HAND} - self.row.shown, key=self.taken.__getitem__)
        return {name: self.taken[name] for name in names}

    @property
    def is_compared(self) -> bool:
        """Whether any peer took part."""
        return bool(self.peers)

    @property
    def fastest(self) -> str:
        """The name of the peer that recoup is held to: the fastest, or ``base``."""
        return self.row.base if self.row.extra is not None else next(iter(self.peers))

    @property
    def ratio(self) -> float:
        """recoup's time as a share of that peer's."""
        return self.taken[RECOUP] / self.taken[self.fastest]

    @property
    def allowed(self) -> float:
        """The share that is allowed."""
        if self.row.extra is not None:
            return 1 + self.row.extra / self.taken[self.fastest]
        return self.row.bar[0] / self.row.bar[1]

    @property
    def met(self) -> bool:
        """Whether recoup is within what is allowed."""
        return self.ratio <= self.allowed


def measure(row: Row, rounds: int) -> Result:
    """Build everybody who takes part in a row, see that each does what it is about, and time them in turns.

    Each row has an event loop of its own, so that timers which a peer leaves behind burden no other row.

    Raises:
        AssertionError: a subject does something else.
    """
    loop = asyncio.new_event_loop()
    try:
        subjects, left_out = loop.run_until_complete(_built({RECOUP: row.recoup, **row.subjects}))
        for name, subject in subjects.items():
            for argument in row.arguments[:3] * 2:
                outcome = loop.run_until_complete(_outcome(subject, argument))
                assert row.accepts(outcome), f"{row.title}: {name} gave {outcome!r}"
        with nullcontext() if row.sleeps else mock.patch("time.sleep", _no_sleep):
            taken = _timed({name: _run(subject, row.arguments, loop) for name, subject in subjects.items()}, rounds)
    finally:
        loop.close()
    return Result(row=row, taken=taken, left_out=left_out)


def _timed(runs: dict[str, Callable[[int], None]], rounds: int) -> dict[str, float]:
    loops = {name: _loops(run) for name, run in runs.items()}
    best = paired({name: _round(run, loops[name]) for name, run in runs.items()}, 1, rounds)
    return {name: best[name] / loops[name] for name in best}


def _no_sleep(_: float) -> None:
    """Stand for :func:`time.sleep`."""


def _loops(run: Callable[[int], None]) -> int:
    """Return the calls that fill a round."""
    trial = paired({"": run}, 10, 5)[""]
    return max(10, round(ROUND_NS / trial))


def _round(run: Callable[[int], None], loops: int) -> Callable[[int], None]:
    return lambda _: run(loops)


async def _built(builds: Mapping[str, Build]) -> tuple[dict[str, Subject], dict[str, str]]:
    subjects, left_out = {}, {}
    for name, build in builds.items():
        try:
            subjects[name] = build()
        except ImportError as error:
            if name == RECOUP:
                raise
            left_out[name] = str(error)
    return subjects, left_out


async def _outcome(subject: Subject, argument: Any) -> Any:
    result = subject(argument)
    return await result if inspect.isawaitable(result) else result


def _run(subject: Subject, arguments: tuple[Any, ...], loop: asyncio.AbstractEventLoop) -> Callable[[int], None]:
    turns = cycle(arguments)

    def run(loops: int) -> None:
        for argument in islice(turns, loops):
            subject(argument)

    async def run_async(loops: int) -> None:
        for argument in islice(turns, loops):
            await subject(argument)

    if not inspect.iscoroutinefunction(subject):
        return run
    return lambda loops: loop.run_until_complete(run_async(loops))
