"""The synchronous hooks: first answers, failing closed, observers that fail."""

# ruff: noqa: PLW0108 - hookimpl marks functions, neither bound methods nor classes
from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recoup import (
    UNCLASSIFIED,
    Classification,
    ErrorCategory,
    ErrorHandler,
    ErrorSeverity,
    PluginEvent,
    SensitivityLevel,
    StateEvent,
    hookimpl,
)
from recoup.testing import FakeClock

KNOWN = Classification(severity=ErrorSeverity.LOW, category=ErrorCategory.NETWORK, retryable=True)


class Watch:
    def __init__(self) -> None:
        self.events: list[Any] = []

    @hookimpl
    def monitor(self, event: Any) -> None:
        self.events.append(event)

    def faults(self) -> list[tuple[str, str, str]]:
        return [(item.plugin, item.hook, item.fault) for item in self.events if isinstance(item, PluginEvent)]


class Clean:
    @hookimpl(trylast=True)
    def sanitize(self, payload: Any) -> Any:
        return payload


def plugin(**methods: Any) -> Any:
    """Build a plugin whose hooks are the given functions."""
    return SimpleNamespace(**{name: hookimpl(function) for name, function in methods.items()})


def raising(failure: BaseException) -> Any:
    def implementation() -> None:
        raise failure

    return implementation


def handler_with(**plugins: Any) -> tuple[ErrorHandler, Watch]:
    watch = Watch()
    handler = ErrorHandler(plugins={**plugins, "clean": Clean(), "watch": watch}, discover=False, clock=FakeClock())
    return handler, watch


def classify(handler: ErrorHandler) -> Classification:
    error = ValueError("x")
    return handler.hooks.classify(error, handler.create_error_context(error, "c", "o"))


class TestClassify:
    def test_the_first_answer_counts_and_later_plugins_are_not_asked(self) -> None:
        handler, watch = handler_with(a=plugin(classify=lambda: KNOWN), b=plugin(classify=raising(ValueError())))
        assert classify(handler) is KNOWN
        assert watch.faults() == []

    def test_with_no_answer_the_error_is_unclassified(self) -> None:
        handler, _ = handler_with(a=plugin(classify=lambda: None))
        assert classify(handler) is UNCLASSIFIED
        assert not UNCLASSIFIED.retryable
        assert not UNCLASSIFIED.outcome_known

    @pytest.mark.parametrize("answer", [ErrorSeverity.LOW, True, "low", object()])
    def test_an_answer_of_another_type_is_recorded_and_the_next_one_is_asked(self, answer: object) -> None:
        handler, watch = handler_with(a=plugin(classify=lambda: answer), b=plugin(classify=lambda: KNOWN))
        assert classify(handler) is KNOWN
        assert watch.faults()[0] == ("a", "classify", "wrong_type")

    def test_a_plugin_that_raises_is_recorded_and_the_next_one_is_asked(self) -> None:
        handler, watch = handler_with(a=plugin(classify=raising(RecursionError())), b=plugin(classify=lambda: KNOWN))
        assert classify(handler) is KNOWN
        assert watch.faults()[0] == ("a", "classify", "raised")

    @pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, GeneratorExit])
    def test_what_is_no_plain_exception_passes_untouched(self, kind: type[BaseException]) -> None:
        failure = kind()
        handler, watch = handler_with(a=plugin(classify=raising(failure)), b=plugin(classify=lambda: KNOWN))
        with pytest.raises(kind) as caught:
            handler.classify_error(ValueError())
        assert caught.value is failure
        assert watch.faults() == []

    def test_a_coroutine_for_an_answer_is_a_wrong_type_and_is_not_left_unawaited(self) -> None:
        async def late() -> Classification:
            return KNOWN

        handler, watch = handler_with(a=plugin(classify=lambda: late()), b=plugin(classify=lambda: KNOWN))
        assert classify(handler) is KNOWN
        assert watch.faults()[0] == ("a", "classify", "wrong_type")


class TestSanitizeFailsClosed:
    @pytest.mark.parametrize("payload", ["secret", {"key": "secret"}, ["secret"], 4111111111111111])
    def test_with_nobody_to_answer(self, payload: Any) -> None:
        assert ErrorHandler(discover=False).sanitize(payload) == "[WITHHELD]"

    def test_when_everybody_passes(self) -> None:
        handler = ErrorHandler(plugins={"a": plugin(sanitize=lambda: None)}, discover=False)
        assert handler.sanitize("secret") == "[WITHHELD]"

    def test_when_a_plugin_raises_and_no_later_one_is_asked(self) -> None:
        handler, watch = handler_with(a=plugin(sanitize=raising(ValueError("secret"))))
        assert handler.sanitize("secret") == "[WITHHELD]"
        assert ("a", "sanitize", "raised") in watch.faults()
        assert "secret" not in repr(watch.events)

    @given(
        st.sampled_from(["text", {"a": 1}, ["a"], ("a",)]),
        st.one_of(
            st.integers(), st.text(), st.lists(st.integers()), st.dictionaries(st.text(), st.integers()), st.binary()
        ),
    )
    def test_when_the_answer_is_of_another_type(self, payload: Any, answer: Any) -> None:
        handler = ErrorHandler(plugins={"a": plugin(sanitize=lambda: answer)}, discover=False)
        shape = next(kind for kind in (str, dict, (list, tuple)) if isinstance(payload, kind))
        assert handler.sanitize(payload) == (answer if isinstance(answer, shape) else "[WITHHELD]")

    def test_none_has_nothing_to_hide(self) -> None:
        assert ErrorHandler(discover=False).sanitize(None) is None

    def test_the_level_is_taken_in_any_case_and_a_wrong_one_is_named(self) -> None:
        levels: list[SensitivityLevel] = []
        handler = ErrorHandler(plugins={"a": plugin(sanitize=lambda level: levels.append(level))}, discover=False)
        handler.hooks.sanitize("x", "low")
        handler.hooks.sanitize("x")
        assert levels == [SensitivityLevel.LOW, SensitivityLevel.MEDIUM]
        with pytest.raises(ValueError, match="'severe' is no sensitivity level; valid: LOW, MEDIUM, HIGH, CRITICAL"):
            handler.hooks.sanitize("x", "severe")

    def test_a_keyboard_interrupt_passes(self) -> None:
        handler = ErrorHandler(plugins={"a": plugin(sanitize=raising(KeyboardInterrupt()))}, discover=False)
        with pytest.raises(KeyboardInterrupt):
            handler.sanitize("x")


class TestObservers:
    def test_a_failing_monitor_keeps_no_other_from_the_event(self) -> None:
        before, after = Watch(), Watch()
        handler = ErrorHandler(
            plugins={"a": before, "b": plugin(monitor=raising(ValueError("broken"))), "c": after, "clean": Clean()},
            discover=False,
        )
        event = StateEvent(subject="venue", old="up", new="down")
        handler.publish(event)
        assert event in before.events
        assert event in after.events
        assert before.faults() == after.faults() == [("b", "monitor", "raised")]

    def test_several_failing_monitors_end_in_one_event_each(self) -> None:
        broken = {name: plugin(monitor=raising(ValueError(name))) for name in "abcd"}
        handler, watch = handler_with(**broken)
        handler.publish(StateEvent(subject="venue", old="up", new="down"))
        assert sorted(watch.faults()) == [(name, "monitor", "raised") for name in "abcd"]

    def test_a_monitor_that_turns_out_to_be_asynchronous_is_recorded_and_not_left_unawaited(self) -> None:
        async def late() -> None: ...

        handler, watch = handler_with(a=plugin(monitor=lambda: late()))
        handler.publish(StateEvent(subject="venue", old="up", new="down"))
        assert watch.faults() == [("a", "monitor", "wrong_type")]

    def test_a_monitor_may_return_whatever_its_own_call_returned(self) -> None:
        handler, watch = handler_with(a=plugin(monitor=lambda: 7))
        handler.publish(StateEvent(subject="venue", old="up", new="down"))
        assert watch.faults() == []

    @pytest.mark.parametrize("answer", ["pattern", [1], 5, {"a": 1}])
    def test_analyze_answers_of_another_type_are_recorded_and_left_out(self, answer: Any) -> None:
        handler, watch = handler_with(a=plugin(analyze=lambda: answer))
        assert handler.hooks.analyze(None) == []  # type: ignore[arg-type]
        assert watch.faults() == [("a", "analyze", "wrong_type")]

    def test_analyze_survives_an_answer_that_fails_when_it_is_looked_at(self) -> None:
        class Hostile:
            def __bool__(self) -> bool:
                raise ValueError("no")

        handler, watch = handler_with(a=plugin(analyze=lambda: Hostile()))
        assert handler.hooks.analyze(None) == []  # type: ignore[arg-type]
        assert watch.faults() == [("a", "analyze", "raised")]

    def test_a_plugin_whose_failure_can_not_even_be_printed_is_recorded(self) -> None:
        class Hostile(Exception):
            def __str__(self) -> str:
                raise RuntimeError("no")

        handler, watch = handler_with(a=plugin(classify=raising(Hostile())))
        handler.classify_error(ValueError())
        assert watch.events[0].detail == "Hostile: (no message: Hostile.__str__ raised RuntimeError)"


def test_with_no_other_monitor_a_plugin_failure_goes_to_the_log() -> None:
    from loguru import logger

    lines: list[str] = []
    sink = logger.add(lines.append, format="{message}")
    try:
        only = plugin(monitor=raising(ValueError("broken")))
        ErrorHandler(plugins={"a": only, "clean": Clean()}, discover=False).publish(
            StateEvent(subject="venue", old="up", new="down")
        )
    finally:
        logger.remove(sink)
    assert [line.strip() for line in lines] == ["plugin a raised in monitor: ValueError: broken"]
