"""Suppressed errors are summed up without losing one, under threads as well."""

from __future__ import annotations

import threading

from recoup.suppression import Suppressions
from recoup.testing import FakeClock


def test_nothing_to_tell_is_nothing_due() -> None:
    counts = Suppressions(FakeClock())
    assert counts.due("exchange", "fetch") == []
    assert counts.all() == []


def test_the_first_reason_of_a_sum_is_told_with_it() -> None:
    counts = Suppressions(FakeClock())
    counts.add("exchange", "fetch", "100 a minute")
    counts.add("exchange", "fetch", "200 a minute")
    (told,) = counts.due("exchange", "fetch")
    assert (told.count, told.reason) == (2, "100 a minute")
    assert len(counts) == 0


def test_eight_threads_that_add_and_tell_lose_no_error_and_tell_none_twice() -> None:
    counts = Suppressions(FakeClock())
    told: list[int] = []

    def work() -> None:
        for number in range(2_000):
            counts.add("exchange", f"fetch_{number % 5}", "")
            if number % 50 == 0:
                told.extend(event.count for event in counts.due("exchange", "fetch_0"))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    told.extend(event.count for event in counts.all())
    assert sum(told) == 16_000
