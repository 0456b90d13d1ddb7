"""What observers get went through the sanitizer, whatever it is and whatever the sanitizer does."""

# ruff: noqa: PLW0108 - hookimpl marks functions, neither bound methods nor classes
from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from recoup import ErrorEvent, ErrorHandler, ErrorSeverity, StateEvent, ThreatEvent, hookimpl
from recoup.publisher import _LABELS_KEPT


class Unprintable:
    def __str__(self) -> str:
        raise RuntimeError


def world(sanitize: Any) -> tuple[ErrorHandler, list[Any]]:
    events: list[Any] = []
    plugins = {
        "clean": SimpleNamespace(sanitize=hookimpl(sanitize)),
        "watch": SimpleNamespace(monitor=hookimpl(lambda event: events.append(event))),
    }
    return ErrorHandler(plugins=plugins, discover=False), events


def state(subject: Any) -> StateEvent:
    return StateEvent(subject=subject, old="up", new="down")


def test_the_text_of_every_event_is_sanitized_and_the_rest_left_alone() -> None:
    handler, events = world(lambda payload: payload.replace("secret", "*"))
    handler.publish(state("venue secret"))
    handler.publish(state("venue"))
    assert events == [state("venue *"), state("venue")]


def test_an_answer_is_remembered_until_the_plugins_change_and_never_where_it_was_withheld() -> None:
    asked: list[Any] = []
    handler, _ = world(lambda payload: asked.append(payload) or (payload if payload == "a" else None))
    for _ in range(3):
        handler.publish(state("a"))
        handler.publish(state("b"))
    assert asked == ["a", "b", "b", "b"]
    handler.plugins.register(SimpleNamespace(sanitize=hookimpl(lambda payload: "new")), "a_stricter_one")
    handler.publish(state("a"))
    assert asked == ["a", "b", "b", "b"]


def test_what_is_remembered_is_bounded_in_number_and_length() -> None:
    handler, _ = world(lambda payload: payload)
    for index in range(3 * _LABELS_KEPT):
        handler.publish(state(f"venue {index}"))
    handler.publish(state("x" * 10_000))
    assert handler._publisher is not None
    labels = handler._publisher._labels
    assert len(labels) <= _LABELS_KEPT + 1
    assert max(map(len, labels)) <= 200


@pytest.mark.parametrize("subject", [None, 5, ["a"], {"a": 1}])
def test_a_text_that_is_no_text_is_sanitized_and_made_one(subject: Any) -> None:
    handler, events = world(lambda payload: payload)
    handler.publish(state(subject))
    assert events[0].subject == str(subject)


@pytest.mark.parametrize(
    ("answer", "evidence"),
    [
        ({"accounts": "*"}, {"accounts": "*"}),
        (None, {"evidence": "[WITHHELD]"}),
    ],
)
def test_the_evidence_of_a_threat_is_sanitized_and_read_only(answer: Any, evidence: dict[str, Any]) -> None:
    handler, events = world(lambda payload: answer if isinstance(payload, dict) else payload)
    seen = {"accounts": ["secret"]}
    threat = ThreatEvent(
        threat="brute_force",
        severity=ErrorSeverity.HIGH,
        confidence=0.9,
        component="api",
        operation="login",
        evidence=seen,
    )
    handler.publish(threat)
    assert dict(events[0].evidence) == evidence
    assert seen == {"accounts": ["secret"]}
    with pytest.raises(TypeError):
        events[0].evidence["accounts"] = 1


def test_publishing_never_raises_for_what_can_not_be_printed() -> None:
    handler, events = world(lambda payload: payload)
    handler.publish(state(Unprintable()))
    assert events[0].subject == "[WITHHELD]"


@pytest.mark.parametrize(
    ("sanitize", "details"),
    [
        (lambda payload: None, "[WITHHELD]"),
        (lambda payload: {}, "[WITHHELD]"),
        (lambda payload: {**payload, "details": "cut", "user_id": Unprintable(), "message": Unprintable()}, "cut"),
    ],
)
def test_an_error_event_has_its_shape_whatever_the_sanitizer_leaves_of_it(sanitize: Any, details: str) -> None:
    handler, _ = world(sanitize)
    context = handler.create_error_context(ValueError("secret"), "c", "o", user_id="secret", key="secret")
    assert handler._publisher is not None
    assert context.classification is not None
    event = handler._publisher.error_event(context, context.classification)
    assert isinstance(event, ErrorEvent)
    assert "secret" not in repr(event)
    assert dict(event.details) == {"details": details}
    with pytest.raises(TypeError):
        event.details["x"] = 1  # type: ignore[index]
