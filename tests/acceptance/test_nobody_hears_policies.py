"""What every call would pay for with the plugins that are on by default: events that nobody has asked for."""

import pytest

from recoup import ErrorHandler


@pytest.mark.parametrize("kind", ["policy"])
def test_events_of_policies_are_not_made_unless_somebody_asks_for_them(kind):
    assert not ErrorHandler().hears(kind)
