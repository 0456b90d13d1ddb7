"""When "not found" is evidence."""

from recoup_plugins.order_submission.verification import Absence


def test_one_answer_proves_nothing():
    absence = Absence(3.0)
    absence.confirm(asked=0.0, answered=100.0)
    assert not absence.conclusive


def test_answers_over_the_settle_time_do():
    absence = Absence(3.0)
    absence.confirm(asked=0.0, answered=1.0)
    absence.confirm(asked=3.9, answered=3.95)
    assert not absence.conclusive
    absence.confirm(asked=4.0, answered=9.0)
    assert absence.conclusive


def test_time_spent_waiting_for_an_answer_does_not_count():
    absence = Absence(3.0)
    absence.confirm(asked=0.0, answered=60.0)
    absence.confirm(asked=60.5, answered=120.0)
    assert not absence.conclusive


def test_a_failed_lookup_starts_it_again():
    absence = Absence(3.0)
    absence.confirm(asked=0.0, answered=0.0)
    absence.discard()
    absence.confirm(asked=5.0, answered=5.0)
    assert not absence.conclusive
    assert absence.missing(6.0) == 2.0
