"""The results of the policies as a page: a table of ratios, a chart, every peer's figure, and what was measured."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from typing import TYPE_CHECKING

from policy_rows import BARE, BY_HAND, RECOUP

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from policy_memory import Kept
    from policy_rows import Result

PEERS = (
    "aiobreaker",
    "aiolimiter",
    "aioresilience",
    "anyio",
    "backoff",
    "cachebox",
    "circuitbreaker",
    "hyx",
    "limits",
    "purgatory",
    "pybreaker",
    "pyrate-limiter",
    "pyresilience",
    "stamina",
    "tenacity",
    "throttled-py",
)
BYTES_EACH = 100
_WIDTH = 40
_EIGHTHS = " ▏▎▍▌▋▊▉█"

_INTRODUCTION = """\
# Benchmarks

Written by `make bench`. Times are nanoseconds for one call: the least of many rounds in which all who are named took
turns, so that a machine whose speed drifts is fair to all. They hold for one machine; the ratios are what counts.

Every peer is set up as its own documentation has it, without logging and without waits. Where synchronous calls are
repeated, `time.sleep` is taken out: a library that sleeps for zero seconds would be charged with a system call.
`by hand` is the policy written out for this one function, without names, events or checks.

recoup runs with every installed plugin on: its policies are thread-safe and reconfigurable, and tell `monitor` what
they do.
"""
_OF_BARS = """\
recoup is held to the fastest peer: the bar is the share of its time that recoup may take. A cache may take 50 ns more
than what it is built on, or than what one writes with the standard library.
"""
_OF_MEMORY = """\
Bytes for each of 10,000 keys, the text of the keys left out, as `tracemalloc` counts; then once every key's limit is
free again and one other key has had traffic.
"""


def page(results: Sequence[Result], memory: Mapping[str, Kept]) -> str:
    """Return the whole page as Markdown."""
    sections = [
        _INTRODUCTION,
        table(results),
        _OF_BARS,
        f"```text\n{chart(results)}```\n",
        "## Memory of keyed limiters\n",
        memory_table(memory),
        _OF_MEMORY,
        "## Everyone\n",
        *(_everyone(result) for result in results),
        "## What was measured\n",
        versions(),
    ]
    return "\n".join(sections)


def table(results: Sequence[Result]) -> str:
    """Return a row for each result: the fastest peer, recoup, their ratio and whether that is within the bar."""
    lines = [
        "| path | bare | by hand | held to | recoup | ratio | bar | met |",
        "|---|--:|--:|--:|--:|--:|--:|---|",
    ]
    for result in results:
        peer = f"{result.fastest} {result.taken[result.fastest]:,.0f}"
        cells = [
            result.row.title,
            _time(result, BARE),
            _time(result, BY_HAND),
            peer,
            _time(result, RECOUP),
            f"{result.ratio:.2f}",
            f"{result.allowed:.2f}",
            "yes" if result.met else "**no**",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def chart(results: Sequence[Result]) -> str:
    """Return a bar for each result, recoup's share of the fastest peer's time, with a mark where the bar is."""
    width = max(len(result.row.title) for result in results)
    lines = [f"{'recoup, as a share of what it is held to':{width}}  0 %{'100 %':>{_WIDTH - 3}}"]
    for result in results:
        cells = list(f"{_bar(result.ratio):{_WIDTH}}")
        mark = min(round(result.allowed * _WIDTH), _WIDTH - 1)
        if cells[mark] == " ":
            cells[mark] = "|"
        lines.append(f"{result.row.title:{width}}  {''.join(cells)} {result.ratio:4.0%} of {result.fastest}")
    return "\n".join(lines) + "\n"


def memory_table(memory: Mapping[str, Kept]) -> str:
    """Return what each limiter keeps, the least first."""
    lines = ["| limiter | bytes a key | after expiry |", "|---|--:|--:|"]
    for name, kept in sorted(memory.items(), key=lambda item: item[1].each):
        lines.append(f"| {name} | {kept.each:,.0f} | {kept.after:,.0f} |")
    return "\n".join(lines) + "\n"


def versions() -> str:
    """Return what was measured, and on what: nothing that names the machine or its owner."""
    lines = [
        f"- {platform.python_implementation()} {platform.python_version()}, {platform.system()} on {platform.machine()}"
    ]
    lines.append(f"- {os.cpu_count()} CPUs")
    for name in ("recoup", *PEERS):
        try:
            lines.append(f"- {name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            lines.append(f"- {name} is not installed and was left out (`pip install --group bench`)")
    return "\n".join(lines) + "\n"


def _everyone(result: Result) -> str:
    lines = [f"### {result.row.title}\n", "| | ns |", "|---|--:|"]
    lines += [f"| {name} | {taken:,.0f} |" for name, taken in sorted(result.taken.items(), key=lambda item: item[1])]
    lines += [f"| {name} | left out: {reason} |" for name, reason in sorted(result.left_out.items())]
    return "\n".join(lines) + "\n"


def _time(result: Result, name: str) -> str:
    return f"{result.taken[name]:,.0f}" if name in result.taken else ""


def _bar(share: float) -> str:
    whole, rest = divmod(round(min(share, 1.0) * _WIDTH * 8), 8)
    return "█" * whole + (_EIGHTHS[rest] if rest else "")
