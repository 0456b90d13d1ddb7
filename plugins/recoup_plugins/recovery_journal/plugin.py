"""The journal as a plugin: an admitter that writes before anything is sent, and the memory that resume() reads."""

from __future__ import annotations

import os
import threading
import weakref
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar

from attrs import frozen

from recoup import (
    IntentFinding,
    IntentState,
    JournalUnavailable,
    OperationKind,
    Recovery,
    ResumeRequired,
    StateEvent,
    Turn,
)
from recoup_plugins.recovery_journal.config import OnFailure, RecoveryJournalConfig
from recoup_plugins.recovery_journal.errors import JournalError
from recoup_plugins.recovery_journal.lookup import Answer, Lookup
from recoup_plugins.recovery_journal.opening import Journal, open_journal
from recoup_plugins.recovery_journal.wording import check_text, clean, end_of, intent_id, intent_of
from recoup_plugins.recovery_journal.writer import Change

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Generator, Sequence

    from recoup import Call, Host, Intent, IntentId
    from recoup_plugins.recovery_journal.store import Store

_UNDER_WAY = Recovery.unknown("another call under the same client order id is under way")
_RESUME_SECONDS = 60.0
"""Of real time in which everything unresolved must have been read."""
_REOPEN_SECONDS = 1.0
"""Between two attempts to open a journal that can't be opened."""


class RecoveryJournal:
    """Writes every order down before it is sent, and what became of it, in a file that outlives the process.

    Role ``Admitter``, for calls of kind SUBMIT and AMEND with a client order id. What has none could not be found again
    and is not recorded, of which an event tells once. The record is durable when the call is admitted. What becomes of
    the call is written soon after it has ended: where that is lost, the order is looked up once more at the next start.

    What stands under the venue's key and the client order id decides, where no other call with that id is under way:

    ==========================  =================================  ====================================================
    recorded                    call                               answer
    ==========================  =================================  ====================================================
    nothing, FAILED             any                                recorded as PENDING; sent
    ACCEPTED                    SUBMIT                             looked up once: adopted where found, else
                                                                   ``OutcomeUnknown``; never sent again
    PENDING, UNKNOWN (SUBMIT)   SUBMIT                             looked up: adopted where found; recorded anew and
                                                                   sent where absent for ``settle_time``; else
                                                                   ``OutcomeUnknown``
    PENDING, UNKNOWN (SUBMIT)   AMEND                              ``OutcomeUnknown``: what it changes may not exist
    ACCEPTED (AMEND)            AMEND                              recorded as PENDING; sent: a change is wanted anew
    PENDING, UNKNOWN (AMEND)    AMEND                              ``OutcomeUnknown``: no lookup tells whether a change
                                                                   was made
    any, and a call with the    any                                ``OutcomeUnknown``
    same id is under way
    any, left by an earlier     any                                ``ResumeRequired``, until :meth:`resumed`
    process as unresolved
    ==========================  =================================  ====================================================

    It is looked up at the order port, or by ``Operation.verify`` where there is none.

    A record moves on so: PENDING when it is made; ACCEPTED, FAILED or UNKNOWN when its call ends; from PENDING or
    UNKNOWN to ACCEPTED or FAILED by :meth:`resolve` or ``recoup journal resolve``; and from FAILED, or from PENDING or
    UNKNOWN that was looked up and is absent, back to PENDING when it is sent again.

    Role ``IntentJournal``. Thread-safe and task-safe. A process that is forked refuses every order: the journal stays
    its parent's.

    Args:
        config: where, how durable, for how long.
        host: gives the clock and the sanitizer, makes lookups, and tells a human.
    """

    Config: ClassVar[type[RecoveryJournalConfig]] = RecoveryJournalConfig
    enabled_by_default: ClassVar[bool] = False

    def __init__(self, config: RecoveryJournalConfig, host: Host) -> None:
        self._config = config
        self._host = host
        self._lock = threading.RLock()  # held over no I/O but the opening; a signal handler may come in
        self._under_way: dict[IntentId, tuple[Call, Intent]] = {}
        self._journal: Journal | None = None
        self._owner = os.getpid()
        self._is_stopped = False
        self._must_resume = False
        self._has_told = False
        self._failure: JournalError | None = None
        self._reopen_at = float("-inf")

    def start(self) -> None:
        """Open the journal. Where that fails a human is told, and orders are refused until it can be opened."""
        self._is_stopped = False
        try:
            self._opened()
        except JournalError as failure:
            self._host.escalate("recovery_journal", "start", str(failure))

    def stop(self) -> None:
        """Write what waits, and close the journal."""
        with self._lock:
            self._is_stopped = True
            journal, self._journal = self._journal, None
        if journal is not None:
            journal.close()

    def admit(self, call: Call, component: str) -> Awaitable[Recovery | None] | None:
        """Have the call recorded before it is sent, and wait until that is durable.

        Raises:
            ResumeRequired: an earlier process left unresolved orders.
            JournalUnavailable: it can't be recorded.
        """
        intent = self._intent(call, component)
        return None if intent is None else self._admit(call, intent)

    def admit_sync(self, call: Call, component: str) -> Awaitable[Recovery | None] | Recovery | None:
        """As :meth:`admit`, by blocking the calling thread; only a lookup has it wait for an event loop."""
        intent = self._intent(call, component)
        if intent is None:
            return None
        if not self._hold(call, intent):
            return _UNDER_WAY
        is_held = False
        try:
            is_held = self._begin_sync(intent) is None
        finally:
            if not is_held:
                self._let_go(intent)
        # Begun anew in the event loop: where there is none to be had, nothing is left half done.
        return None if is_held else _Later(self._admit, call, intent)

    def settle(self, call: Call, component: str, error: BaseException | None) -> None:
        """Have the end of a call recorded."""
        with self._lock:
            held, intent = self._under_way.get(intent_id(call, component), (None, None))
            if held is not call or intent is None:
                return
            del self._under_way[intent.id]
            self._write_end(intent, *end_of(call, error))

    def unresolved(self) -> Sequence[Intent]:
        """Return the intents that earlier processes left, in the order in which they were recorded.

        Raises:
            JournalError: the journal can't be opened or read.
        """
        left = self._opened().writer.do(lambda store: store.left(), timeout=_RESUME_SECONDS)
        return [record.intent for record in left]

    def resolve(self, intent: IntentId, finding: IntentFinding) -> None:
        """Have the finding of a verification recorded.

        Of an intent whose call is under way only that it was accepted: it may be sent again at any moment, and must
        not be taken for one that was not executed if the process ends then.

        Raises:
            JournalError: the journal can't be opened, or is closed.
        """
        detail, now = clean(finding.detail, self._host), self._host.clock.now()
        with self._lock:
            if intent not in self._under_way or finding.state is IntentState.ACCEPTED:
                self._opened().writer.put(Change(lambda store: store.resolve(intent, finding.state, detail, now)))

    def resumed(self) -> None:
        """Take new orders: what was left has been looked into."""
        self._must_resume = False

    async def _admit(self, call: Call, intent: Intent) -> Recovery | None:
        if not self._hold(call, intent):
            return _UNDER_WAY
        is_held = False
        try:
            obstacle = await self._begin(intent, is_absent=False)
            answer = None if obstacle is None else await self._decide(call, intent, obstacle)
            is_held = answer is None
        finally:
            if not is_held:
                self._let_go(intent)
        return answer

    async def _decide(self, call: Call, intent: Intent, obstacle: Intent) -> Recovery | None:
        """Find out about what stands against a call."""
        if intent.kind is not OperationKind.SUBMIT:
            what = "the order that it changes" if obstacle.kind is OperationKind.SUBMIT else "an earlier change"
            return Recovery.unknown(f"nobody knows what became of {what}; `recoup journal resolve` says so")
        is_accepted = obstacle.state is IntentState.ACCEPTED
        lookup = Lookup(self._host, self._config, call)
        found, order, seen = await lookup.run(0.0 if is_accepted else self._config.settle_time)
        detail = f"recorded as {obstacle.state.value} on {obstacle.created:%Y-%m-%d %H:%M:%S %Z}; {seen}"
        if found is Answer.FOUND:
            self._host.settle(intent.id, IntentFinding(state=IntentState.ACCEPTED, order=order, detail=seen))
            return Recovery.recovered(order, verified=True, detail=detail)
        if found is Answer.NONE or is_accepted:
            return Recovery.unknown(detail)
        self._host.settle(intent.id, IntentFinding(state=IntentState.FAILED, detail=seen))
        left = call.remaining(self._host.clock.monotonic())
        if left is not None and left <= 0:
            self._write_end(obstacle, IntentState.FAILED, seen)
            return Recovery.unknown(f"{detail}; the deadline has passed, so it is not sent again")
        known = await self._begin(intent, is_absent=True)
        return None if known is None else await self._decide(call, intent, known)  # somebody has found it meanwhile

    async def _begin(self, intent: Intent, *, is_absent: bool) -> Intent | None:
        """Record an intent durably; return what stands against it, if anything does."""
        try:
            change = self._put_begin(intent, is_absent=is_absent)
            assert change.turn is not None
            try:
                is_done = await change.turn.taken(self._config.write_timeout)
            except BaseException:
                self._withdraw(intent, change)
                raise
            return self._begun(intent, change, is_done=is_done)
        except JournalError as failure:
            self._unrecorded(intent, failure)
            return None

    def _begin_sync(self, intent: Intent) -> Intent | None:
        try:
            change = self._put_begin(intent, is_absent=False)
            assert change.turn is not None
            try:
                is_done = change.turn.taken_sync(self._config.write_timeout)
            except BaseException:
                self._withdraw(intent, change)
                raise
            return self._begun(intent, change, is_done=is_done)
        except JournalError as failure:
            self._unrecorded(intent, failure)
            return None

    def _begun(self, intent: Intent, change: Change, *, is_done: bool) -> Intent | None:
        if not is_done:
            if self._config.on_failure is OnFailure.REFUSE:
                self._withdraw(intent, change)
            raise JournalError(f"the disk has not taken the record within {self._config.write_timeout:g} s")
        obstacle: Intent | None = change.outcome()
        return obstacle

    def _put_begin(self, intent: Intent, *, is_absent: bool) -> Change:
        journal = self._opened()
        if journal.store.unresolved >= self._config.max_unresolved:
            raise JournalError(
                f"the journal holds {journal.store.unresolved:,} orders of unknown outcome already: find out about "
                "them, with `recoup journal list --unresolved` and `recoup journal resolve`"
            )
        check_text(intent)
        change = Change(lambda store: store.begin(intent, is_absent=is_absent), Turn())
        journal.writer.put(change)
        return change

    def _withdraw(self, intent: Intent, change: Change) -> None:
        """Have a record marked as never sent, if it was made: whoever waited for it has left."""
        now = self._host.clock.now()

        def withdraw(store: Store) -> None:
            if change.failure is None and change.result is None:
                store.settle(intent, IntentState.FAILED, "given up before it was sent", now)

        self._put_quietly(Change(withdraw))

    def _write_end(self, intent: Intent, state: IntentState, detail: str) -> None:
        now = self._host.clock.now()
        self._put_quietly(Change(lambda store: store.settle(intent, state, detail, now)))

    def _put_quietly(self, change: Change) -> None:
        """Have something written that is looked up at the next start where it is lost."""
        if self._journal is not None:
            with suppress(JournalError):
                self._journal.writer.put(change)

    def _unrecorded(self, intent: Intent, failure: JournalError) -> None:
        """Refuse a call that can't be recorded, or tell a human that it is sent all the same."""
        if self._config.on_failure is OnFailure.SEND:
            self._host.escalate(intent.component, intent.name, f"sent without a record: {failure}")
            return
        raise JournalUnavailable(f"{intent.name} is not sent: {failure}", key=intent.key) from failure

    def _hold(self, call: Call, intent: Intent) -> bool:
        """Have a call be the one that is under way for an intent; False where another one is.

        Raises:
            ResumeRequired: an earlier process left unresolved orders.
        """
        try:
            self._opened()
        except JournalError as failure:
            self._unrecorded(intent, failure)
        if self._must_resume:
            raise ResumeRequired(
                f"{intent.name} is not sent: the journal {self._config.path} holds orders of an earlier process whose "
                "outcome is unknown; call handler.resume() first",
                key=intent.key,
            )
        with self._lock:
            return self._under_way.setdefault(intent.id, (call, intent))[0] is call

    def _let_go(self, intent: Intent) -> None:
        with self._lock:
            del self._under_way[intent.id]

    def _opened(self) -> Journal:
        if os.getpid() != self._owner:
            raise JournalError(
                f"the journal {self._config.path} belongs to the process that this one was forked from: make a "
                "handler of its own, with a journal of its own, after the fork"
            )
        with self._lock:
            if self._journal is None:
                self._open()
            assert self._journal is not None
            return self._journal

    def _open(self) -> None:
        if self._is_stopped:
            raise JournalError(f"the journal {self._config.path} is closed")
        now = self._host.clock.monotonic()
        if self._failure is not None and now < self._reopen_at:
            raise type(self._failure)(str(self._failure))
        self._reopen_at = now + _REOPEN_SECONDS
        try:
            journal = open_journal(self._config, self._host.clock)
        except JournalError as failure:
            self._failure = failure
            raise
        self._journal, self._failure = journal, None
        self._must_resume = journal.left > 0
        weakref.finalize(self, journal.close)  # also when the interpreter ends

    def _intent(self, call: Call, component: str) -> Intent | None:
        intent = intent_of(call, component, self._host.clock.now(), self._host)
        if intent is None:
            self._tell_of_unrecorded(call)
        return intent

    def _tell_of_unrecorded(self, call: Call) -> None:
        if not self._has_told:
            self._has_told = True
            detail = (
                f"{call.name} has no client order id, by which it could be found again: it is sent without a record"
            )
            self._host.publish(StateEvent(subject="journal", old="recorded", new="unrecorded", detail=detail))


@frozen
class _Later:
    """A coroutine that is made when somebody waits for it. Belongs to one thread."""

    function: Callable[[Call, Intent], Coroutine[Any, Any, Recovery | None]]
    call: Call
    intent: Intent

    def __await__(self) -> Generator[Any, Any, Recovery | None]:
        return self.function(self.call, self.intent).__await__()
