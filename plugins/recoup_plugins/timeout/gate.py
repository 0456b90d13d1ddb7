"""A time limit as a gate around calls."""

from __future__ import annotations

import asyncio
import sys
import threading
import weakref
from typing import TYPE_CHECKING, Final

from attrs import frozen

from recoup import DeadlineExceeded, PolicyEvent, Timeout
from recoup.deadline import ambient_deadline
from recoup_plugins.timeout.cutoffs import Cutoff, NoCutoff, cutoff_for, is_ours
from recoup_plugins.timeout.queue import CANCELLING, EXPIRED, QUEUE, TASK, Entry

if TYPE_CHECKING:
    from collections.abc import Callable

    from recoup import Host
    from recoup_plugins.timeout.queue import DeadlineQueue
    from recoup_plugins.timeout.queues import Queues

# None where there is no loop; the public function raises then, which costs a synchronous call ten times as much.
_running_loop = asyncio._get_running_loop  # noqa: SLF001 - exported and documented, for event loops
# The public function is written in Python before 3.12, and costs three times what it looks up.
_current_task: Callable[[asyncio.AbstractEventLoop | None], asyncio.Task[object] | None] = (
    asyncio.current_task if sys.version_info >= (3, 12) else vars(asyncio.tasks)["_current_tasks"].get
)
_this_thread = threading.get_ident
_around = ambient_deadline.get
_pass_on = ambient_deadline.set
_take_back = ambient_deadline.reset


@frozen
class Apart:
    """A call that no queue cuts off: how it is cut off, its deadline, and the seconds that it was given."""

    cutoff: Cutoff
    until: float
    seconds: float


def _no_queue() -> None:
    """Stands for a reference to a queue where there is none."""


class TimeoutGate:
    """A :class:`recoup.Gate` that passes a deadline on and cuts off what has not ended by then.

    In a task of asyncio or trio, the call is cancelled at its deadline and :class:`recoup.Timeout` comes out, with the
    cancellation as its cause. A cancellation from outside goes before, and a call that swallows its cancellation keeps
    its result, as with :func:`asyncio.timeout`. In synchronous code nothing is cut off, since only a thread left behind
    could do it: the deadline is passed on to whatever honours it within, and a call that ends late keeps its result.

    What happens is one deadline for all, :func:`recoup.remaining`; one that is nearer already stays, and cuts off in a
    task. Once it has passed, no call begins.

    Thread-safe and task-safe: what is shared between threads is one reference, replaced as a whole, which is atomic
    without a global lock too. Everything else belongs to the loop or call that it is about.

    Args:
        key: what stands in errors and events.
        seconds: until a call is cut off.
        host: whose clock counts.
        queues: where calls with the same limit wait together; None has each wait by itself.
    """

    __slots__ = ("_host", "_monotonic", "_queue", "_queues", "_seconds", "key")

    def __init__(self, key: str, seconds: float, host: Host, queues: Queues | None) -> None:
        self.key: Final = key
        self._seconds = seconds
        self._host = host
        self._queues = queues
        self._monotonic = host.clock.monotonic if queues is None else queues.monotonic
        self._queue: Callable[[], DeadlineQueue | None] = _no_queue

    def acquire(self, queue: DeadlineQueue | None = None) -> Entry:
        """Set the deadline for one call.

        Args:
            queue: where the call waits together with others; by default, the one used last if its loop runs here.

        Raises:
            DeadlineExceeded: one around it has passed.
        """
        if queue is None:
            queue = self._queue()
            # A loop knows its thread: to ask which loop runs here costs a system call before Python 3.12.
            if queue is None or queue.runner._thread_id != _this_thread():  # noqa: SLF001 - as above
                return self._begin(_running_loop())
        loop = queue.loop
        task = _current_task(loop)
        until = self._monotonic() + self._seconds
        around = _around()
        if task is None or (around is not None and around < until):
            return self._begin_apart(loop)
        if queue.has_ended:
            queue.make_room()
        entry = [task, until, task.cancelling(), _pass_on(until), queue]
        queue.calls.append(entry)
        return entry

    def release(self, permit: Entry, error: BaseException | None) -> None:
        """Take the deadline back.

        Raises:
            Timeout: the call was cut off.
        """
        ended, until, cancelling, token, queue = permit
        try:  # noqa: SIM105 - costs nothing here
            _take_back(token)
        except ValueError:
            pass  # closed unfinished from another context, which never had this deadline
        if error is None and until is not EXPIRED:
            last = queue.calls.pop()
            if last is permit:
                return
            queue.calls.append(last)
        permit.clear()  # an error's traceback holds it, and so the task, which would hold the error
        if until is not EXPIRED:
            queue.has_ended = True
        elif type(ended) is Apart:
            self._end_apart(ended, error)
        elif is_ours(ended, cancelling, error):
            raise self._timeout(self._seconds) from error

    def within(self, outer: TimeoutGate) -> NestedTimeoutGate:  # noqa: ARG002 - any will do
        """Return what stands in this gate's place within another one around the same call."""
        return NestedTimeoutGate(self.key, self._seconds, self._host, self._queues)

    def resume(self, permit: Entry) -> None:
        """Set the deadline of a call anew, which a time-out within it has left changed."""
        ended, until, *_ = permit
        _pass_on(ended.until if type(ended) is Apart else until)

    def _begin(self, loop: asyncio.AbstractEventLoop | None) -> Entry:
        """Begin where there is no queue at hand."""
        if loop is None or self._queues is None or _current_task(loop) is None:
            return self._begin_apart(loop)
        queue = self._queue()
        if queue is None or queue.loop is not loop:
            queue = self._queues.obtain(loop, self._seconds)
            self._queue = weakref.ref(queue)
        return TimeoutGate.acquire(self, queue)

    def _begin_apart(self, loop: asyncio.AbstractEventLoop | None) -> Entry:
        """Begin where the call is not cut off by a queue, or not at all; such an entry counts as expired throughout."""
        clock = self._host.clock
        now = clock.monotonic()
        until = now + self._seconds
        around = _around()
        if around is not None and around < until:
            if around <= now:
                raise self._refusal(now - around)
            until = around
        return [Apart(cutoff_for(clock, until, loop), until, until - now), EXPIRED, 0, _pass_on(until), None]

    def _end_apart(self, apart: Apart, error: BaseException | None) -> None:
        if apart.cutoff.end(error):
            raise self._timeout(apart.seconds) from error
        if isinstance(apart.cutoff, NoCutoff) and self._host.hears("policy"):
            self._tell_if_late(apart.until, apart.seconds)

    def _timeout(self, seconds: float) -> Timeout:
        self._tell("timed_out", f"cut off after {seconds:g} s")
        return Timeout(f"{self.key} had not ended after {seconds:g} s", key=self.key, seconds=seconds)

    def _refusal(self, late: float) -> DeadlineExceeded:
        self._tell("refused", "the deadline around it had passed")
        return DeadlineExceeded(
            f"{self.key} was not called: the deadline around it passed {late:.3g} s before", key=self.key
        )

    def _tell_if_late(self, until: float, seconds: float) -> None:
        late = self._host.clock.monotonic() - until
        if late > 0:
            self._tell("late", f"synchronous code ended {late:.3g} s after its {seconds:g} s")

    def _tell(self, action: str, detail: str) -> None:
        if self._host.hears("policy"):
            self._host.publish(PolicyEvent(policy="timeout", key=self.key, action=action, detail=detail))


class NestedTimeoutGate(TimeoutGate):
    """A :class:`TimeoutGate` within another around the same call; what that has looked up need not be looked up again.

    A call that succeeds leaves its deadline for the outer gate to take back together with its own.
    """

    __slots__ = ()

    def acquire(self, outer: Entry | None = None) -> Entry:  # type: ignore[override]
        """Set the deadline for one call.

        Args:
            outer: the permit of the outer gate, or None where it has none.

        Raises:
            DeadlineExceeded: one around it has passed.
        """
        if outer is None:
            return self._begin_apart(_running_loop())
        queue, shared = self._queue(), outer[QUEUE]
        if queue is None or shared is None or queue.loop is not shared.loop:
            return self._begin(_running_loop())
        until = self._monotonic() + self._seconds
        around = _around()
        if around is not None and around < until:
            return self._begin_apart(shared.loop)
        if queue.has_ended:
            queue.make_room()
        entry = [outer[TASK], until, outer[CANCELLING], _pass_on(until), queue]
        queue.calls.append(entry)
        return entry

    def release(self, permit: Entry, error: BaseException | None) -> None:
        """Take note that the call has ended; see :meth:`TimeoutGate.release`."""
        queue = permit[QUEUE]
        if error is None and queue is not None:
            last = queue.calls.pop()
            if last is permit:
                return
            queue.calls.append(last)
        TimeoutGate.release(self, permit, error)
