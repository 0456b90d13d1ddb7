"""What is written before an order is sent, and what stands against sending it."""

from __future__ import annotations

import asyncio
import os
import threading
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from recoup import (
    Decision,
    IntentFinding,
    IntentState,
    JournalUnavailable,
    OperationKind,
    OrderNotVerifiable,
    ResumeRequired,
    StateEvent,
    Turn,
    VenuePorts,
)
from recoup.testing import FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable

    from recoup import Call, Recovery
    from recoup_plugins.recovery_journal import RecoveryJournal

KEY = "venue:main"
AMEND = OperationKind.AMEND

pytestmark = pytest.mark.anyio


def flush(journal: RecoveryJournal) -> None:
    """Wait until all is written that was handed over before."""
    journal.unresolved()


async def admitted(journal: RecoveryJournal, call: Call) -> Recovery | None:
    answer = journal.admit(call, call.component)
    return None if answer is None else await answer


async def ended(journal: RecoveryJournal, call: Call, error: BaseException | None, *, unresolved: bool = False) -> None:
    assert await admitted(journal, call) is None
    call.unresolved = unresolved
    journal.settle(call, call.component, error)
    flush(journal)


async def test_an_order_is_on_record_before_it_is_admitted(
    make_journal: Callable[..., RecoveryJournal], make_call: Callable[..., Call], rows: Callable[..., Any]
) -> None:
    journal = make_journal()
    assert await admitted(journal, make_call(parent="bot-0")) is None
    (row,) = rows()
    expected = {
        "key": KEY,
        "client_order_id": "bot-1",
        "kind": "submit",
        "state": "pending",
        "component": "exchange",
        "name": "create_order",
        "symbol": "BTC/USDT",
        "exposure_symbol": "BTC/USDT",
        "exposure_side": "buy",
        "exposure_amount": "0.10",
        "exposure_price": "50000.50",
        "parent": "bot-0",
        "created": "2026-01-01T00:00:00.000000+00:00",
    }
    assert {name: row[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("error", "unresolved", "state"),
    [
        (None, False, "accepted"),
        (ValueError("rejected"), False, "failed"),
        (ConnectionResetError("gone"), True, "unknown"),
    ],
)
async def test_how_the_call_ended_is_written_after_it(
    make_journal: Callable[..., RecoveryJournal],
    make_call: Callable[..., Call],
    states: Callable[[], dict[str, str]],
    error: Exception | None,
    unresolved: bool,
    state: str,
) -> None:
    await ended(make_journal(), make_call(), error, unresolved=unresolved)
    assert states() == {"bot-1": state}


async def test_a_stand_in_for_the_result_is_a_failure(
    make_journal: Callable[..., RecoveryJournal], make_call: Callable[..., Call], states: Callable[[], dict[str, str]]
) -> None:
    journal, call = make_journal(), make_call()
    assert await admitted(journal, call) is None
    call.stood_in = True
    journal.settle(call, "exchange", None)
    flush(journal)
    assert states() == {"bot-1": "failed"}


async def test_what_the_error_says_is_not_kept(
    make_journal: Callable[..., RecoveryJournal], make_call: Callable[..., Call], rows: Callable[..., Any]
) -> None:
    await ended(make_journal(), make_call(), ValueError("apiKey=vmPUZE6mv9SD5VNH"))
    assert rows()[0]["detail"] == "the call failed with ValueError"


async def test_a_failed_order_may_be_sent_again(
    make_journal: Callable[..., RecoveryJournal],
    make_call: Callable[..., Call],
    states: Callable[[], dict[str, str]],
    orders: Any,
) -> None:
    journal = make_journal()
    await ended(journal, make_call(), ValueError("rejected"))
    assert await admitted(journal, make_call()) is None
    assert (states(), orders.asked) == ({"bot-1": "pending"}, [])


async def test_an_accepted_order_is_adopted(
    make_journal: Callable[..., RecoveryJournal], make_call: Callable[..., Call], orders: Any, order: Any
) -> None:
    journal = make_journal()
    await ended(journal, make_call(), None)
    orders.answers = [order]
    answer = await admitted(journal, make_call())
    assert answer is not None
    assert (answer.decision, answer.value, answer.verified) == (Decision.RECOVERED, order, True)


@pytest.mark.parametrize("said", [None, ConnectionResetError("gone"), OrderNotVerifiable("?"), ["no order"]])
async def test_an_accepted_order_is_never_sent_again_whatever_the_venue_says(
    make_journal: Callable[..., RecoveryJournal],
    make_call: Callable[..., Call],
    states: Callable[[], dict[str, str]],
    orders: Any,
    said: Any,
) -> None:
    journal = make_journal()
    await ended(journal, make_call(), None)
    orders.answers = [said]
    answer = await admitted(journal, make_call())
    assert answer is not None
    assert answer.decision is Decision.UNKNOWN
    assert states() == {"bot-1": "accepted"}


async def test_the_venue_is_asked_where_the_call_names_no_port(
    make_journal: Callable[..., RecoveryJournal], make_call: Callable[..., Call], orders: Any, order: Any, host: Any
) -> None:
    journal = make_journal()
    await ended(journal, make_call(), None)
    answer = await admitted(journal, make_call(orders=None))
    assert answer is not None
    assert "no order port is registered" in answer.detail
    orders.answers = [order]
    host.venues.register(KEY, VenuePorts(orders=orders))
    answer = await admitted(journal, make_call(orders=None))
    assert answer is not None
    assert answer.value == order


async def test_where_there_is_no_port_the_call_itself_may_say_how_to_find_out(
    make_journal: Callable[..., RecoveryJournal], make_call: Callable[..., Call]
) -> None:
    journal = make_journal()
    await ended(journal, make_call(), ConnectionResetError(), unresolved=True)
    answer = await admitted(journal, make_call(orders=None, verify=lambda: "transfer-7"))
    assert answer is not None
    assert (answer.decision, answer.value) == (Decision.RECOVERED, "transfer-7")
    await ended(journal, make_call("bot-2"), ConnectionResetError(), unresolved=True)
    assert await admitted(journal, make_call("bot-2", orders=None, verify=lambda: None)) is None


async def test_an_unknown_order_is_adopted_where_it_is_found(
    make_journal: Callable[..., RecoveryJournal],
    make_call: Callable[..., Call],
    states: Callable[[], dict[str, str]],
    orders: Any,
    order: Any,
    host: Any,
) -> None:
    journal = make_journal()
    await ended(journal, make_call(), ConnectionResetError(), unresolved=True)
    orders.answers = [None, ConnectionResetError("gone"), order]
    host.exposures.reserve(KEY, "bot-1", make_call().operation.exposure)
    answer = await admitted(journal, make_call())
    assert answer is not None
    assert answer.value == order
    flush(journal)
    assert states() == {"bot-1": "accepted"}
    assert host.exposures.reserved() == {}


async def test_an_unknown_order_is_sent_only_after_it_was_absent_for_the_settle_time(
    make_journal: Callable[..., RecoveryJournal],
    make_call: Callable[..., Call],
    states: Callable[[], dict[str, str]],
    orders: Any,
    host: Any,
) -> None:
    journal = make_journal(settle_time=30.0, poll_interval=2.0)
    await ended(journal, make_call(), ConnectionResetError(), unresolved=True)
    orders.answers = [None, None, TimeoutError("a lookup that failed begins the time anew"), None]
    before = host.clock.monotonic()
    assert await admitted(journal, make_call()) is None
    assert (host.settled[-1][0], host.settled[-1][1].state) == ((KEY, "bot-1"), IntentState.FAILED)
    assert 30.0 + 6.0 <= host.clock.monotonic() - before <= 40.0
    assert states() == {"bot-1": "pending"}


async def test_an_unknown_order_stays_so_where_nobody_can_tell(
    make_journal: Callable[..., RecoveryJournal],
    make_call: Callable[..., Call],
    states: Callable[[], dict[str, str]],
    orders: Any,
    host: Any,
) -> None:
    journal = make_journal(lookup_timeout=60.0)
    await ended(journal, make_call(), ConnectionResetError(), unresolved=True)
    orders.answers = [TimeoutError("gone")]
    before = host.clock.monotonic()
    answer = await admitted(journal, make_call())
    assert answer is not None
    assert answer.decision is Decision.UNKNOWN
    assert host.clock.monotonic() - before <= 60.0
    assert states() == {"bot-1": "unknown"}


async def test_an_order_that_somebody_finds_just_then_is_not_sent(
    make_journal: Callable[..., RecoveryJournal],
    make_call: Callable[..., Call],
    states: Callable[[], dict[str, str]],
    orders: Any,
    host: Any,
) -> None:
    journal = make_journal()
    await ended(journal, make_call(), ConnectionResetError(), unresolved=True)

    class Clock(FakeClock):
        async def sleep(self, seconds: float) -> None:
            await super().sleep(seconds)
            if self.monotonic() >= 28.0:
                journal.resolve((KEY, "bot-1"), IntentFinding(state=IntentState.ACCEPTED))

    host.clock = Clock()
    orders.answers = [None]
    answer = await admitted(journal, make_call())
    assert answer is not None
    assert answer.decision is Decision.UNKNOWN
    assert states() == {"bot-1": "accepted"}


async def test_it_is_not_sent_after_its_deadline(
    make_journal: Callable[..., RecoveryJournal], make_call: Callable[..., Call], states: Callable[[], dict[str, str]]
) -> None:
    journal = make_journal()
    await ended(journal, make_call(), ConnectionResetError(), unresolved=True)
    answer = await admitted(journal, make_call(deadline=5.0))
    assert answer is not None
    assert answer.decision is Decision.UNKNOWN
    assert states() == {"bot-1": "unknown"}


async def test_what_is_found_absent_only_when_the_deadline_has_passed_has_failed_and_is_not_sent(
    make_journal: Callable[..., RecoveryJournal], make_call: Callable[..., Call], states: Callable[[], dict[str, str]]
) -> None:
    journal = make_journal(settle_time=30.0, poll_interval=2.0)
    await ended(journal, make_call(), ConnectionResetError(), unresolved=True)
    answer = await admitted(journal, make_call(deadline=30.0))
    assert answer is not None
    assert "the deadline has passed" in answer.detail
    flush(journal)
    assert states() == {"bot-1": "failed"}


async def test_who_finds_out_elsewhere_opens_the_way(
    make_journal: Callable[..., RecoveryJournal], make_call: Callable[..., Call], orders: Any
) -> None:
    journal = make_journal()
    await ended(journal, make_call(), ConnectionResetError(), unresolved=True)
    journal.resolve((KEY, "bot-1"), IntentFinding(state=IntentState.FAILED, detail="the venue knows no such order"))
    assert await admitted(journal, make_call()) is None
    assert orders.asked == []


async def test_what_is_under_way_is_never_taken_for_not_executed(
    make_journal: Callable[..., RecoveryJournal], make_call: Callable[..., Call], states: Callable[[], dict[str, str]]
) -> None:
    journal, call = make_journal(), make_call()
    assert await admitted(journal, call) is None
    journal.resolve((KEY, "bot-1"), IntentFinding(state=IntentState.FAILED))
    flush(journal)
    assert states() == {"bot-1": "pending"}
    journal.resolve((KEY, "bot-1"), IntentFinding(state=IntentState.ACCEPTED))
    call.unresolved = True
    journal.settle(call, "exchange", ConnectionResetError())
    flush(journal)
    assert states() == {"bot-1": "accepted"}  # what is known stays known


async def test_a_second_call_under_the_same_id_is_not_sent_beside_the_first(
    make_journal: Callable[..., RecoveryJournal], make_call: Callable[..., Call]
) -> None:
    journal, first, second = make_journal(), make_call(), make_call()
    assert await admitted(journal, first) is None
    answer = await admitted(journal, second)
    assert answer is not None
    assert answer.decision is Decision.UNKNOWN
    journal.settle(second, "exchange", None)  # it has no say
    assert (await admitted(journal, make_call())) == answer


async def test_the_same_id_at_another_venue_is_another_order(
    make_journal: Callable[..., RecoveryJournal], make_call: Callable[..., Call]
) -> None:
    journal = make_journal()
    assert await admitted(journal, make_call()) is None
    assert await admitted(journal, make_call(key="venue:other")) is None


async def test_an_accepted_order_may_be_amended_again_and_again(
    make_journal: Callable[..., RecoveryJournal], make_call: Callable[..., Call], rows: Callable[..., Any]
) -> None:
    journal = make_journal()
    await ended(journal, make_call(), None)
    for _ in range(2):
        await ended(journal, make_call(kind=AMEND), None)
    assert [(row["kind"], row["state"]) for row in rows()] == [("submit", "accepted"), ("amend", "accepted")]


async def test_after_an_unknown_change_no_other_is_sent_until_somebody_knows(
    make_journal: Callable[..., RecoveryJournal], make_call: Callable[..., Call], rows: Callable[..., Any], orders: Any
) -> None:
    journal = make_journal()
    await ended(journal, make_call(), None)
    await ended(journal, make_call(kind=AMEND), TimeoutError(), unresolved=True)
    answer = await admitted(journal, make_call(kind=AMEND))
    assert answer is not None
    assert answer.decision is Decision.UNKNOWN
    assert orders.asked == []  # no lookup could tell
    journal.resolve((KEY, "bot-1"), IntentFinding(state=IntentState.FAILED))
    assert await admitted(journal, make_call(kind=AMEND)) is None
    assert [(row["kind"], row["state"]) for row in rows()] == [("submit", "accepted"), ("amend", "pending")]


async def test_what_may_not_exist_is_not_amended(
    make_journal: Callable[..., RecoveryJournal], make_call: Callable[..., Call]
) -> None:
    journal = make_journal()
    await ended(journal, make_call(), TimeoutError(), unresolved=True)
    answer = await admitted(journal, make_call(kind=AMEND))
    assert answer is not None
    assert answer.decision is Decision.UNKNOWN


async def test_a_call_without_an_id_is_sent_without_a_record_and_that_is_told_once(
    make_journal: Callable[..., RecoveryJournal], make_call: Callable[..., Call], host: Any, rows: Callable[..., Any]
) -> None:
    journal = make_journal()
    for _ in range(2):
        assert await admitted(journal, make_call(None)) is None
    assert rows() == []
    (event,) = [event for event in host.published if isinstance(event, StateEvent)]
    assert (event.subject, event.new) == ("journal", "unrecorded")


async def test_many_at_once_share_transactions_and_all_are_on_record(
    make_journal: Callable[..., RecoveryJournal], make_call: Callable[..., Call], states: Callable[[], dict[str, str]]
) -> None:
    journal = make_journal(max_batch=64)
    calls = [make_call(f"bot-{number}") for number in range(300)]

    async def one(call: Call) -> None:
        assert await admitted(journal, call) is None
        assert states()[call.operation.client_order_id or ""] == "pending"
        journal.settle(call, "exchange", None)

    async with anyio.create_task_group() as group:
        for call in calls[:30]:
            group.start_soon(one, call)
    async with anyio.create_task_group() as group:
        for call in calls[30:]:
            group.start_soon(admitted, journal, call)
    assert len(states()) == 300


async def test_cancelled_while_it_waits_it_is_on_record_as_never_sent(
    make_journal: Callable[..., RecoveryJournal], make_call: Callable[..., Call], states: Callable[[], dict[str, str]]
) -> None:
    journal = make_journal()
    blocked = threading.Event()
    journal._opened().writer.put(_blocking(blocked))
    with anyio.CancelScope() as scope:
        async with anyio.create_task_group() as group:
            group.start_soon(admitted, journal, make_call())
            await anyio.wait_all_tasks_blocked()
            scope.cancel()
            blocked.set()
    flush(journal)
    assert states() == {"bot-1": "failed"}
    assert await admitted(journal, make_call()) is None  # and is free to be sent


async def test_a_disk_that_hangs_holds_no_order_up_for_ever(
    make_journal: Callable[..., RecoveryJournal], make_call: Callable[..., Call], states: Callable[[], dict[str, str]]
) -> None:
    journal = make_journal(write_timeout=0.01)
    blocked = threading.Event()
    journal._opened().writer.put(_blocking(blocked))
    with pytest.raises(JournalUnavailable, match=r"within 0\.01 s"):
        await admitted(journal, make_call())
    with pytest.raises(JournalUnavailable, match=r"within 0\.01 s"):
        journal.admit_sync(make_call("bot-2"), "exchange")
    blocked.set()
    flush(journal)
    assert states() == {"bot-1": "failed", "bot-2": "failed"}


async def test_cancelled_while_an_earlier_order_stands_against_it_that_one_is_left_alone(
    make_journal: Callable[..., RecoveryJournal], make_call: Callable[..., Call], states: Callable[[], dict[str, str]]
) -> None:
    journal = make_journal()
    await ended(journal, make_call(), TimeoutError(), unresolved=True)
    blocked = threading.Event()
    journal._opened().writer.put(_blocking(blocked))
    with anyio.CancelScope() as scope:
        async with anyio.create_task_group() as group:
            group.start_soon(admitted, journal, make_call())
            await anyio.wait_all_tasks_blocked()
            scope.cancel()
            blocked.set()
    flush(journal)
    assert states() == {"bot-1": "unknown"}


def _blocking(event: threading.Event) -> Any:
    from recoup_plugins.recovery_journal.writer import Change

    return Change(lambda _: event.wait(20))


async def test_a_new_process_takes_no_order_until_it_has_resumed(
    make_journal: Callable[..., RecoveryJournal],
    make_call: Callable[..., Call],
    states: Callable[[], dict[str, str]],
) -> None:
    earlier = make_journal()
    await ended(earlier, make_call("bot-0"), None)
    await ended(earlier, make_call("bot-1"), TimeoutError(), unresolved=True)
    assert await admitted(earlier, make_call("bot-2", parent="bot-1")) is None
    earlier.stop()

    journal = make_journal()
    with pytest.raises(ResumeRequired, match=r"call handler\.resume\(\) first"):
        await admitted(journal, make_call("bot-3"))
    left = journal.unresolved()
    assert [(intent.client_order_id, intent.state.value, intent.parent) for intent in left] == [
        ("bot-1", "unknown", None),
        ("bot-2", "pending", "bot-1"),
    ]
    assert left[0].exposure == make_call().operation.exposure
    journal.resolve(left[0].id, IntentFinding(state=IntentState.ACCEPTED))
    journal.resolve(left[1].id, IntentFinding(state=IntentState.UNKNOWN, detail="no answer"))
    with pytest.raises(ResumeRequired):
        await admitted(journal, make_call("bot-3"))
    journal.resumed()
    assert await admitted(journal, make_call("bot-3")) is None
    assert states() == {"bot-0": "accepted", "bot-1": "accepted", "bot-2": "unknown", "bot-3": "pending"}


async def test_after_a_clean_end_nothing_has_to_be_resumed(
    make_journal: Callable[..., RecoveryJournal], make_call: Callable[..., Call]
) -> None:
    earlier = make_journal()
    await ended(earlier, make_call(), None)
    earlier.stop()
    assert await admitted(make_journal(), make_call("bot-2")) is None


async def test_an_accepted_order_of_an_earlier_process_is_adopted(
    make_journal: Callable[..., RecoveryJournal], make_call: Callable[..., Call], orders: Any, order: Any
) -> None:
    earlier = make_journal()
    await ended(earlier, make_call(), None)
    earlier.stop()
    orders.answers = [order]
    answer = await admitted(make_journal(), make_call())
    assert answer is not None
    assert answer.value == order


async def test_too_many_unknown_orders_let_no_other_be_sent(
    make_journal: Callable[..., RecoveryJournal], make_call: Callable[..., Call]
) -> None:
    journal = make_journal(max_unresolved=2)
    for number in range(2):
        await ended(journal, make_call(f"bot-{number}"), TimeoutError(), unresolved=True)
    with pytest.raises(JournalUnavailable, match="holds 2 orders of unknown outcome already"):
        await admitted(journal, make_call("bot-9"))
    journal.resolve((KEY, "bot-0"), IntentFinding(state=IntentState.FAILED))
    flush(journal)
    assert await admitted(journal, make_call("bot-9")) is None


async def test_half_a_surrogate_pair_is_refused_before_it_spoils_what_others_write(
    make_journal: Callable[..., RecoveryJournal], make_call: Callable[..., Call]
) -> None:
    journal = make_journal()
    with pytest.raises(JournalUnavailable, match="half a surrogate pair"):
        await admitted(journal, make_call("bot-\ud800"))
    assert await admitted(journal, make_call()) is None


def test_synchronous_code_blocks_until_it_is_on_record(
    make_journal: Callable[..., RecoveryJournal], make_call: Callable[..., Call], states: Callable[[], dict[str, str]]
) -> None:
    journal, call = make_journal(), make_call()
    assert journal.admit_sync(call, "exchange") is None
    assert states() == {"bot-1": "pending"}
    answer = journal.admit_sync(make_call(), "exchange")
    assert getattr(answer, "decision", None) is Decision.UNKNOWN
    journal.settle(call, "exchange", None)
    flush(journal)
    assert states() == {"bot-1": "accepted"}


def test_interrupted_while_it_blocks_it_is_on_record_as_never_sent(
    make_journal: Callable[..., RecoveryJournal],
    make_call: Callable[..., Call],
    states: Callable[[], dict[str, str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    journal = make_journal()
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Turn, "taken_sync", interrupted)
        journal.admit_sync(make_call(), "exchange")
    flush(journal)
    assert states() == {"bot-1": "failed"}
    assert journal.admit_sync(make_call(), "exchange") is None


def interrupted(*_: object) -> bool:
    raise KeyboardInterrupt


def test_a_synchronous_call_without_an_id_is_sent_without_a_record(
    make_journal: Callable[..., RecoveryJournal], make_call: Callable[..., Call], rows: Callable[..., Any]
) -> None:
    journal, call = make_journal(), make_call(None)
    assert journal.admit_sync(call, "exchange") is None
    journal.settle(call, "exchange", None)
    flush(journal)
    assert rows() == []


def test_synchronous_code_has_a_lookup_made_in_an_event_loop(
    make_journal: Callable[..., RecoveryJournal], make_call: Callable[..., Call], orders: Any, order: Any
) -> None:
    journal, call = make_journal(), make_call()
    journal.admit_sync(call, "exchange")
    journal.settle(call, "exchange", None)
    orders.answers = [order]
    left_alone = journal.admit_sync(make_call(), "exchange")
    del left_alone  # where there is no loop to be had, nothing is held and no coroutine is left over
    answer: Any = journal.admit_sync(make_call(), "exchange")

    async def wait() -> Any:
        return await answer

    assert asyncio.run(wait()).value == order


def test_threads_write_each_of_their_orders_and_one_of_those_that_they_share(
    make_journal: Callable[..., RecoveryJournal], make_call: Callable[..., Call], states: Callable[[], dict[str, str]]
) -> None:
    journal = make_journal(max_batch=8)
    start = threading.Barrier(8)
    winners: list[int] = []

    def work(number: int) -> None:
        start.wait()
        for turn in range(25):
            call = make_call(f"own-{number}-{turn}")
            assert journal.admit_sync(call, "exchange") is None
            journal.settle(call, "exchange", None)
        if journal.admit_sync(make_call("shared"), "exchange") is None:
            winners.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    flush(journal)
    assert len(winners) == 1
    found = states()
    assert found.pop("shared") == "pending"
    assert set(found.values()) == {"accepted"}
    assert len(found) == 200


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing is forked here")
def test_a_child_that_is_forked_refuses_and_leaves_the_parents_journal_alone(
    make_journal: Callable[..., RecoveryJournal], make_call: Callable[..., Call], states: Callable[[], dict[str, str]]
) -> None:
    journal = make_journal()
    assert journal.admit_sync(make_call(), "exchange") is None
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            journal.admit_sync(make_call("child"), "exchange")
        except JournalUnavailable as refusal:
            journal.stop()
            code = 0 if "forked" in str(refusal) else 2
        finally:
            os._exit(code)
    assert os.waitpid(pid, 0)[1] == 0
    assert journal.admit_sync(make_call("parent"), "exchange") is None
    assert set(states()) == {"bot-1", "parent"}
