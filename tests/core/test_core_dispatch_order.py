"""In which order plugins are asked."""

from __future__ import annotations

from typing import Any

import pytest

from recoup import Config, ErrorHandler, hookimpl


class Teller:
    """Notes that it was asked, and leaves the answer to the next one."""

    def __init__(self, name: str, asked: list[str]) -> None:
        self.name, self.asked = name, asked

    @hookimpl
    def classify(self) -> None:
        self.asked.append(self.name)


class First(Teller):
    @hookimpl(tryfirst=True)
    def classify(self) -> None:
        self.asked.append(self.name)


class Last(Teller):
    @hookimpl(trylast=True)
    def classify(self) -> None:
        self.asked.append(self.name)


def asked_order(kinds: dict[str, type[Teller]], *, order: tuple[str, ...] = (), after: Any = None) -> list[str]:
    asked: list[str] = []
    plugins: dict[str, Any] = {name: kind(name, asked) for name, kind in kinds.items()}
    for name, others in (after or {}).items():
        plugins[name].asked_after = others
    config = Config.from_dict({"error_handling": {"plugin_order": list(order)}}, plugins=dict(kinds))
    ErrorHandler(config, plugins=plugins, discover=False).classify_error(ValueError())
    return asked


def test_plugins_without_wishes_are_asked_by_name_whatever_the_order_of_registration() -> None:
    assert asked_order({"c": Teller, "a": Teller, "b": Teller}) == ["a", "b", "c"]


def test_tryfirst_comes_before_and_trylast_after_all_others() -> None:
    assert asked_order({"a": Last, "b": Teller, "c": First, "d": Teller}) == ["c", "b", "d", "a"]


def test_the_configured_order_comes_before_tryfirst() -> None:
    kinds = {"a": First, "b": Teller, "c": Last, "d": Teller}
    assert asked_order(kinds, order=("c", "d")) == ["c", "d", "a", "b"]


def test_a_plugin_is_asked_after_those_that_it_names() -> None:
    assert asked_order({"a": Teller, "b": Teller, "c": Teller}, after={"a": ("c",)}) == ["b", "c", "a"]


def test_asked_after_beats_tryfirst_and_ignores_names_that_are_not_there() -> None:
    kinds = {"a": First, "b": Teller, "c": Teller}
    assert asked_order(kinds, after={"a": ("b", "gone")}) == ["b", "a", "c"]


def test_a_chain_of_asked_after_holds_from_end_to_end() -> None:
    after = {"a": ("b",), "b": ("c",)}
    assert asked_order({"a": Teller, "b": Teller, "c": Teller}, after=after) == ["c", "b", "a"]


def test_the_configured_order_overrides_asked_after() -> None:
    assert asked_order({"a": Teller, "b": Teller}, order=("a", "b"), after={"a": ("b",)}) == ["a", "b"]


def test_plugins_that_name_each_other_in_a_circle_keep_their_order_and_nobody_is_lost() -> None:
    after = {"a": ("b",), "b": ("a",), "c": ("c",)}
    assert asked_order({"a": Teller, "b": Teller, "c": Teller}, after=after) == ["c", "a", "b"]


@pytest.mark.parametrize(
    "arguments", ["self", "self, error", "self, context", "self, context, error", "self, error=None"]
)
def test_an_implementation_takes_any_subset_of_the_arguments_in_any_order(arguments: str) -> None:
    scope: dict[str, Any] = {"hookimpl": hookimpl, "seen": {}}
    exec(f"class Plugin:\n    @hookimpl\n    def classify({arguments}):\n        seen.update(locals())", scope)
    error = ValueError("x")
    ErrorHandler(plugins={"p": scope["Plugin"]()}, discover=False).classify_error(error)
    seen = scope["seen"]
    assert "error" not in seen or seen["error"] is error
    assert "context" not in seen or seen["context"].error is error


def test_one_plugin_may_implement_a_hook_twice_under_its_specname() -> None:
    asked: list[str] = []

    class Twice:
        @hookimpl(specname="classify", tryfirst=True)
        def by_type(self) -> None:
            asked.append("type")

        @hookimpl(specname="classify")
        def by_text(self) -> None:
            asked.append("text")

    ErrorHandler(plugins={"p": Twice()}, discover=False).classify_error(ValueError())
    assert asked == ["type", "text"]
