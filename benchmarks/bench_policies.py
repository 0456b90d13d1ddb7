"""What recoup's policies cost beside other libraries', in one run; writes ``docs/benchmarks.md``.

Run it with ``make bench`` on a machine that does nothing else. Peers that are not installed are left out; ``--rounds``
makes it shorter, ``--only`` takes the rows whose title has a text in it and writes nothing.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from loguru import logger
from policy_calls import KEYS
from policy_memory import memory
from policy_rows import measure
from policy_table import ROWS
from report import chart, memory_table, page, table, versions

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    logger.remove()
    results = []
    for row in ROWS:
        if options.only in row.title:
            result = measure(row, options.rounds)
            print("." if result.is_compared else f"\nno peer is installed for: {row.title}", end="", flush=True)
            results += [result] if result.is_compared else []
    if not results:
        raise SystemExit("\nnothing to compare: pip install --group bench")
    print(f"\n{table(results)}\n{chart(results)}")
    if options.only:
        return
    kept = memory(KEYS)
    print(f"{memory_table(kept)}\n{versions()}")
    PAGE.write_text(page(results, kept), encoding="utf-8")


if __name__ == "__main__":
    main()
