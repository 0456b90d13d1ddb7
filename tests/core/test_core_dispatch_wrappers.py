"""Wrappers around the synchronous hooks."""

# ruff: noqa: PLW0108 - hookimpl marks functions, neither bound methods nor classes
from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from recoup import Classification, ErrorCategory, ErrorHandler, ErrorSeverity, PluginEvent, StateEvent, hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterator

KNOWN = Classification(severity=ErrorSeverity.LOW, category=ErrorCategory.NETWORK, retryable=True)
OTHER = Classification(severity=ErrorSeverity.HIGH, category=ErrorCategory.SYSTEM, retryable=False)
EVENT = StateEvent(subject="venue", old="up", new="down")


def wrapping(hook: str, function: Any) -> Any:
    return SimpleNamespace(**{hook: hookimpl(wrapper=True)(function)})


def answering(hook: str, function: Any) -> Any:
    return SimpleNamespace(**{hook: hookimpl(function)})


class World:
    """A handler with one wrapper ``w`` around one plain plugin ``p``, and what failed in it."""

    def __init__(self, **plugins: Any) -> None:
        self.events: list[Any] = []
        watch = answering("monitor", lambda event: self.events.append(event))
        clean = SimpleNamespace(sanitize=hookimpl(trylast=True)(lambda payload: payload))
        self.handler = ErrorHandler(plugins={"clean": clean, **plugins, "watch": watch}, discover=False)

    def faults(self) -> set[tuple[str, str, str]]:
        return {(item.plugin, item.hook, item.fault) for item in self.events if isinstance(item, PluginEvent)}

    def classify(self) -> Any:
        error = ValueError("x")
        self.handler.create_error_context(error, "c", "o")
        return self.handler.hooks.compiled.classify(error, None)  # type: ignore[arg-type]


def test_a_wrapper_sees_the_answer_and_may_replace_it() -> None:
    seen: list[Any] = []

    def replace() -> Iterator[None]:
        seen.append((yield))
        return OTHER

    world = World(w=wrapping("classify", replace), p=answering("classify", lambda: KNOWN))
    assert world.classify() is OTHER
    assert set(map(id, seen)) == {id(KNOWN)}


def test_wrappers_nest_in_the_order_of_the_plugins() -> None:
    steps: list[str] = []

    def noting(name: str) -> Any:
        def wrapper(event: Any) -> Iterator[None]:
            steps.append(f"{name} begins")
            result = yield
            steps.append(f"{name} ends")
            return result

        return wrapper

    world = World(a=wrapping("monitor", noting("a")), b=wrapping("monitor", noting("b")))
    steps.clear()
    world.handler.publish(EVENT)
    assert steps == ["a begins", "b begins", "b ends", "a ends"]


def raises_before() -> Iterator[None]:
    raise ValueError("before")
    yield


def raises_after() -> Iterator[None]:
    yield
    raise ValueError("after")


def never_yields() -> Iterator[None]:
    if False:
        yield


def yields_twice() -> Iterator[None]:
    yield
    yield


def clings_to_life() -> Iterator[None]:
    while True:
        try:
            yield
        except GeneratorExit:
            continue


def answers_nonsense() -> Iterator[None]:
    yield
    return "nonsense"  # type: ignore[return-value]


BROKEN = {
    raises_before: "raised",
    raises_after: "raised",
    never_yields: "wrong_type",
    yields_twice: "wrong_type",
    answers_nonsense: "wrong_type",
}


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(("wrapper", "fault"), [*BROKEN.items(), (clings_to_life, "wrong_type")])
def test_a_broken_wrapper_never_changes_the_answer_of_the_others(wrapper: Any, fault: str) -> None:
    world = World(w=wrapping("classify", wrapper), p=answering("classify", lambda: KNOWN))
    assert world.classify() is KNOWN
    assert ("w", "classify", fault) in world.faults()


@pytest.mark.parametrize("wrapper", BROKEN)
def test_a_broken_wrapper_of_sanitize_withholds_everything(wrapper: Any) -> None:
    def nothing_of_its_own() -> Iterator[None]:
        return (yield from wrapper())

    world = World(w=wrapping("sanitize", nothing_of_its_own))
    assert world.handler.sanitize({"key": "secret"}) == "[WITHHELD]"


def test_a_wrapper_of_sanitize_may_clean_what_the_plugins_let_through() -> None:
    def also_blank() -> Iterator[None]:
        result: Any = yield
        return {**result, "key": "*"}  # type: ignore[return-value]

    world = World(w=wrapping("sanitize", also_blank))
    assert world.handler.sanitize({"key": "secret", "other": 1}) == {"key": "*", "other": 1}


def test_a_wrapper_of_sanitize_that_gives_none_withholds() -> None:
    def forgets_to_return() -> Iterator[None]:
        yield

    assert World(w=wrapping("sanitize", forgets_to_return)).handler.sanitize("x") == "[WITHHELD]"


def test_a_wrapper_of_analyze_must_give_patterns() -> None:
    def good() -> Iterator[None]:
        return [*(yield)]  # type: ignore[misc, return-value]

    world = World(w=wrapping("analyze", good), x=wrapping("analyze", answers_nonsense))
    assert world.handler.hooks.analyze(None) == []  # type: ignore[arg-type]
    assert world.faults() == {("x", "analyze", "wrong_type")}


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_an_interruption_within_passes_untouched_and_closes_every_wrapper_from_the_inside_out(
    kind: type[BaseException],
) -> None:
    closed: list[str] = []
    failure = kind()

    def closing(name: str) -> Any:
        def wrapper() -> Iterator[None]:
            try:
                yield
            finally:
                closed.append(name)

        return wrapper

    def interrupted() -> None:
        raise failure

    world = World(
        a=wrapping("classify", closing("a")),
        b=wrapping("classify", closing("b")),
        c=wrapping("classify", closing("c")),
        p=answering("classify", interrupted),
    )
    with pytest.raises(kind) as caught:
        world.handler.classify_error(ValueError())
    assert caught.value is failure
    assert closed == ["c", "b", "a"]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_wrapper_that_fails_while_it_is_closed_does_not_hide_the_interruption() -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    world = World(w=wrapping("classify", clings_to_life), p=answering("classify", interrupted))
    with pytest.raises(KeyboardInterrupt):
        world.handler.classify_error(ValueError())
    assert ("w", "classify", "raised") in world.faults()


def test_an_interruption_in_one_wrapper_closes_the_others() -> None:
    closed: list[str] = []

    def outer() -> Iterator[None]:
        try:
            yield
        finally:
            closed.append("outer")

    def interrupted() -> Iterator[None]:
        yield
        raise KeyboardInterrupt

    world = World(a=wrapping("classify", outer), b=wrapping("classify", interrupted))
    with pytest.raises(KeyboardInterrupt):
        world.handler.classify_error(ValueError())
    assert closed == ["outer"]
