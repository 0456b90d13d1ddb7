"""The end of a bot's process: at which points, and what it leaves."""

from __future__ import annotations

import sqlite3
import stat

import anyio
import pytest

from recoup.testing import FakeClock
from recoup_sim import CrashPoint, FaultPlan
from recoup_sim.demo.crashes import Crashes, Killed, MortalClock, salvage


def make_crashes(*faults):
    return Crashes(FaultPlan.from_dict({"faults": list(faults)}), 7, FakeClock())


def test_the_process_ends_at_the_point_of_the_plan_and_at_no_other():
    crashes = make_crashes({"kind": "reset_after", "at": [1]}, {"kind": "crash", "at": [1], "point": "after_send"})
    crashes.begin("a1")
    crashes.reach(CrashPoint.BEFORE_SEND)
    assert crashes.is_due(CrashPoint.AFTER_SEND)
    with pytest.raises(Killed):
        crashes.reach(CrashPoint.AFTER_SEND)
    crashes.reach(CrashPoint.AFTER_SEND)
    assert crashes.count == 1


def test_an_attempt_that_never_came_by_is_forgotten_with_the_next():
    crashes = make_crashes({"kind": "crash", "at": [1], "point": "after_answer"})
    crashes.begin("a1")
    crashes.begin("a1")
    crashes.reach(CrashPoint.AFTER_ANSWER)
    assert crashes.count == 0


def test_what_is_left_is_taken_at_the_very_moment():
    crashes = make_crashes({"kind": "crash", "at": [1], "point": "before_send"})
    seen = []
    crashes.on_death = lambda: seen.append(crashes.count)
    crashes.begin("a1")
    with pytest.raises(Killed):
        crashes.reach(CrashPoint.BEFORE_SEND)
    assert seen == [0]


def test_no_handler_of_errors_takes_it_for_an_error():
    assert not issubclass(Killed, Exception)


def test_only_what_was_committed_is_salvaged(tmp_path):
    journal, successor = tmp_path / "journal.db", tmp_path / "next.db"
    writer = sqlite3.connect(journal)
    writer.execute("PRAGMA journal_mode = WAL")
    writer.execute("CREATE TABLE intents (name TEXT)")
    writer.execute("INSERT INTO intents VALUES ('committed')")
    writer.commit()
    writer.execute("INSERT INTO intents VALUES ('under way')")

    salvage(journal, successor)

    writer.commit()
    writer.close()
    copy = sqlite3.connect(successor)
    assert copy.execute("SELECT name FROM intents").fetchall() == [("committed",)]
    copy.close()
    assert stat.S_IMODE(successor.stat().st_mode) == 0o600


@pytest.mark.anyio
async def test_time_stands_still_for_a_process_that_has_ended():
    clock, woken = MortalClock(), []
    await clock.sleep(5)
    clock.is_dead = True
    with anyio.move_on_after(0) as scope:
        await clock.sleep(5)
    clock.wake_after(5, lambda: woken.append(1))()
    assert scope.cancelled_caught
    assert clock.monotonic() == 5
    assert woken == []
