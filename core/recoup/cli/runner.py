"""Finding the commands and running one.

Exit codes: 0, all is well; 1, the command found a problem or failed; 2, its words are off.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Protocol

from recoup.discovery import COMMAND_GROUP, entry_points
from recoup.errors import RecoupError

if TYPE_CHECKING:
    from collections.abc import Sequence


class Command(Protocol):
    """What an entry point of the group ``recoup.commands`` names: a class, built without arguments.

    Attributes:
        help: one line for the list of commands.
    """

    help: str

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Declare the command's arguments."""
        ...

    def run(self, arguments: argparse.Namespace) -> int:
        """Run it and return the exit code; a :class:`RecoupError` is shown and gives 1."""
        ...


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command that ``argv`` names and return its exit code."""
    parser, missing = _parser()
    arguments = parser.parse_args(argv)
    try:
        return _run(arguments, missing)
    except RecoupError as failure:
        print(f"recoup: {failure}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # The reader has gone, as `head` does; Python would complain once more while it shuts down.
        sys.stderr.close()
        return 0


def _run(arguments: argparse.Namespace, missing: dict[str, str]) -> int:
    if arguments.command in missing:
        raise RecoupError(f"the command {arguments.command!r} can't be loaded: {missing[arguments.command]}")
    command: Command = arguments.implementation
    return command.run(arguments)


def _parser() -> tuple[argparse.ArgumentParser, dict[str, str]]:
    parser = argparse.ArgumentParser(
        prog="recoup",
        description="Error handling, recovery and resilience for trading bots.",
        epilog="Exit codes: 0 all is well, 1 a problem was found, 2 wrong usage.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    missing = {}
    for name, point in entry_points(COMMAND_GROUP).items():
        try:
            command: Command = point.load()()
        except Exception as failure:  # noqa: BLE001 - one broken distribution must not take the others' commands away
            missing[name] = f"{type(failure).__name__}: {failure}"
            commands.add_parser(name, help=f"(can't be loaded: {type(failure).__name__})")
            continue
        subparser = commands.add_parser(name, help=command.help, description=command.help)
        command.configure(subparser)
        subparser.set_defaults(implementation=command)
    return parser, missing
