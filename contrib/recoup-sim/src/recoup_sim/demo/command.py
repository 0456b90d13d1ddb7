"""The command itself: its arguments, its progress, its table."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import attrs
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from recoup_sim.command import read_plan
from recoup_sim.demo.run import Report, Settings, run_guarded, run_plain
from recoup_sim.presets import ALL_FAULTS, DEFAULT_FAULTS

if TYPE_CHECKING:
    import argparse

DEFAULT_ORDERS = 300
PRESETS = {"default": DEFAULT_FAULTS, "all": ALL_FAULTS}
_ROWS = (
    ("orders intended", "intended"),
    ("orders accepted by the venue", "accepted"),
    ("duplicates (sent twice)", "duplicates"),
    ("lost", "lost"),
    ("filled more than ordered", "over_fills"),
    ("rejected, correctly not retried", "rejected"),
    ("recovered", "recovered"),
    ("  adopted after a lost answer", "adopted"),
    ("  verified before resend", "verified"),
    ("left unknown and escalated", "unknown"),
    ("bot is mistaken about", "mistaken"),
    ("crashes of the bot", "crashes"),
    ("  orders resumed after them", "resumed"),
    ("bans", "bans"),
    ("requests sent while banned", "requests_during_bans"),
    ("log lines with a secret", "secrets"),
    ("time, virtual (s)", "virtual_seconds"),
    ("time, real (s)", "real_seconds"),
)


class DemoCommand:
    """Runs a bot under a fault plan, once with a plain retry and once guarded by recoup."""

    help = "trade at a simulated venue that fails, with a plain retry and with recoup, and compare"

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument("--seed", type=int, default=7, help="decides every fault (default: %(default)s)")
        parser.add_argument(
            "--orders", type=_count, default=DEFAULT_ORDERS, help="orders in each run (default: %(default)s)"
        )
        parser.add_argument(
            "--faults",
            default="default",
            metavar="FILE",
            help="a fault plan in YAML or TOML, or one of: default, all (default: %(default)s)",
        )
        parser.add_argument("--json", action="store_true", help="print JSON instead of the table")
        parser.add_argument("--verbose", action="store_true", help="print the log of both runs")

    def run(self, arguments: argparse.Namespace) -> int:
        """Run both bots and compare; 1 if recoup's was not clean: see :class:`Report`."""
        console = Console(stderr=True)
        with Progress(console=console, transient=True, disable=arguments.verbose) as progress:
            tasks = {name: progress.add_task(name, total=arguments.orders) for name in ("plain retry", "recoup")}
            settings = Settings(
                seed=arguments.seed,
                orders=arguments.orders,
                plan=read_plan("--faults", arguments.faults, PRESETS),
                verbose=arguments.verbose,
                progress=lambda name, done: progress.update(tasks[name], completed=done),
            )
            plain = asyncio.run(run_plain(settings))
            guarded = asyncio.run(run_guarded(settings))
        if arguments.json:
            reports = {"plain_retry": attrs.asdict(plain), "recoup": attrs.asdict(guarded)}
            print(json.dumps({"seed": settings.seed, "ok": guarded.is_clean, **reports}, indent=2))  # noqa: T201 - a command line prints
        else:
            _show(plain, guarded)
        return 0 if guarded.is_clean else 1


def _show(plain: Report, guarded: Report) -> None:
    table = Table(title="One bot, one venue, one fault plan")
    table.add_column("")
    table.add_column("plain retry", justify="right")
    table.add_column("recoup", justify="right")
    for title, name in _ROWS:
        table.add_row(title, *(f"{getattr(report, name):,}" for report in (plain, guarded)))
    Console().print(table)


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(f"expected at least 1 order, got {number}")
    return number
