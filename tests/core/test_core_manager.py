"""Plugins come, go, are checked, and are left out with a reason."""

# ruff: noqa: PLW0108 - hookimpl marks functions, neither bound methods nor classes
from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import pytest
from attrs import field, frozen

from recoup import (
    Config,
    ConfigError,
    ErrorHandler,
    InvalidPlugin,
    PluginEvent,
    PluginLoadError,
    UnknownPlugin,
    hookimpl,
)
from recoup.config.models import ErrorHandlingConfig, PluginSettings


class Harmless:
    @hookimpl
    def monitor(self, event: Any) -> None: ...


def empty() -> ErrorHandler:
    return ErrorHandler(discover=False)


def configured(name: str, **settings: Any) -> Config:
    return Config(error_handling=ErrorHandlingConfig(plugins={name: PluginSettings(**settings)}))


class TestInvalidPlugins:
    def refusal(self, plugin: Any) -> str:
        handler = empty()
        before = handler.hooks.compiled
        with pytest.raises(InvalidPlugin) as caught:
            handler.plugins.register(plugin, "p")
        assert handler.plugins.items() == []
        assert handler.hooks.compiled is before
        handler.plugins.register(Harmless(), "p")  # nothing is half-registered
        return str(caught.value)

    def test_misspelt_hooks_and_arguments_all_at_once_with_the_nearest_names(self) -> None:
        class Misspelt:
            @hookimpl
            def clasify(self, error: Any) -> None: ...

            @hookimpl
            def sanitize(self, paylod: Any, level: Any) -> None: ...

            @hookimpl
            def recover(self, error: Any, contxt: Any = None) -> None: ...

            @hookimpl
            def monitor(self, *, event: Any) -> None: ...

        assert self.refusal(Misspelt()).removeprefix("plugin 'p': ").split("; ") == [
            "there is no hook 'clasify'",
            "did you mean 'classify'?",
            "monitor is called with positional arguments, but 'event' is keyword-only",
            "recover has no argument 'contxt'",
            "did you mean 'context'?",
            "sanitize has no argument 'paylod'",
            "did you mean 'payload'?",
        ]

    def test_a_name_like_no_other_gets_the_list(self) -> None:
        assert "known: analyze, classify, monitor, rate_limit, recover, sanitize" in self.refusal(
            SimpleNamespace(xyzzy=hookimpl(lambda: None))
        )

    @pytest.mark.parametrize("hook", ["classify", "sanitize", "analyze", "monitor"])
    def test_a_synchronous_hook_takes_no_coroutine_function(self, hook: str) -> None:
        async def late() -> None: ...

        assert f"{hook} is a synchronous hook; declare it with def" in self.refusal(
            SimpleNamespace(**{hook: hookimpl(late)})
        )

    @pytest.mark.parametrize("hook", ["rate_limit", "recover"])
    def test_an_asynchronous_hook_takes_no_wrapper(self, hook: str) -> None:
        def wrapper() -> Any:
            yield

        assert f"{hook} takes no wrappers" in self.refusal(SimpleNamespace(**{hook: hookimpl(wrapper=True)(wrapper)}))

    def test_an_old_hookwrapper_is_told_what_to_use(self) -> None:
        def wrapper() -> Any:
            yield

        assert "use wrapper=True" in self.refusal(SimpleNamespace(classify=hookimpl(hookwrapper=True)(wrapper)))

    def test_a_wrapper_that_can_not_yield_is_refused(self) -> None:
        assert "not a generator function" in self.refusal(
            SimpleNamespace(classify=hookimpl(wrapper=True)(lambda: None))
        )

    def test_a_generator_that_is_no_wrapper_gives_no_answer(self) -> None:
        def plain() -> Any:
            yield

        async def asynchronous() -> Any:
            yield

        assert "generator function" in self.refusal(SimpleNamespace(classify=hookimpl(plain)))
        assert "generator function" in self.refusal(SimpleNamespace(recover=hookimpl(asynchronous)))

    def test_on_failure_is_deny_or_allow(self) -> None:
        plugin = SimpleNamespace(rate_limit=hookimpl(lambda: None), on_failure="block")
        assert "on_failure is 'block'; valid: deny, allow" in self.refusal(plugin)

    def test_a_name_that_is_taken_is_refused_and_the_first_one_stays(self) -> None:
        handler, first = empty(), Harmless()
        handler.plugins.register(first, "p")
        with pytest.raises(InvalidPlugin, match="a plugin of that name is registered"):
            handler.plugins.register(Harmless(), "p")
        assert handler.plugins.get("p") is first

    def test_a_property_that_fails_is_not_touched_and_an_optional_hook_may_be_unknown(self) -> None:
        class Odd:
            @property
            def explosive(self) -> None:
                raise RuntimeError

            @hookimpl(optionalhook=True)
            def of_a_later_version(self) -> None: ...

        handler = empty()
        handler.plugins.register(Odd(), "odd")
        assert handler.plugins.statuses()[0].hooks == ()


@frozen(kw_only=True)
class Needs:
    key: str


class Needy:
    Config = Needs

    def __init__(self, config: Needs, host: Any) -> None:
        self.config, self.host = config, host


class Failing:
    def __init__(self) -> None:
        raise OSError("no device")


class OffByDefault(Harmless):
    enabled_by_default = False


class TestLoading:
    def test_a_class_is_built_with_its_section_and_the_host(self) -> None:
        handler = ErrorHandler(configured("p", config={"key": "k"}), plugins={"p": Needy}, discover=False)
        plugin = handler.plugins.get("p")
        assert plugin.config == Needs(key="k")
        assert plugin.host is handler

    def test_an_incomplete_section_is_an_error_of_the_configuration(self) -> None:
        with pytest.raises(ConfigError, match=r"error_handling\.plugins\.p\.config: is incomplete"):
            ErrorHandler(plugins={"p": Needy}, discover=False)

    def test_a_wrong_section_is_an_error_of_the_configuration(self) -> None:
        with pytest.raises(ConfigError, match=r"error_handling\.plugins\.p\.config\.kay: unknown key"):
            ErrorHandler(configured("p", config={"key": "k", "kay": 1}), plugins={"p": Needy}, discover=False)

    def test_names_that_no_plugin_has_are_errors_of_the_configuration(self) -> None:
        section = ErrorHandlingConfig(plugins={"harmles": PluginSettings()}, plugin_order=("nobody",))
        with pytest.raises(ConfigError) as caught:
            ErrorHandler(Config(error_handling=section), plugins={"harmless": Harmless}, discover=False)
        assert [problem.path for problem in caught.value.problems] == [
            "error_handling.plugins.harmles",
            "error_handling.plugin_order.0",
        ]
        assert "did you mean 'harmless'?" in str(caught.value)

    def test_one_that_can_not_be_built_is_left_out_with_one_event_and_the_rest_is_at_work(self) -> None:
        class BadDefault:
            @frozen
            class Config:
                size: int = field(default=0, validator=lambda *_: 1 / 0)

        events: list[Any] = []
        watch = SimpleNamespace(monitor=hookimpl(lambda event: events.append(event)))
        clean = SimpleNamespace(sanitize=hookimpl(lambda payload: payload))
        plugins = {
            "a": Failing,
            "b": BadDefault,
            "clean": clean,
            "watch": watch,
            "wrong": SimpleNamespace(x=hookimpl(lambda: 1)),
        }
        handler = ErrorHandler(plugins=plugins, discover=False)
        assert [(event.plugin, event.fault) for event in events] == [
            (name, "not_loaded") for name in ("a", "b", "wrong")
        ]
        assert {status.name: status.enabled for status in handler.plugins.statuses()} == {
            "a": False,
            "b": False,
            "clean": True,
            "watch": True,
            "wrong": False,
        }
        with pytest.raises(UnknownPlugin, match="OSError: no device"):
            handler.plugins.get("a")

    def test_a_config_that_is_no_attrs_class_is_named_when_the_plugin_is_built(self) -> None:
        class Plain:
            class Config:
                size = 1

        words = r"Plain\.Config must be an attrs class: decorate it with @attrs\.frozen"
        for config in (Config(), configured("p", config={"size": 2})):
            (status,) = ErrorHandler(config, plugins={"p": Plain}, discover=False).plugins.statuses()
            assert not status.enabled
            assert status.reason.startswith("Plain.Config must be an attrs class")
        with pytest.raises(PluginLoadError, match=words):
            empty().plugins.register(Plain, "p")

    def test_a_reason_names_its_plugin_once(self) -> None:
        handler = ErrorHandler(plugins={"p": Failing}, discover=False)
        with pytest.raises(UnknownPlugin) as caught:
            handler.plugins.get("p")
        assert str(caught.value) == "plugin 'p': Failing can't be built: OSError: no device"

    def test_a_name_that_is_like_no_other_may_be_a_secret_and_is_not_shown(self) -> None:
        section = ErrorHandlingConfig(plugin_order=("SuperSecretToken", "harmles"))
        with pytest.raises(ConfigError) as caught:
            ErrorHandler(Config(error_handling=section), plugins={"harmless": Harmless}, discover=False)
        assert [problem.message.partition(";")[0] for problem in caught.value.problems] == [
            "no plugin named a text of 16 characters is installed",
            "no plugin named 'harmles' is installed",
        ]

    def test_disabled_ones_are_never_imported_and_say_why(self) -> None:
        handler = ErrorHandler(
            configured("p", enabled=False), plugins={"p": Failing, "q": OffByDefault}, discover=False
        )
        reasons = {status.name: status.reason for status in handler.plugins.statuses()}
        assert reasons == {"p": "disabled by the configuration", "q": "off by default; enable it in the configuration"}

    def test_off_by_default_is_on_where_the_configuration_says_so(self) -> None:
        handler = ErrorHandler(configured("q", enabled=True), plugins={"q": OffByDefault}, discover=False)
        assert isinstance(handler.plugins.get("q"), OffByDefault)

    def test_a_class_registered_at_run_time_that_fails_to_build_changes_nothing(self) -> None:
        handler = empty()
        with pytest.raises(PluginLoadError, match="Failing can't be built: OSError: no device"):
            handler.plugins.register(Failing, "p")
        assert handler.plugins.statuses() == []


class TestAtRunTime:
    def test_coming_and_going_are_events(self) -> None:
        events: list[Any] = []
        handler = empty()
        handler.plugins.register(SimpleNamespace(monitor=hookimpl(lambda event: events.append(event))), "watch")
        plugin = Harmless()
        assert handler.plugins.register(plugin, "p") is plugin
        assert handler.plugins.unregister("p") is plugin
        assert [(event.plugin, event.fault) for event in events if isinstance(event, PluginEvent)][1:] == [
            ("p", "registered"),
            ("p", "unregistered"),
        ]

    @pytest.mark.parametrize("method", ["get", "unregister"])
    def test_an_unknown_name_gives_the_nearest(self, method: str) -> None:
        handler = empty()
        handler.plugins.register(Harmless(), "harmless")
        with pytest.raises(UnknownPlugin, match="did you mean 'harmless'"):
            getattr(handler.plugins, method)("harmles")
        with pytest.raises(UnknownPlugin, match="known: none"):
            getattr(empty().plugins, method)("p")

    def test_threads_change_plugins_while_others_call_hooks_and_nobody_notices(self) -> None:
        handler = empty()
        handler.plugins.register(SimpleNamespace(sanitize=hookimpl(lambda payload: payload)), "always")
        failures: list[BaseException] = []
        stop = threading.Event()
        answers = 0

        def change(name: str) -> None:
            try:
                for _ in range(100):
                    handler.plugins.register(SimpleNamespace(sanitize=hookimpl(lambda: None)), name)
                    handler.plugins.unregister(name)
            except BaseException as failure:
                failures.append(failure)

        def call() -> None:
            nonlocal answers
            try:
                while not stop.is_set():
                    with handler.plugins.generation:
                        assert handler.sanitize("x") == "x"
                    answers += 1
            except BaseException as failure:
                failures.append(failure)

        changers = [threading.Thread(target=change, args=(f"a{index}",)) for index in range(3)]
        callers = [threading.Thread(target=call) for _ in range(3)]
        for thread in changers + callers:
            thread.start()
        for thread in changers:
            thread.join(60)
        stop.set()
        for thread in callers:
            thread.join(60)
        assert failures == []
        assert answers > 0
        assert [name for name, _ in handler.plugins.items()] == ["always"]
        handler.plugins.generation.wait_drained()
