"""What the core costs: a hook call beside a hand-unrolled one and pluggy's own, and a handled error.

Run it with ``make bench`` on a machine that does nothing else.
"""

from __future__ import annotations

import functools
import subprocess
import sys
import time
from typing import Any

import anyio
import pluggy
from harness import paired, spread
from loguru import logger

from recoup import Config, ErrorHandler, hookimpl, hookspecs

ERRORS = 5000
IMPORTS = 11


class Listener:
    @hookimpl
    def monitor(self, event: Any) -> None:
        pass


def hook_calls(count: int) -> dict[str, float]:
    listeners = [Listener() for _ in range(count)]
    handler = ErrorHandler(discover=False, plugins={f"listener{i}": item for i, item in enumerate(listeners)})
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    for listener in listeners:
        manager.register(listener)
    return paired(
        {
            "hand-unrolled": _loop(_unrolled(listeners)),
            "recoup": _loop(handler.hooks.monitor),
            "pluggy": _loop(functools.partial(_keyword_call, manager.hook.monitor)),
        },
        loops=20_000,
    )


def _keyword_call(hook: Any, event: Any) -> None:
    hook(event=event)


def _unrolled(listeners: list[Listener]) -> Any:
    """Return what one would write by hand: a function that calls each in turn and survives a failure."""
    names = {f"call{i}": listener.monitor for i, listener in enumerate(listeners)}
    body = "".join(
        f"    try:\n        call{i}(event)\n    except Exception:\n        raise\n" for i in range(len(names))
    )
    exec(f"def unrolled(event):\n{body or '    pass'}\n", names)
    return names["unrolled"]


def _loop(call: Any) -> Any:
    def run(loops: int) -> None:
        event = None
        for _ in range(loops):
            call(event)

    return run


async def handled_errors() -> dict[str, str]:
    """Return what handling costs with every installed plugin on and a log sink that does nothing."""
    config = Config.from_dict({"error_handling": {"security": {"max_errors_per_minute": 1_000_000_000}}})
    handler = ErrorHandler(config)
    created, handled = [], []
    async with handler:
        for number in range(ERRORS):
            error = _raised(8)
            started = time.perf_counter_ns()
            context = handler.create_error_context(
                error, "exchange", "create_order", symbol="BTC/USDT", order_id=f"o-{number}", side="buy", attempt=1
            )
            between = time.perf_counter_ns()
            await handler.handle_error(error, context)
            ended = time.perf_counter_ns()
            created.append(between - started)
            handled.append(ended - between)
    return {"create_error_context": spread(created), "handle_error": spread(handled)}


def _raised(depth: int) -> Exception:
    try:
        _descend(depth)
    except TimeoutError as error:
        return error
    raise AssertionError


def _descend(depth: int) -> None:
    if not depth:
        raise TimeoutError("request timed out after 10 s while calling POST /api/v3/order for BTCUSDT")
    _descend(depth - 1)


def import_time(modules: str) -> float:
    """Return the least processor time that an import took, in milliseconds, over several fresh interpreters."""
    code = f"import time; t = time.process_time(); import {modules}; print(time.process_time() - t)"
    runs = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True) for _ in range(IMPORTS)
    ]
    return min(float(run.stdout) for run in runs) * 1000


def main() -> None:
    logger.remove()
    logger.add(lambda _: None)
    print("hook call, ns (ratio to hand-unrolled)")
    for count in (1, 3, 8):
        best = hook_calls(count)
        base = best["hand-unrolled"]
        cells = ", ".join(f"{name} {value:.0f} ({value / base:.1f})" for name, value in best.items())
        print(f"  {count} implementations: {cells}")
    print("one error, every plugin on")
    for name, cost in anyio.run(handled_errors).items():
        print(f"  {name}: {cost}")
    peers, own = import_time("pluggy, attrs, anyio"), import_time("recoup")
    print(f"import recoup: {own:.0f} ms of processor time, {own / peers:.1f} times pluggy, attrs and anyio")


if __name__ == "__main__":
    main()
