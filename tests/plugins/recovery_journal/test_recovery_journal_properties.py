"""However a call ends and wherever the process dies: nothing is sent twice, nothing is lost, and the journal is right.

The bot sends orders under few ids, so that it comes to the same one again and again; crashes are the journal's files as
they are at that moment, taken over by the next process.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule

from recoup import (
    Call,
    Decision,
    Exposures,
    IntentFinding,
    IntentState,
    JournalUnavailable,
    Operation,
    OperationKind,
    ResumeRequired,
    Venues,
)
from recoup.testing import FakeClock
from recoup_plugins.recovery_journal import RecoveryJournal, RecoveryJournalConfig, Synchronous

IS_WIDE = os.environ.get("RECOUP_SWEEP") == "wide"
KEY = "venue:main"
IDS = st.sampled_from(["a", "b", "c"])


class Venue:
    """Executes orders, and knows which."""

    client_id_rule = "none"

    def __init__(self) -> None:
        self.executed: list[str] = []
        self.answers = True

    async def find_order(self, client_order_id: str, _: str | None) -> dict[str, str] | None:
        if not self.answers:
            raise TimeoutError("the venue does not answer")
        return {"clientOrderId": client_order_id} if client_order_id in self.executed else None


class Host:
    """As much of a handler as the journal needs."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.random = Random(0)
        self.venues = Venues()
        self.exposures = Exposures()

    def sanitize(self, payload: Any) -> Any:
        return payload

    def publish(self, event: Any) -> None: ...

    def escalate(self, component: str, operation: str, reason: str) -> None: ...

    def settle(self, intent: Any, finding: Any) -> None:
        self.journal.resolve(intent, finding)

    async def call(self, function: Any, *args: Any, **_: Any) -> Any:
        return await function(*args)


class JournalMachine(RuleBasedStateMachine):
    under_way = Bundle("under_way")

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.venue = Venue()
        self.host = Host()
        self.generation = 0
        self.live: dict[str, Call] = {}
        self.must_resume = False
        self._open()

    def _open(self) -> None:
        self.path = self.folder / str(self.generation) / "journal.db"
        self.path.parent.mkdir(exist_ok=True)
        config = RecoveryJournalConfig(path=str(self.path), synchronous=Synchronous.NORMAL)
        self.journal = self.host.journal = RecoveryJournal(config, self.host)

    @rule(target=under_way, client_order_id=IDS)
    def want(self, client_order_id: str) -> Any:
        operation = Operation(kind=OperationKind.SUBMIT, key=KEY, client_order_id=client_order_id, orders=self.venue)
        call = Call(operation=operation, component="exchange", name="create_order")
        try:
            answer: Any = self.journal.admit_sync(call, "exchange")
        except ResumeRequired:
            assert self.must_resume
            return None
        assert not self.must_resume
        if hasattr(answer, "__await__"):
            answer = asyncio.run(self._wait(answer))
        if answer is None:
            assert client_order_id not in self.live
            assert client_order_id not in self.venue.executed  # it may be sent now
            self.live[client_order_id] = call
            return call
        if answer.decision is Decision.RECOVERED:
            assert client_order_id in self.venue.executed
        return None

    @staticmethod
    async def _wait(answer: Any) -> Any:
        return await answer

    @rule(call=consumes(under_way), executes=st.booleans(), is_known=st.booleans())
    def ends(self, call: Call | None, executes: bool, is_known: bool) -> None:
        if call is None or self.live.get(str(call.operation.client_order_id)) is not call:
            return  # its process has died
        client_order_id = str(call.operation.client_order_id)
        if executes:
            self.venue.executed.append(client_order_id)
        call.unresolved = not is_known
        error = None if executes and is_known else TimeoutError() if not is_known else ValueError("rejected")
        del self.live[client_order_id]
        self.journal.settle(call, "exchange", error)

    @rule(client_order_id=IDS)
    def background_finds_out(self, client_order_id: str) -> None:
        """Look an order up and say so, at any time; rightly, as long as it is not under way."""
        found = client_order_id in self.venue.executed
        state = IntentState.ACCEPTED if found else IntentState.FAILED
        self.journal.resolve((KEY, client_order_id), IntentFinding(state=state))

    @rule(answers=st.booleans())
    def venue_comes_or_goes(self, answers: bool) -> None:
        self.venue.answers = answers

    @rule(executed=st.sets(IDS), is_flushed=st.booleans())
    def process_dies(self, executed: set[str], is_flushed: bool) -> None:
        """The process dies; of what was under way some is executed all the same."""
        if is_flushed:
            self.journal.unresolved()
        old, self.generation = self.path.parent, self.generation + 1
        new = self.folder / str(self.generation)
        new.mkdir()
        for file in sorted(old.glob("journal.db*")):  # the log after the file: never older than it
            if file.suffix in {".db", ".db-wal"}:
                shutil.copy(file, new)
        self.journal.stop()
        self.venue.executed += sorted(executed & self.live.keys())
        self.live.clear()
        self._open()
        with closing(sqlite3.connect(new / "journal.db")) as connection:
            query = "SELECT count(*) FROM intents WHERE state IN ('pending', 'unknown')"
            self.must_resume = bool(connection.execute(query).fetchone()[0])

    @rule()
    def bot_resumes(self) -> None:
        for intent in self.journal.unresolved():
            if not self.venue.answers:
                state = IntentState.UNKNOWN
            elif intent.client_order_id in self.venue.executed:
                state = IntentState.ACCEPTED
            else:
                state = IntentState.FAILED
            self.journal.resolve(intent.id, IntentFinding(state=state))
        self.journal.resumed()
        self.must_resume = False

    @invariant()
    def nothing_is_twice_and_the_journal_is_right(self) -> None:
        assert len(set(self.venue.executed)) == len(self.venue.executed)
        try:
            self.journal.unresolved()  # all that was handed over is written
        except JournalUnavailable:
            return
        with closing(sqlite3.connect(self.path)) as connection:
            found = dict(connection.execute("SELECT client_order_id, state FROM intents"))
        for client_order_id in self.venue.executed:
            assert found.get(client_order_id) in {"accepted", "pending", "unknown"}, "lost"
        for client_order_id, state in found.items():
            if state == "accepted":
                assert client_order_id in self.venue.executed
            elif state == "failed":
                assert client_order_id not in self.venue.executed

    def teardown(self) -> None:
        self.journal.stop()
        shutil.rmtree(self.folder)


TestJournal = pytest.mark.filterwarnings("error")(JournalMachine.TestCase)
TestJournal.settings = settings(max_examples=400 if IS_WIDE else 40, stateful_step_count=30)
