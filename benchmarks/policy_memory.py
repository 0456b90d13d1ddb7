"""What keyed limiters keep for each key, and what they give back once no key is limited any longer."""

from __future__ import annotations

import asyncio
import gc
import inspect
import time
import tracemalloc
from typing import TYPE_CHECKING

from attrs import frozen
from policy_keyed import LIMITERS
from policy_rows import RECOUP
from policy_subjects import keyed_limiter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policy_keyed import Limiter
    from policy_rows import Subject

PER_SECOND = 10
PAUSE = 1.5
TRAFFIC = 20_000
"""Checks of one other key after the pause: some limiters sweep as they are asked."""


@frozen(kw_only=True)
class Kept:
    """Bytes that a limiter keeps. Immutable.

    Attributes:
        each: for one key, over all keys; their text is not among it.
        after: the same once all have expired and another key has had traffic.
    """

    each: float
    after: float


def memory(keys: Sequence[str]) -> dict[str, Kept]:
    """Return what every installed limiter keeps."""
    kept = {}
    for name, make in {RECOUP: keyed_limiter, **LIMITERS}.items():
        try:
            kept[name] = asyncio.run(_kept(make, keys))
        except ImportError:
            continue  # the rows say so
    return kept


async def _kept(make: Limiter, keys: Sequence[str]) -> Kept:
    check = make(PER_SECOND)
    await _ask(check, keys[:1])
    gc.collect()
    tracemalloc.start()
    try:
        await _ask(check, keys[1:])
        full = _traced()
        time.sleep(PAUSE)  # noqa: ASYNC251 - nothing else is to run meanwhile
        await _ask(check, list(keys[:1]) * TRAFFIC)
        empty = _traced()
    finally:
        tracemalloc.stop()
    count = len(keys) - 1
    return Kept(each=full / count, after=max(0.0, empty / count))


async def _ask(check: Subject, keys: Sequence[str]) -> None:
    for key in keys:
        answer = check(key)
        if inspect.isawaitable(answer):
            await answer


def _traced() -> int:
    gc.collect()
    return tracemalloc.get_traced_memory()[0]
