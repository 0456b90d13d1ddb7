"""``recoup plugins``: what is installed, what is at work and why not, and whether a plugin keeps its contract."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING

import attrs

from recoup.config.models import Config, PluginSettings
from recoup.context import WITHHELD
from recoup.discovery import installed_plugins
from recoup.error_handler import ErrorHandler
from recoup.errors import ConfigError, PluginLoadError, UnknownPlugin

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator

    from recoup.plugin_status import PluginStatus


class PluginsCommand:
    """Lists and checks plugins."""

    help = "list the installed plugins, or check one against its hooks' contracts"

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Declare ``list`` and ``check``."""
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        listing = actions.add_parser("list", help="what is installed, what is at work, and why not")
        listing.add_argument("--config", metavar="FILE", help="take this configuration into account")
        listing.add_argument("--json", action="store_true", help="print JSON")
        check = actions.add_parser("check", help="run the contract tests of the plugin's hooks")
        check.add_argument("name", metavar="NAME", help="the plugin's name")
        check.add_argument("--config", metavar="FILE", help="build it with its section of this configuration")
        check.add_argument("--json", action="store_true", help="print JSON")

    def run(self, arguments: argparse.Namespace) -> int:
        """Run the action."""
        config = Config.from_file(arguments.config) if arguments.config else Config()
        with _unlogged():
            if arguments.action == "list":
                return _list(config, as_json=arguments.json)
            return _check(arguments.name, config, as_json=arguments.json)


@contextmanager
def _unlogged() -> Iterator[None]:
    """Keep out of the log what the command prints itself."""
    from loguru import logger  # noqa: PLC0415 - only this command needs it

    names = ("recoup", "recoup_plugins")
    for name in names:
        logger.disable(name)
    try:
        yield
    finally:
        for name in names:
            logger.enable(name)


def _list(config: Config, *, as_json: bool) -> int:
    handler = ErrorHandler(config)
    statuses = [
        # A reason may hold an exception's text, whatever stands in that.
        attrs.evolve(status, reason=str(handler.sanitize(status.reason)) if status.reason else "")
        for status in handler.plugins.statuses()
    ]
    if as_json:
        print(json.dumps([attrs.asdict(status) for status in statuses], indent=2))
        return 0
    rows = [("NAME", "VERSION", "HOOKS", "DISTRIBUTION", "ENABLED"), *map(_row, statuses)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    return 0


def _row(status: PluginStatus) -> tuple[str, ...]:
    enabled = "yes" if status.enabled else "no"
    return (
        status.name,
        status.version or "-",
        ", ".join(status.hooks) or "-",
        status.distribution or "-",
        f"{enabled}: {status.reason}" if status.reason else enabled,
    )


def _check(name: str, config: Config, *, as_json: bool) -> int:
    from recoup.testing.contracts import Check, run_checks  # noqa: PLC0415 - only this action needs it

    sources = installed_plugins()
    if name not in sources:
        raise UnknownPlugin(name, f"is not installed; installed: {', '.join(sources) or 'none'}")
    try:
        plugin_class = sources[name].load()
    except PluginLoadError as failure:
        checks = [Check(name="it can be imported", passed=False, detail=str(failure))]
    else:
        checks = run_checks(plugin_class, name, config)
    if any(check.detail for check in checks):
        sanitize = _sanitizer(config, without=name)
        checks = [attrs.evolve(check, detail=sanitize(check.detail)) for check in checks]
    failed = [check for check in checks if not check.passed]
    if as_json:
        print(json.dumps([attrs.asdict(check) for check in checks], indent=2))
    else:
        for check in checks:
            print(f"{'ok  ' if check.passed else 'FAIL'}  {check.name}{f': {check.detail}' if check.detail else ''}")
        print(f"{name}: {len(checks) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


def _sanitizer(config: Config, *, without: str) -> Callable[[str], str]:
    """Return what the installed sanitizers make of a text; the plugin that is being checked has no say in it."""
    section = config.error_handling
    others = {**section.plugins, without: PluginSettings(enabled=False)}
    order = tuple(name for name in section.plugin_order if name != without)
    try:
        handler = ErrorHandler(
            attrs.evolve(config, error_handling=attrs.evolve(section, plugins=others, plugin_order=order))
        )
    except ConfigError:  # another plugin's section is incomplete, which is not what was asked about
        return lambda text: WITHHELD if text else ""
    return lambda text: str(handler.sanitize(text)) if text else ""
