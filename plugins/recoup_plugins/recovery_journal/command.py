"""``recoup journal``: see what the journal holds, and say what became of an order that nobody could look up."""

from __future__ import annotations

import json
import sqlite3
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recoup import IntentState
from recoup_plugins.recovery_journal.errors import JournalError, JournalLocked
from recoup_plugins.recovery_journal.lock import JournalLock
from recoup_plugins.recovery_journal.schema import open_existing
from recoup_plugins.recovery_journal.store import Store

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from recoup_plugins.recovery_journal.store import Record

_ABSENT = 1
_CANNOT = 2
_LONGEST_REASON = 400
_UNRESOLVED = (IntentState.PENDING, IntentState.UNKNOWN)


class JournalCommand:
    """Lists, shows and resolves the records of a recovery journal."""

    help = "see what a recovery journal holds, and resolve what nobody could look up"

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Declare ``list``, ``show`` and ``resolve``."""
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        listing = actions.add_parser("list", help="one line for each order, the latest last")
        show = actions.add_parser("show", help="all that is recorded under one id")
        resolve = actions.add_parser("resolve", help="say what became of an order of unknown outcome")
        for action in (listing, show, resolve):
            action.add_argument("path", metavar="PATH", type=Path, help="the journal's file")
        which = listing.add_mutually_exclusive_group()
        which.add_argument("--unresolved", action="store_true", help="only orders under way or of unknown outcome")
        which.add_argument(
            "--state",
            choices=[state.value for state in IntentState],
            action="append",
            help="only these; may be repeated",
        )
        listing.add_argument("--limit", metavar="N", type=int, default=100, help="at most so many, 100 by default")
        for action in (show, resolve):
            action.add_argument("key", metavar="KEY", help="the venue's key, as `list` prints it")
            action.add_argument("id", metavar="ID", help="the client order id")
        for action in (listing, show):
            action.add_argument("--json", action="store_true", help="print JSON")
        resolve.add_argument("state", choices=("accepted", "failed"), help="whether the venue has it, or had it")
        resolve.add_argument("--because", metavar="TEXT", required=True, help="how you know; it is recorded")

    def run(self, arguments: argparse.Namespace) -> int:
        """Run the action: 0 done, 1 there is no such record, 2 it can't be done."""
        try:
            return _ACTIONS[arguments.action](arguments)
        except BrokenPipeError:
            raise
        except (JournalError, OSError, sqlite3.Error, UnicodeEncodeError) as failure:
            print(f"recoup: {failure}", file=sys.stderr)
            return _CANNOT


def _list(arguments: argparse.Namespace) -> int:
    if arguments.limit < 1:
        raise JournalError(f"--limit must be 1 or more, got {arguments.limit}")
    states = tuple(IntentState)
    if arguments.unresolved:
        states = _UNRESOLVED
    elif arguments.state:
        states = tuple(map(IntentState, arguments.state))
    with closing(open_existing(arguments.path, writable=False)) as connection:
        records = Store(connection, arguments.path).records(states, arguments.limit)
    if arguments.json:
        print(json.dumps([_members(record) for record in records], indent=2))
    else:
        for record in records:
            print(_one_line(_words(record)))
    return 0


def _show(arguments: argparse.Namespace) -> int:
    with closing(open_existing(arguments.path, writable=False)) as connection:
        records = Store(connection, arguments.path).find((arguments.key, arguments.id))
    if not records:
        return _say_absent(arguments)
    if arguments.json:
        print(json.dumps([_members(record) for record in records], indent=2))
    else:
        print("\n\n".join("\n".join(_lines(record)) for record in records))
    return 0


def _resolve(arguments: argparse.Namespace) -> int:
    intent, state = (arguments.key, arguments.id), IntentState(arguments.state)
    reason = " ".join(arguments.because.split()).encode("utf-8", "backslashreplace").decode("utf-8")
    detail = f"said by hand: {reason[:_LONGEST_REASON]}"
    try:
        lock: JournalLock | None = _existing_lock(arguments.path)
    except JournalLocked:
        lock = None  # a bot is running
    try:
        with closing(open_existing(arguments.path, writable=True)) as connection:
            store = Store(connection, arguments.path)
            with store.transaction():
                records = store.find(intent)
                open_records = [record for record in records if record.intent.state in _UNRESOLVED]
                if not records:
                    return _say_absent(arguments)
                if not open_records:
                    raise JournalError(
                        f"{arguments.id} is {records[-1].intent.state.value} already: nothing was changed"
                    )
                if lock is None and any(record.intent.state is IntentState.PENDING for record in open_records):
                    raise JournalError(
                        f"{arguments.id} is pending, and the bot is running: its call may be under way. Wait for it to "
                        "end, call handler.resume() in the bot, or stop the bot first"
                    )
                store.resolve(intent, state, detail, datetime.now(UTC))
    finally:
        if lock is not None:
            lock.release()
    print(_one_line(f"{arguments.key} {arguments.id}: {state.value}"))
    return 0


def _existing_lock(path: Path) -> JournalLock:
    if not path.exists():
        raise JournalError(f"there is no journal at {path}")
    return JournalLock(path)


def _say_absent(arguments: argparse.Namespace) -> int:
    print(f"recoup: the journal has nothing under {arguments.key!r} {arguments.id!r}", file=sys.stderr)
    return _ABSENT


_ACTIONS = {"list": _list, "show": _show, "resolve": _resolve}


def _members(record: Record) -> dict[str, Any]:
    intent, exposure = record.intent, record.intent.exposure
    risk = None
    if exposure is not None:
        price = None if exposure.price is None else str(exposure.price)
        risk = {"symbol": exposure.symbol, "side": exposure.side, "amount": str(exposure.amount), "price": price}
    return {
        "key": intent.key,
        "client_order_id": intent.client_order_id,
        "kind": intent.kind.value,
        "state": intent.state.value,
        "detail": intent.detail,
        "component": intent.component,
        "name": intent.name,
        "symbol": intent.symbol,
        "exposure": risk,
        "parent": intent.parent,
        "created": intent.created.isoformat(),
        "changed": record.changed.isoformat(),
    }


def _words(record: Record) -> str:
    intent, exposure = record.intent, record.intent.exposure
    words = [f"{intent.created:%Y-%m-%dT%H:%M:%SZ}", f"{intent.state.value:8}", intent.key, intent.client_order_id]
    words.append(intent.kind.value)
    if exposure is not None:
        words += [exposure.side, str(exposure.amount), exposure.symbol]
        words += [] if exposure.price is None else ["at", str(exposure.price)]
    elif intent.symbol is not None:
        words.append(intent.symbol)
    return " ".join(words) + (f"  ({intent.detail})" if intent.detail else "")


def _lines(record: Record) -> Iterator[str]:
    members = _members(record)
    members |= {f"exposure {name}": value for name, value in (members.pop("exposure") or {}).items()}
    for name, value in members.items():
        if value not in (None, ""):
            yield _one_line(f"{name:16} {value}")


def _one_line(text: str) -> str:
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text)
