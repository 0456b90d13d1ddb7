"""``recoup config``: check a configuration file before it goes live, and describe what may stand in one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import attrs

from recoup.config.models import Config
from recoup.errors import ConfigError

if TYPE_CHECKING:
    import argparse


class ConfigCommand:
    """Checks configuration files and prints their schema."""

    help = "check a configuration file, or print the JSON Schema of one"

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Declare ``check`` and ``schema``."""
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        check = actions.add_parser("check", help="report every problem in a file")
        check.add_argument("file", metavar="FILE", help="a YAML, JSON or TOML file")
        check.add_argument("--json", action="store_true", help="print JSON")
        actions.add_parser("schema", help="print the JSON Schema, with the sections of the installed plugins")

    def run(self, arguments: argparse.Namespace) -> int:
        """Run the action."""
        if arguments.action == "schema":
            from recoup.config.schema import schema  # noqa: PLC0415 - only this action needs it

            print(json.dumps(schema(), indent=2))
            return 0
        return _check(arguments.file, as_json=arguments.json)


def _check(file: str, *, as_json: bool) -> int:
    problems = []
    try:
        Config.from_file(file)
    except ConfigError as failure:
        problems = list(failure.problems)
        if not as_json:
            print(str(failure))
    if as_json:
        report = {"file": file, "ok": not problems, "problems": [attrs.asdict(problem) for problem in problems]}
        print(json.dumps(report, indent=2))
    elif not problems:
        print(f"{file}: ok")
    return 1 if problems else 0
