"""A bot that is killed at one step after another, the venue that it trades at, and a look at what both then hold.

Run as a program: ``crash_bot.py DIRECTORY writes|lines FIRST STRIDE [BEFORE ...]``. It imports everything once and
forks a venue and, for each step to be killed at, a bot. For every kill it writes one JSON object to standard output.
With ``BEFORE``, bots that are killed at these steps come first, so that the one after them is killed in the middle of
its resumption.

The bot wants the same orders under the same ids whenever it starts, as bots with deterministic ids do. Steps are, with
``writes``, every SQL statement that writes and everything else that the journal and the client do in between; with
``lines``, every line of the journal's code.
"""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import signal
import socket
import sqlite3
import sys
import threading
from contextlib import closing
from pathlib import Path

import anyio
from anyio import lowlevel

import recoup_plugins.recovery_journal as journal_package
from recoup import Config, ErrorHandler, Exposure, Guard, Operation, OperationKind, OutcomeUnknown, Turn, VenuePorts
from recoup_plugins.classifier import Classifier
from recoup_plugins.order_submission import OrderSubmission
from recoup_plugins.recovery_journal import RecoveryJournal

KEY = "venue:account"
BACKENDS = ("asyncio", "trio")
"""In turn, from one step to be killed at to the next."""
ORDERS = {"first": "ok", "silent": "silent", "refused": "refuse", "left": "ok", "right": "silent", "last": "ok"}
"""What the bot wants, by client order id, and what the venue does: ``silent`` executes it and never answers."""
PLUGINS = {"classifier": Classifier, "order_submission": OrderSubmission, "recovery_journal": RecoveryJournal}
_CODE = str(Path(journal_package.__file__).parent)


class Refusal(Exception):
    """The venue has not executed the order, and says so."""

    status = 400


class Steps:
    """Counts the steps of a process, and kills it at one of them. Thread-safe enough: a step missed is one not hit."""

    def __init__(self, kill_at: int | None) -> None:
        self._kill_at = kill_at
        self.count = 0

    def hit(self, *_: object) -> None:
        self.count += 1
        if self.count == self._kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def watch_writes(self) -> None:
        """Count SQL statements but reads, and the steps between: files made, turns given, records handed over."""
        connect = sqlite3.connect

        def statement(text: str) -> None:
            if not text.startswith(("SELECT", "PRAGMA")):
                self.hit()

        def watched(*args: object, **kwargs: object) -> sqlite3.Connection:
            self.hit()
            connection = connect(*args, **kwargs)
            connection.set_trace_callback(statement)
            return connection

        sqlite3.connect = watched
        for owner, name in (
            (Turn, "give"),
            (pathlib.Path, "replace"),
            (os, "fsync"),
            (RecoveryJournal, "settle"),
            (RecoveryJournal, "resolve"),
            (RecoveryJournal, "resumed"),
            (RecoveryJournal, "stop"),
        ):
            self._watch(owner, name)

    def watch_lines(self) -> None:
        """Count every line of the journal's code, in every thread."""

        def trace(frame: object, event: str, _: object) -> object:
            if not frame.f_code.co_filename.startswith(_CODE):
                return None
            if event == "line":
                self.hit()
            return trace

        threading.settrace(trace)
        sys.settrace(trace)

    def _watch(self, owner: object, name: str) -> None:
        function = getattr(owner, name)

        def watched(*args: object, **kwargs: object) -> object:
            self.hit()
            result = function(*args, **kwargs)
            self.hit()
            return result

        setattr(owner, name, watched)


class Client:
    """The bot's client: one connection for each request."""

    client_id_rule = "none"

    def __init__(self, port: int, steps: Steps) -> None:
        self._port = port
        self._steps = steps

    async def create_order(self, client_order_id: str) -> dict[str, str]:
        await lowlevel.checkpoint()
        self._steps.hit()
        answer = await self._ask("create", client_order_id)
        self._steps.hit()
        if answer.get("error"):
            raise Refusal("order rejected: price out of range")
        return answer

    async def find_order(self, client_order_id: str, _: str | None) -> dict[str, str] | None:
        return await self._ask("find", client_order_id) or None

    async def open_orders(self, _: str | None) -> list[dict[str, str]]:
        return await self._ask("list", "")

    async def recent_orders(self, _: str | None) -> list[dict[str, str]]:
        return []

    async def _ask(self, what: str, client_order_id: str) -> dict[str, str]:
        async with await anyio.connect_tcp("127.0.0.1", self._port) as stream:
            await stream.send(json.dumps([what, client_order_id]).encode() + b"\n")
            if what == "create":
                self._steps.hit()
            answer = b""
            while not answer.endswith(b"\n"):
                try:
                    answer += await stream.receive()
                except anyio.EndOfStream:
                    raise ConnectionResetError("the venue has hung up") from None
        return json.loads(answer)


def serve(listener: socket.socket, ledgers: Path) -> None:
    """Be the venue, one request after the other; an order is in the ledger before it is answered."""
    while True:
        connection, _ = listener.accept()
        with connection, connection.makefile("rwb") as stream:
            line = stream.readline()
            if not line:
                continue
            what, client_order_id = json.loads(line)
            ledger = Path((ledgers / "current").read_text())
            entries = executed(ledger)
            answer: object = {"id": f"x-{client_order_id}", "clientOrderId": client_order_id, "status": "closed"}
            if what == "find" and client_order_id not in entries:
                answer = {}
            elif what == "list":
                answer = [{"id": f"x-{entry}", "clientOrderId": entry, "status": "closed"} for entry in entries]
            elif what == "create" and ORDERS[client_order_id] == "refuse":
                answer = {"error": "refused"}
            elif what == "create":
                with ledger.open("a") as file:
                    file.write(f"{client_order_id}\n")
                    file.flush()
                    os.fsync(file.fileno())
                if ORDERS[client_order_id] == "silent":
                    continue
            try:
                stream.write(json.dumps(answer).encode() + b"\n")
                stream.flush()
            except OSError:
                continue  # the bot was killed


def executed(ledger: Path) -> list[str]:
    return ledger.read_text().split() if ledger.exists() else []


def left_behind(folder: Path) -> dict[str, str]:
    """Look at what a bot that was killed has left, in a copy: to open the journal itself would tidy it up."""
    copy = folder / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    copy.mkdir()
    for file in folder.glob("journal.db*"):
        shutil.copy(file, copy)
    return recorded(copy / "journal.db") if (copy / "journal.db").exists() else {}


def recorded(path: Path) -> dict[str, str]:
    with closing(sqlite3.connect(path)) as connection:
        return dict(connection.execute("SELECT client_order_id, state FROM intents ORDER BY sequence"))


def configured() -> Config:
    """Read the configuration, once for all bots: each lives in a folder of its own, where its journal is."""
    pace = {"settle_time": 0.01, "poll_interval": 0.005}
    sections = {
        "recovery_journal": {"enabled": True, "config": {"path": "journal.db", **pace}},
        "order_submission": {"config": {"unprotected_settle_time": 0.01, "duplicate_settle_time": 0.01, **pace}},
    }
    return Config.from_dict({"error_handling": {"plugins": sections}}, plugins=PLUGINS)


async def trade(config: Config, folder: Path, port: int, steps: Steps) -> dict[str, object]:
    """Resume, then want all orders; returns what the journal and the ledger hold in between."""
    client = Client(port, steps)
    os.chdir(folder)
    handler = ErrorHandler(config, plugins=PLUGINS, discover=False)

    async def want(client_order_id: str) -> None:
        operation = Operation(
            kind=OperationKind.SUBMIT,
            key=KEY,
            client_order_id=client_order_id,
            exposure=Exposure(symbol="BTC/USDT", side="buy", amount="0.10", price="50000.5"),
        )
        try:
            await Guard(operation=operation, component="exchange", handler=handler).call(
                client.create_order, client_order_id
            )
        except (Refusal, OutcomeUnknown):
            return

    async with handler:
        handler.venues.register(KEY, VenuePorts(orders=client))
        await handler.resume()
        journal = handler.plugins.get("recovery_journal")
        left = [intent.client_order_id for intent in journal.unresolved()]  # waits for all that was written before
        seen = {"left": left, "journal": recorded(folder / "journal.db"), "ledger": executed(folder / "ledger")}
        for wanted in (["first"], ["silent"], ["refused"], ["left", "right"], ["last"]):
            async with anyio.create_task_group() as group:
                for client_order_id in wanted:
                    group.start_soon(want, client_order_id)
    return seen


def bot(config: Config, folder: Path, port: int, mode: str, kill_at: int | None) -> dict[str, object]:
    steps = Steps(kill_at)
    steps.watch_writes() if mode == "writes" else steps.watch_lines()
    seen = anyio.run(trade, config, folder, port, steps, backend=BACKENDS[(kill_at or 0) % len(BACKENDS)])
    sys.settrace(None)
    return seen | {"steps": steps.count}


def in_child(function: object, *args: object) -> int:
    """Run a function in a child and return its process id."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            function(*args)
            code = 0
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(code)
    return pid


def life(config: Config, folder: Path, port: int, mode: str, kill_at: int | None) -> bool:
    """Let a bot live until it is killed, or to the end; say whether it was killed."""

    def run() -> None:
        (folder / "seen").write_text(json.dumps(bot(config, folder, port, mode, kill_at)))

    _, status = os.waitpid(in_child(run), 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    if status:
        raise SystemExit(f"the bot failed in {folder}")
    return False


def prepare(folder: Path, directory: Path) -> None:
    """Make a folder for one bot, and have the venue keep its ledger there."""
    folder.mkdir()
    (directory / "current").write_text(str(folder / "ledger"))


def main() -> None:
    directory, mode, first, stride = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    before = [int(word) for word in sys.argv[5:]]
    config = configured()
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    port = listener.getsockname()[1]
    venue = in_child(serve, listener, directory)
    listener.close()
    try:
        for backend in BACKENDS:  # so that all is imported before the first fork
            prepare(directory / backend, directory)
            anyio.run(trade, config, directory / backend, port, Steps(None), backend=backend)
        kill_at, was_killed = first, True
        while was_killed:
            folder = directory / f"{mode}-{'-'.join(map(str, [*before, kill_at]))}"
            prepare(folder, directory)
            for earlier in before:
                life(config, folder, port, "writes", earlier)
            was_killed = life(config, folder, port, mode, kill_at)
            left = left_behind(folder)
            if was_killed:
                life(config, folder, port, "writes", None)
            seen = json.loads((folder / "seen").read_text())
            at_end = {"journal": recorded(folder / "journal.db"), "ledger": executed(folder / "ledger")}
            told = {"kill_at": kill_at, "was_killed": was_killed, "left": left, "resumed": seen, "at_end": at_end}
            sys.stdout.write(json.dumps(told) + "\n")
            kill_at += stride
    finally:
        os.kill(venue, signal.SIGKILL)
        os.waitpid(venue, 0)


if __name__ == "__main__":
    main()
