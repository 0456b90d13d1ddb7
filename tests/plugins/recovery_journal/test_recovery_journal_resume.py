"""A whole handler: orders are journaled, the process dies, and the next one finds out before it sends anything."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import anyio
import anyio.lowlevel
import pytest

from recoup import (
    Config,
    ErrorHandler,
    EscalationEvent,
    Exposure,
    Guard,
    IntentState,
    Operation,
    OperationKind,
    OutcomeUnknown,
    ResumeRequired,
    VenueNotRegistered,
    VenuePorts,
    hookimpl,
)
from recoup.testing import FakeClock, check_plugin
from recoup_plugins.classifier import Classifier
from recoup_plugins.order_submission import OrderSubmission
from recoup_plugins.recovery_journal import RecoveryJournal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.anyio

KEY = "venue:main"


class Venue:
    """Executes what it is sent, and answers as long as it is told to."""

    client_id_rule = "open_only"

    def __init__(self) -> None:
        self.executed: list[str] = []
        self.is_silent = False
        self.is_down = False

    async def create_order(self, client_order_id: str) -> dict[str, str]:
        if self.is_down:
            raise ConnectionRefusedError("nobody is there")
        self.executed.append(client_order_id)
        if self.is_silent:
            await anyio.sleep_forever()
        return {"id": f"x-{client_order_id}", "clientOrderId": client_order_id}

    async def find_order(self, client_order_id: str, _: str | None) -> dict[str, str] | None:
        if self.is_down:
            raise TimeoutError("no answer")
        found = client_order_id in self.executed
        return {"id": f"x-{client_order_id}", "clientOrderId": client_order_id} if found else None

    async def open_orders(self, _: str | None) -> list[dict[str, str]]:
        return [{"id": f"x-{entry}", "clientOrderId": entry} for entry in self.executed]

    async def recent_orders(self, _: str | None) -> list[dict[str, str]]:
        return []


class Listener:
    def __init__(self) -> None:
        self.events: list[Any] = []

    @hookimpl
    def monitor(self, event: Any) -> None:
        self.events.append(event)


@pytest.fixture
def venue() -> Venue:
    return Venue()


@pytest.fixture
def make_handler(path: Path, venue: Venue) -> Callable[..., ErrorHandler]:
    def make(at: Path = path, *, journal: bool = True, **sections: Any) -> ErrorHandler:
        plugins: dict[str, Any] = {
            "classifier": Classifier,
            "order_submission": OrderSubmission,
            "listener": Listener(),
        }
        if journal:
            plugins["recovery_journal"] = RecoveryJournal
            sections["recovery_journal"] = {"enabled": True, "config": {"path": str(at)}}
        classes = {name: item for name, item in plugins.items() if isinstance(item, type)}
        config = Config.from_dict({"error_handling": {"plugins": sections}}, plugins=classes)
        handler = ErrorHandler(config, clock=FakeClock(), plugins=plugins, discover=False)
        handler.venues.register(KEY, VenuePorts(orders=venue))
        return handler

    return make


def guard(handler: ErrorHandler, client_order_id: str) -> Guard:
    operation = Operation(
        kind=OperationKind.SUBMIT,
        key=KEY,
        client_order_id=client_order_id,
        exposure=Exposure(symbol="BTC/USDT", side="buy", amount="0.1"),
    )
    return Guard(operation=operation, component="exchange", handler=handler)


def image(path: Path, to: str) -> Path:
    """Copy the journal's files as they are, which is what a crash at this moment would leave."""
    folder = path.parent / to
    folder.mkdir()
    shutil.copy(path, folder)
    shutil.copy(path.with_name(path.name + "-wal"), folder)
    return folder / path.name


@pytest.fixture
async def crashed(make_handler: Callable[..., ErrorHandler], venue: Venue, path: Path) -> Path:
    """Return what a bot has left that died with ``done`` executed, ``sent`` sent and ``not-sent`` not quite."""
    async with make_handler() as handler:
        await handler.resume()
        await guard(handler, "done").call(venue.create_order, "done")
        handler.plugins.get("recovery_journal").unresolved()  # all is written
        venue.is_silent = True
        async with anyio.create_task_group() as group:
            group.start_soon(guard(handler, "sent").call, venue.create_order, "sent")
            while "sent" not in venue.executed:
                await anyio.lowlevel.checkpoint()

            async def never_reaches_it(_: str) -> None:
                left.append(image(path, "crashed"))
                raise ConnectionRefusedError("nobody is there")

            left: list[Path] = []
            with pytest.raises(ConnectionRefusedError):
                await guard(handler, "not-sent").call(never_reaches_it, "not-sent")
            group.cancel_scope.cancel()
    venue.is_silent = False
    return left[0]


async def test_before_it_has_resumed_nothing_is_sent(
    crashed: Path, make_handler: Callable[..., ErrorHandler], venue: Venue
) -> None:
    async with make_handler(crashed) as handler:
        with pytest.raises(ResumeRequired):
            await guard(handler, "next").call(venue.create_order, "next")
        await handler.resume()
        await guard(handler, "next").call(venue.create_order, "next")
    assert venue.executed == ["done", "sent", "next"]


async def test_resume_finds_out_what_became_of_each(
    crashed: Path, make_handler: Callable[..., ErrorHandler], venue: Venue
) -> None:
    async with make_handler(crashed) as handler:
        report = await handler.resume()
        assert {intent[1]: finding.state for intent, finding in report.findings.items()} == {
            "sent": IntentState.ACCEPTED,
            "not-sent": IntentState.FAILED,
        }
        assert (await handler.resume()).findings == {}
    assert venue.executed == ["done", "sent"]


@pytest.mark.parametrize("client_order_id", ["done", "sent"])
async def test_the_same_ids_again_are_adopted_and_not_sent(
    crashed: Path, make_handler: Callable[..., ErrorHandler], venue: Venue, client_order_id: str
) -> None:
    async with make_handler(crashed) as handler:
        await handler.resume()
        found = await guard(handler, client_order_id).call(venue.create_order, client_order_id)
        assert found == {"id": f"x-{client_order_id}", "clientOrderId": client_order_id}
    assert venue.executed == ["done", "sent"]


async def test_what_was_not_sent_is_sent_when_it_is_wanted_again(
    crashed: Path, make_handler: Callable[..., ErrorHandler], venue: Venue
) -> None:
    async with make_handler(crashed) as handler:
        await handler.resume()
        await guard(handler, "not-sent").call(venue.create_order, "not-sent")
    assert venue.executed == ["done", "sent", "not-sent"]


async def test_what_nobody_can_find_out_stays_unknown_reserved_and_unsent_and_a_human_is_told(
    crashed: Path, make_handler: Callable[..., ErrorHandler], venue: Venue
) -> None:
    venue.is_down = True
    limits = {"order_submission": {"config": {"verify_timeout": 20.0}}}
    async with make_handler(crashed, **limits) as handler:
        report = await handler.resume()
        assert set(report.having(IntentState.UNKNOWN)) == {(KEY, "sent"), (KEY, "not-sent")}
        assert set(handler.exposures.reserved(KEY)) == {(KEY, "sent"), (KEY, "not-sent")}
        told = [event for event in handler.plugins.get("listener").events if isinstance(event, EscalationEvent)]
        assert len(told) >= 2
        with pytest.raises(OutcomeUnknown):
            await guard(handler, "sent").call(venue.create_order, "sent")
    venue.is_down = False
    async with make_handler(crashed) as handler:  # and the next process asks again
        report = await handler.resume()
        assert len(report.findings) == 2
        assert report.having(IntentState.UNKNOWN) == {}
        assert handler.exposures.reserved(KEY) == {}


async def test_resume_needs_to_know_where_to_ask(
    crashed: Path, make_handler: Callable[..., ErrorHandler], venue: Venue
) -> None:
    async with make_handler(crashed) as handler:
        handler.venues.register(KEY, VenuePorts())
        with pytest.raises(VenueNotRegistered):
            await handler.resume()
        with pytest.raises(ResumeRequired):
            await guard(handler, "next").call(venue.create_order, "next")


async def test_an_order_cancelled_under_way_is_unknown_and_found_at_the_next_wish(
    make_handler: Callable[..., ErrorHandler], venue: Venue, states: Callable[[], dict[str, str]]
) -> None:
    async with make_handler() as handler:
        venue.is_silent = True
        async with anyio.create_task_group() as group:
            group.start_soon(guard(handler, "one").call, venue.create_order, "one")
            while not venue.executed:
                await anyio.lowlevel.checkpoint()
            group.cancel_scope.cancel()
        handler.plugins.get("recovery_journal").unresolved()
        assert states() == {"one": "unknown"}
        venue.is_silent = False
        await guard(handler, "one").call(venue.create_order, "one")
        handler.plugins.get("recovery_journal").unresolved()
        assert states() == {"one": "accepted"}
    assert venue.executed == ["one"]


def test_a_synchronous_bot_journals_and_resumes_too(
    make_handler: Callable[..., ErrorHandler], path: Path, venue: Venue
) -> None:
    images: list[Path] = []

    def create_order(client_order_id: str) -> dict[str, str]:
        venue.executed.append(client_order_id)
        images.append(image(path, f"at-{client_order_id}"))
        return {"id": "1"}

    handler = make_handler()
    assert handler.resume_sync().findings == {}
    guard(handler, "one").call_sync(create_order, "one")
    handler.plugins.get("recovery_journal").stop()

    after = make_handler(images[0])
    with pytest.raises(ResumeRequired):
        guard(after, "two").call_sync(create_order, "two")
    assert after.resume_sync().having(IntentState.ACCEPTED).keys() == {(KEY, "one")}
    guard(after, "one").call_sync(create_order, "one")
    assert venue.executed == ["one"]
    after.plugins.get("recovery_journal").stop()


def test_it_keeps_the_contracts_of_its_roles(path: Path) -> None:
    section = {"recovery_journal": {"enabled": True, "config": {"path": str(path)}}}
    config = Config.from_dict({"error_handling": {"plugins": section}}, plugins={"recovery_journal": RecoveryJournal})
    assert check_plugin(RecoveryJournal, "recovery_journal", config)
