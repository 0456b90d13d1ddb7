"""Answers of ``recover`` and what comes of them."""

from __future__ import annotations

from typing import Any

import pytest

from recoup import UNCLASSIFIED, Decision, Outcome, Recovery, outcome_of


@pytest.mark.parametrize("delay", [-1, float("nan"), float("inf"), "1", None])
def test_a_delay_is_a_finite_time_so_that_no_caller_waits_for_ever(delay: Any) -> None:
    with pytest.raises((ValueError, TypeError)):
        Recovery.retry(delay)


def test_each_answer_has_its_constructor() -> None:
    assert Recovery.recovered(5, verified=True) == Recovery(decision=Decision.RECOVERED, value=5, verified=True)
    assert Recovery.retry(2, detail="d") == Recovery(decision=Decision.RETRY, delay=2, detail="d")
    assert Recovery.give_up("d") == Recovery(decision=Decision.RAISE, detail="d")
    assert Recovery.unknown("d") == Recovery(decision=Decision.UNKNOWN, detail="d")


def test_only_a_recovery_or_a_repetition_counts_as_handled() -> None:
    handled = {
        decision
        for decision in Decision
        if Outcome(error_id="e", decision=decision, classification=UNCLASSIFIED).handled
    }
    assert handled == {Decision.RECOVERED, Decision.RETRY}


def test_an_error_that_might_be_repeated_and_is_not_is_no_handled_one():
    from recoup import ErrorHandler, Guard, Operation, OperationKind, hookimpl
    from recoup.testing import FakeClock

    class Waits:
        @hookimpl
        def recover(self):
            return Recovery.retry(60.0)

    @Guard(
        operation=Operation(kind=OperationKind.READ, deadline=1.0),
        handler=ErrorHandler(discover=False, clock=FakeClock(), plugins={"waits": Waits}),
    )
    def fetch():
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError) as caught:
        fetch()
    found = outcome_of(caught.value)
    assert (found.decision, found.handled) == (Decision.RAISE, False)
