"""``recoup venue``: the simulated venue as a process of its own."""

from __future__ import annotations

import asyncio
import json
import signal
from pathlib import Path
from typing import TYPE_CHECKING

from recoup import RecoupError
from recoup_sim.matching import ClientIdRule
from recoup_sim.plan import FaultPlan, FaultPlanError
from recoup_sim.presets import ALL_FAULTS, DEFAULT_FAULTS
from recoup_sim.venue import SimulatedVenue

if TYPE_CHECKING:
    import argparse

PRESETS = {"none": FaultPlan(), "default": DEFAULT_FAULTS, "all": ALL_FAULTS}
MAX_PORT = 65_535


class VenueCommand:
    """Runs a venue until it is told to end, so that bots may die and come back meanwhile."""

    help = "run a simulated venue that fails, as a process of its own"

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument("--port", type=_port, default=0, help="where to listen on 127.0.0.1 (default: a free port)")
        parser.add_argument(
            "--plan", default="none", metavar="FILE", help="a fault plan in YAML or TOML, or one of: none, default, all"
        )
        parser.add_argument("--seed", type=int, help="decides every fault and the key pair (default: the plan's)")
        parser.add_argument(
            "--client-id-rule",
            choices=[rule.value for rule in ClientIdRule],
            default=ClientIdRule.OPEN_ONLY.value,
            help="which client order ids are refused as duplicates (default: %(default)s)",
        )
        parser.add_argument("--ledger", type=Path, metavar="FILE", help="write the ledger there as JSON at the end")

    def run(self, arguments: argparse.Namespace) -> int:
        """Print the address and key pair as one line of JSON, and serve until SIGTERM or SIGINT."""
        venue = SimulatedVenue(
            plan=read_plan("--plan", arguments.plan, PRESETS),
            seed=arguments.seed,
            client_id_rule=arguments.client_id_rule,
            port=arguments.port,
        )
        try:
            asyncio.run(_serve(venue))
            if arguments.ledger is not None:
                arguments.ledger.write_text(json.dumps(venue.ledger.describe(), indent=2) + "\n", encoding="utf-8")
        except OSError as failure:
            raise RecoupError(f"the venue: {failure}") from failure
        return 0


def read_plan(option: str, name: str, presets: dict[str, FaultPlan]) -> FaultPlan:
    """Return the plan of that name, or that of the file.

    Raises:
        RecoupError: The file can't be read, or is no plan.
    """
    if name in presets:
        return presets[name]
    try:
        return FaultPlan.from_file(Path(name))
    except (FaultPlanError, OSError) as failure:
        raise RecoupError(f"{option} {name}: {failure}") from failure


async def _serve(venue: SimulatedVenue) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with venue:
        keys = venue.credentials
        told = {"port": venue.port, "url": venue.url, "api_key": keys.api_key, "secret": keys.secret}
        print(json.dumps(told), flush=True)  # noqa: T201 - a command line prints
        await stop.wait()


def _port(text: str) -> int:
    number = int(text)
    if not 0 <= number <= MAX_PORT:
        raise ValueError(f"a port is 0 to {MAX_PORT}, got {number}")
    return number
