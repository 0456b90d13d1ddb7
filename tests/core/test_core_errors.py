"""recoup's own errors say what is wrong, carry their data, and pass between processes."""

from __future__ import annotations

import copy
import pickle

import pytest

from recoup import CircuitOpen, ConfigError, ConfigProblem, HeldBack, PluginTimeout, RecoupError, Refused


@pytest.mark.parametrize(
    "error",
    [
        CircuitOpen("open", key="k", retry_after=3.0),
        HeldBack("held", key="k"),
        PluginTimeout("p", "too long"),
        ConfigError([ConfigProblem("a.b", "wrong"), ConfigProblem("", "also")], "c.yaml"),
    ],
)
@pytest.mark.parametrize("through", [copy.copy, copy.deepcopy, lambda error: pickle.loads(pickle.dumps(error))])
def test_an_error_survives_copying_and_pickling_with_its_data(error: RecoupError, through: object) -> None:
    again = through(error)  # type: ignore[operator]
    assert type(again) is type(error)
    assert (str(again), again.args, vars(again)) == (str(error), error.args, vars(error))


def test_a_configuration_error_lists_every_problem() -> None:
    error = ConfigError([ConfigProblem("a.b", "wrong"), ConfigProblem("", "also")], "c.yaml")
    assert str(error) == "c.yaml: 2 problems\n  - a.b: wrong\n  - (file): also"


def test_refusals_say_what_refused_and_for_how_long() -> None:
    error = CircuitOpen("open", key="venue", retry_after=3.0)
    assert isinstance(error, Refused)
    assert (error.key, error.retry_after) == ("venue", 3.0)
