"""Paired timing: contenders take turns within one run, so that a machine whose speed drifts is fair to all."""

from __future__ import annotations

import gc
import time
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def paired(contenders: dict[str, Callable[[int], None]], loops: int, rounds: int = 25) -> dict[str, float]:
    """Return each contender's best time for one of its loops, in nanoseconds.

    Args:
        contenders: functions that run their subject as often as they are told.
        loops: how often in one round.
        rounds: turns that each contender takes.
    """
    best = dict.fromkeys(contenders, float("inf"))
    gc.collect()
    gc.disable()
    try:
        for _ in range(rounds):
            for name, run in contenders.items():
                started = time.perf_counter_ns()
                run(loops)
                best[name] = min(best[name], (time.perf_counter_ns() - started) / loops)
    finally:
        gc.enable()
    return best


def spread(samples: list[int]) -> str:
    """Return median and tails of nanosecond samples, in microseconds."""
    ordered = sorted(samples)
    at = [ordered[len(ordered) * percent // 100] / 1000 for percent in (5, 95)]
    return f"median {median(ordered) / 1000:.1f} µs (5 % {at[0]:.1f}, 95 % {at[1]:.1f})"
