"""Classifications remembered by class."""

from __future__ import annotations

import pytest

from recoup import Classification, ErrorCategory, ErrorHandler, ErrorSeverity, hookimpl
from recoup.bare_verdicts import MOST_CLASSES
from recoup.testing import FakeClock

VERDICT = Classification(severity=ErrorSeverity.LOW, category=ErrorCategory.NETWORK, retryable=True)


class Classifies:
    def __init__(self, *needing: type[Exception]):
        self.asked: list[Exception] = []
        self.needing = needing

    @hookimpl
    def classify(self, error):
        self.asked.append(error)
        return VERDICT

    def needs_error(self, kind):
        return kind in self.needing


class Looks:
    """Says nothing of what it needs."""

    @hookimpl
    def classify(self, error):
        return None


def ask(handler: ErrorHandler, error: Exception) -> Classification:
    return handler.classify(error, component="desk", operation="fetch")


@pytest.fixture
def plugin():
    return Classifies(KeyError)


@pytest.fixture
def handler(plugin):
    return ErrorHandler(discover=False, plugins={"classifies": plugin}, clock=FakeClock())


def chained() -> ValueError:
    try:
        try:
            raise KeyError
        except KeyError:
            raise ValueError  # noqa: B904 - the context is what is looked for
    except ValueError as error:
        return error


def caused() -> ValueError:
    error = ValueError()
    error.__cause__ = KeyError()
    return error


def told() -> ValueError:
    error = ValueError()
    error.retry_after = 3
    return error


def test_a_class_is_asked_for_once(handler, plugin):
    assert ask(handler, ValueError("a")) is VERDICT
    assert ask(handler, ValueError("b")) is VERDICT
    assert len(plugin.asked) == 1


@pytest.mark.parametrize("make", [chained, caused, told])
def test_an_error_with_more_to_tell_is_looked_into(handler, plugin, make):
    ask(handler, ValueError())
    ask(handler, make())
    ask(handler, make())
    assert len(plugin.asked) == 3


def test_a_class_that_a_plugin_needs_the_error_of_is_looked_into(handler, plugin):
    ask(handler, KeyError())
    ask(handler, KeyError())
    assert len(plugin.asked) == 2


def test_nothing_is_remembered_while_a_plugin_does_not_say_what_it_needs(handler, plugin):
    handler.plugins.register(Looks(), "looks")
    ask(handler, ValueError())
    ask(handler, ValueError())
    assert len(plugin.asked) == 2


def test_a_change_of_plugins_forgets(handler, plugin):
    ask(handler, ValueError())
    handler.plugins.register(Looks(), "looks")
    ask(handler, ValueError())
    handler.plugins.unregister("looks")
    ask(handler, ValueError())
    assert len(plugin.asked) == 3


def test_classes_are_bounded(handler, plugin):
    for number in range(MOST_CLASSES + 3):
        ask(handler, type(f"E{number}", (Exception,), {})())
    last = type("Last", (Exception,), {})
    ask(handler, last())
    ask(handler, last())
    assert len(plugin.asked) == MOST_CLASSES + 5


def test_a_class_tells_all_once_an_error_of_it_has_been_classified(handler):
    assert not handler.class_tells_all(ValueError)
    ask(handler, ValueError())
    ask(handler, KeyError())
    assert handler.class_tells_all(ValueError)
    assert not handler.class_tells_all(KeyError)
    handler.plugins.renew()
    assert not handler.class_tells_all(ValueError)


def test_an_error_number_is_more_than_the_class(handler, plugin):
    for error in (ConnectionError("lost"), ConnectionError("lost")):
        ask(handler, error)
    assert len(plugin.asked) == 1
    ask(handler, ConnectionError(104, "reset"))
    assert len(plugin.asked) == 2
