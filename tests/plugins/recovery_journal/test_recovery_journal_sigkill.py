"""A bot that is killed at any step and started again: the venue's ledger and the journal agree, and nothing is lost.

The bots are real processes, ended by SIGKILL; see crash_bot.py. ``RECOUP_SWEEP=wide`` kills them at every line of the
journal's code as well, and at every step of a resumption.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

SCRIPT = Path(__file__).with_name("crash_bot.py")
IS_WIDE = os.environ.get("RECOUP_SWEEP") == "wide"
EXECUTED = {"first", "silent", "left", "right", "last"}
REFUSED = {"refused"}

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="forks its bots")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Return a folder in memory where there is one: what a killed process has written stays there as on a disk."""
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=memory) as name:
        yield Path(name)


def lives(folder: Path, mode: str, first: int, stride: int, *before: int) -> Iterator[dict[str, Any]]:
    words = [sys.executable, str(SCRIPT), str(folder), mode, *map(str, (first, stride, *before))]
    done = subprocess.run(words, capture_output=True, text=True, timeout=1800, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    yield from map(json.loads, done.stdout.splitlines())


def check(life: dict[str, Any]) -> None:
    where = f"killed at step {life['kill_at']}"
    resumed, at_end = life["resumed"], life["at_end"]
    assert resumed["left"] == [], where
    agree(resumed["journal"], resumed["ledger"], where)
    agree(at_end["journal"], at_end["ledger"], where)
    assert set(at_end["ledger"]) == EXECUTED, f"lost, {where}"
    assert at_end["journal"] == {**dict.fromkeys(EXECUTED, "accepted"), **dict.fromkeys(REFUSED, "failed")}, where


def agree(journal: dict[str, str], ledger: list[str], where: str) -> None:
    assert set(Counter(ledger).values()) <= {1}, f"executed twice, {where}: {ledger}"
    accepted = {client_order_id for client_order_id, state in journal.items() if state == "accepted"}
    assert accepted == set(ledger), where
    assert all(state in {"accepted", "failed"} for state in journal.values()), where


def test_killed_at_every_write_and_between_any_two_the_journal_agrees_with_the_ledger(folder: Path) -> None:
    found = list(lives(folder, "writes", 1, 1))
    for life in found:
        check(life)
    assert [life["was_killed"] for life in found] == [True] * (len(found) - 1) + [False]  # to the very last step
    assert len(found) > 60
    assert {len(life["resumed"]["ledger"]) for life in found} >= {0, 1, 2, len(EXECUTED)}
    # Some kills left an order behind as pending that was executed, and some left one that was not.
    pending = [
        client_order_id in life["resumed"]["ledger"]
        for life in found
        for client_order_id, state in life["left"].items()
        if state == "pending" and life["was_killed"]
    ]
    assert {True, False} == set(pending)


@pytest.mark.parametrize("before", [(30,), (45,), (52, 8)])
def test_killed_again_while_it_resumes_it_still_agrees(folder: Path, before: tuple[int, ...]) -> None:
    found = list(lives(folder, "writes", 1, 1 if IS_WIDE else 19, *before))
    for life in found:
        check(life)
    assert found[0]["was_killed"]


def test_killed_between_lines_of_the_journals_code_it_agrees(folder: Path) -> None:
    found = list(lives(folder, "lines", 40, 1 if IS_WIDE else 199))
    for life in found:
        check(life)
    assert len(found) > 6
