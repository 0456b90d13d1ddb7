"""A million handled errors with every plugin on: how much memory stays.

Run it with ``make soak``. Each error has a message, an order id and details of its own, over a thousand components, so
that whatever is kept by key grows to its bound. Exits with 1 if the process grew beyond ``BOUND_MIB``.
"""

from __future__ import annotations

import gc
import resource
import sys
import time
from pathlib import Path

import anyio
from loguru import logger

from recoup import Config, ErrorHandler

ERRORS = 1_000_000
WARM_UP = 50_000
COMPONENTS = 1000
BOUND_MIB = 64
"""What the built-in plugins' tables and caches take at most when all of them are full."""


def resident_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def fail(number: int) -> None:
    raise ConnectionResetError(104, f"connection {number} was reset by 192.0.2.{number % 256}")


async def handle(handler: ErrorHandler, first: int, count: int) -> None:
    for number in range(first, first + count):
        try:
            fail(number)
        except ConnectionResetError as error:
            context = handler.create_error_context(
                error, f"component{number % COMPONENTS}", "fetch_ticker", order_id=f"order-{number}", attempt=number
            )
            await handler.process(error, context)


async def main() -> int:
    logger.remove()
    config = Config.from_dict({"error_handling": {"security": {"max_errors_per_minute": 1_000_000_000}}})
    async with ErrorHandler(config) as handler:
        await handle(handler, 0, WARM_UP)
        gc.collect()
        before, started = resident_mib(), time.monotonic()
        await handle(handler, WARM_UP, ERRORS)
        gc.collect()
        grown = resident_mib() - before
    print(f"{ERRORS:,} errors in {time.monotonic() - started:.0f} s, {before:.0f} MiB before, {grown:+.1f} MiB after")
    return 0 if grown <= BOUND_MIB else 1


if __name__ == "__main__":
    sys.exit(anyio.run(main))
