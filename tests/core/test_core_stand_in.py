"""Stand-ins, told to whoever keeps results around."""

from __future__ import annotations

import anyio
import pytest

from recoup import note_stand_in, watch_stand_ins


def test_a_stand_in_is_seen_by_all_who_watch_around_it_and_by_nobody_after():
    with watch_stand_ins() as outer:
        with watch_stand_ins() as inner:
            note_stand_in()
        with watch_stand_ins() as other:
            pass
    assert (outer.seen, inner.seen, other.seen) == (True, True, False)


def test_where_nobody_watches_it_is_nothing():
    note_stand_in()
    with watch_stand_ins() as watch:
        pass
    assert not watch.seen


@pytest.mark.anyio
async def test_it_is_seen_from_a_task_started_within():
    async def later():
        note_stand_in()

    with watch_stand_ins() as watch:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(later)
    assert watch.seen
