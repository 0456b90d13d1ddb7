"""The rows of the table: what is done, by whom, and how fast recoup has to be."""

from __future__ import annotations

from functools import partial
from typing import Any

import policy_calls as calls
import policy_peers as peers
import policy_subjects as own
from policy_keyed import CACHED_CALLS, CACHES, LIMITERS, NOT_KEYED, ORDERED_DICTIONARY, limiter_build
from policy_rows import BARE, BY_HAND, Row
from policy_stacks import CALLS, FIVE_ASYNC, OPEN_BREAKER

_SYNC = {BARE: calls.fetch}
_ASYNC = {BARE: calls.fetch_async}


def _admitted(answer: Any) -> bool:
    """Say whether a limiter let the call through, each in its own way."""
    return answer is True or answer == 0.0 or getattr(answer, "limited", None) is False


_LIMITERS = {BY_HAND: calls.keyed_limiter, **{name: limiter_build(make) for name, make in LIMITERS.items()}}

ROWS = (
    Row(
        title="sync, retry only, succeeds",
        recoup=own.SUBJECTS["retry"],
        subjects=_SYNC | {BY_HAND: lambda: calls.retry(calls.fetch())} | peers.RETRY,
        bar=(200, 1_315),
    ),
    Row(
        title="sync, breaker only, the last 100 calls, succeeds",
        recoup=own.SUBJECTS["breaker"],
        subjects=_SYNC | {BY_HAND: calls.breaker} | peers.BREAKER,
        bar=(300, 522),
    ),
    Row(
        title="sync, breaker only, the last 60 s, succeeds",
        recoup=own.SUBJECTS["breaker of time"],
        subjects=_SYNC | {BY_HAND: calls.breaker} | peers.BREAKER,
        bar=(300, 522),
    ),
    Row(
        title="sync, retry + breaker + fallback, succeeds",
        recoup=own.SUBJECTS["retry, breaker, fallback"],
        subjects=_SYNC | {BY_HAND: calls.retry_breaker_fallback} | peers.RETRY_BREAKER_FALLBACK,
        bar=(350, 2_233),
    ),
    Row(
        title="async, retry only, succeeds",
        recoup=own.SUBJECTS["retry, async"],
        subjects=_ASYNC | {BY_HAND: lambda: calls.retry_async(calls.fetch_async())} | peers.RETRY_ASYNC,
        bar=(350, 1_101),
    ),
    Row(
        title="async, breaker only, succeeds",
        recoup=own.SUBJECTS["breaker, async"],
        subjects=_ASYNC | {BY_HAND: calls.breaker_async} | peers.BREAKER_ASYNC,
        bar=(450, 728),
    ),
    Row(
        title="async, time-out only, succeeds",
        recoup=own.SUBJECTS["timeout, async"],
        subjects=_ASYNC | {BY_HAND: calls.timeout_async} | peers.TIMEOUT_ASYNC,
        bar=(1_200, 3_753),
    ),
    Row(
        title="async, Polly's five strategies, succeeds",
        recoup=own.SUBJECTS["five, async"],
        subjects=_ASYNC | {BY_HAND: calls.five_async} | FIVE_ASYNC,
        bar=(2_100, 13_586),
    ),
    Row(
        title="sync, fails twice then succeeds, no wait",
        recoup=own.SUBJECTS["flaky"],
        subjects={BY_HAND: lambda: calls.retry(calls.flaky()), **peers.FLAKY},
        bar=(2_000, 4_371),
        sleeps=False,
    ),
    Row(
        title="async, fails twice then succeeds, no wait",
        recoup=own.SUBJECTS["flaky, async"],
        subjects={BY_HAND: lambda: calls.retry_async(calls.flaky_async()), **peers.FLAKY_ASYNC},
        bar=(3_500, 9_184),
    ),
    Row(
        title="sync, open breaker refuses",
        recoup=own.SUBJECTS["open breaker"],
        subjects={BY_HAND: calls.refusal, **OPEN_BREAKER},
        bar=(700, 1_031),
        accepts="refused".__eq__,
    ),
    Row(
        title="keyed limiter, 1 key",
        recoup=partial(own.keyed_limiter, CALLS),
        subjects=_LIMITERS,
        bar=(450, 2_628),
        arguments=calls.KEYS[:1],
        accepts=_admitted,
        shown=NOT_KEYED,
    ),
    Row(
        title="keyed limiter, 10,000 keys",
        recoup=partial(own.keyed_limiter, CALLS),
        subjects=_LIMITERS,
        bar=(550, 3_013),
        arguments=calls.KEYS,
        accepts=_admitted,
        shown=NOT_KEYED,
    ),
    Row(
        title="keyed TTL cache, hit",
        recoup=own.SUBJECTS["cache"],
        subjects={BY_HAND: calls.kept_results, **CACHES},
        extra=50.0,
        base=BY_HAND,
        arguments=calls.HOT,
        accepts=calls.HOT.__contains__,
    ),
    Row(
        title="sync, cache only, hit",
        recoup=own.SUBJECTS["cached call"],
        subjects=_SYNC | {BY_HAND: calls.kept_results} | CACHED_CALLS,
        extra=50.0,
        base=ORDERED_DICTIONARY,
        arguments=calls.HOT,
        accepts=calls.HOT.__contains__,
    ),
)
