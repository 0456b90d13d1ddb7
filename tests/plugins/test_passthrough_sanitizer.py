"""The passthrough sanitizer: hides nothing, and has to be told twice."""

from __future__ import annotations

import pytest

from recoup import Config, ErrorHandler
from recoup_plugins.passthrough_sanitizer import (
    STATEMENT,
    VARIABLE,
    NotToldTwice,
    PassthroughSanitizer,
    PassthroughSanitizerConfig,
)

SENTENCE = 'i_understand: "secrets will be logged"'


@pytest.fixture(autouse=True)
def unset(monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)


def built(statement=None):
    return PassthroughSanitizer(PassthroughSanitizerConfig(i_understand=statement))


def test_told_twice_it_hides_nothing_and_copies_nothing(monkeypatch):
    monkeypatch.setenv(VARIABLE, "1")
    payload = {"password": "hunter22"}
    assert built(STATEMENT).sanitize(payload) is payload


def test_it_is_off_by_default():
    assert PassthroughSanitizer.enabled_by_default is False


@pytest.mark.parametrize(
    ("statement", "variable", "missing"),
    [
        (None, None, (SENTENCE, f"{VARIABLE}=1")),
        (STATEMENT, None, (f"{VARIABLE}=1",)),
        (None, "1", (SENTENCE,)),
        ("yes", "1", (SENTENCE,)),
        (STATEMENT, "true", (f"{VARIABLE}=1",)),
    ],
)
def test_told_once_it_says_what_is_missing_and_nothing_else(monkeypatch, statement, variable, missing):
    if variable is not None:
        monkeypatch.setenv(VARIABLE, variable)
    with pytest.raises(NotToldTwice) as caught:
        built(statement)
    words = str(caught.value)
    assert [item for item in (SENTENCE, f"{VARIABLE}=1") if item in words] == list(missing)
    assert "security_sanitizer" in words


def test_refused_it_leaves_everything_withheld():
    section = {"security_sanitizer": {"enabled": False}, "passthrough": {"enabled": True}}
    plugins = {"passthrough": PassthroughSanitizer}
    handler = ErrorHandler(Config.from_dict({"error_handling": {"plugins": section}}, plugins=plugins), plugins=plugins)
    assert handler.sanitize({"password": "hunter22"}) == "[WITHHELD]"
    (status,) = [item for item in handler.plugins.statuses() if item.name == "passthrough"]
    assert not status.enabled
    assert VARIABLE in status.reason
