"""Running the contract tests of every hook that a plugin implements and of every role that it plays.

They run the plugin inside a real handler, so that the dispatcher's own checks count: an implementation that raises,
answers with a wrong type or asks for a retry that may send an order twice fails here as it would be caught in
production.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

from attrs import evolve, frozen

from recoup.config.models import Config, PluginSettings
from recoup.context import WITHHELD, error_message
from recoup.error_handler import ErrorHandler
from recoup.errors import RecoupError, UnknownPlugin
from recoup.events import PluginEvent
from recoup.hookspecs import hookimpl
from recoup.testing.clock import FakeClock
from recoup.testing.contract_tests import TESTS, life_cycle
from recoup.testing.role_tests import ROLE_TESTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from recoup.events import Event

_BUILDS = "it builds, and its hooks fit the hookspecs"


@frozen(kw_only=True)
class Check:
    """One contract test and how it went. Immutable.

    Attributes:
        name: what was checked, as a sentence.
        passed: whether the plugin held to it.
        detail: what it did instead.
    """

    name: str
    passed: bool
    detail: str = ""


class ContractViolated(RecoupError, AssertionError):
    """A plugin does not hold to the contract of its hooks.

    Attributes:
        checks: the ones that failed.
    """

    def __init__(self, plugin: str, checks: list[Check]) -> None:
        self.checks = tuple(checks)
        lines = "\n".join(f"  - {check.name}: {check.detail}" for check in checks)
        super().__init__(f"plugin {plugin!r} breaks its contract:\n{lines}")


def check_plugin(plugin: object, name: str = "plugin", config: Config | None = None) -> list[Check]:
    """Run the contract tests of every hook that a plugin implements and of every role that it plays.

    Args:
        plugin: the plugin, or its class.
        name: what it is called in the configuration.
        config: the configuration that its class is built with. Sections of other plugins play no part, and a plugin
            that is disabled or off by default is checked all the same.

    Returns:
        The checks, all passed.

    Raises:
        ContractViolated: with every check that failed.
    """
    checks = run_checks(plugin, name, config)
    failed = [check for check in checks if not check.passed]
    if failed:
        raise ContractViolated(name, failed)
    return checks


def run_checks(plugin: object, name: str = "plugin", config: Config | None = None) -> list[Check]:
    """As :func:`check_plugin`, but report failures instead of raising."""
    try:
        trial = _Trial(plugin, name, _alone(config or Config(), name))
        hooks, roles = trial.hooks(), trial.roles()
    except KeyboardInterrupt:
        raise
    except BaseException as failure:  # noqa: BLE001 - whatever the plugin did is what the check is about
        return [Check(name=_BUILDS, passed=False, detail=_words(failure))]
    checks = [Check(name=_BUILDS, passed=True)]
    if not hooks and not roles:
        checks.append(Check(name="it implements a hook or plays a role", passed=False, detail="it does neither"))
    checks += [trial.run(hook, test) for hook in hooks for test in TESTS[hook]]
    checks += [trial.run_role(role, test) for role in roles for test in ROLE_TESTS[role]]
    checks.append(trial.run("life cycle", life_cycle))
    return checks


def _alone(config: Config, name: str) -> Config:
    """Return the configuration as if no other plugin were installed, with this one enabled."""
    section = config.error_handling
    settings = evolve(section.plugins.get(name, PluginSettings()), enabled=True)
    return evolve(config, error_handling=evolve(section, plugins={name: settings}, plugin_order=()))


def _words(failure: BaseException) -> str:
    if isinstance(failure, RecoupError):
        return str(failure)
    return f"{type(failure).__name__}: {error_message(failure)}"


class _Recorder:
    """Listens for what the dispatcher says of the plugin."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.faults: list[PluginEvent] = []

    @hookimpl(tryfirst=True)
    def monitor(self, event: Event) -> None:
        if (
            isinstance(event, PluginEvent)
            and event.plugin == self._name
            and event.fault in ("raised", "timed_out", "wrong_type", "not_loaded")
        ):
            self.faults.append(event)


class _LastSanitizer:
    """Stands behind the plugin under test, where that is no sanitizer or does not take a payload for its own.

    Text passes, so that the dispatcher's own words can be read. Of anything else nothing is shown: a plugin that
    leaves a payload to others, as it may, has let no secret through.
    """

    @hookimpl(trylast=True)
    def sanitize(self, payload: Any) -> Any:
        if isinstance(payload, str):
            return payload
        if isinstance(payload, dict | list | tuple):
            return {} if isinstance(payload, dict) else []
        return WITHHELD


class _Trial:
    """A handler that runs one plugin, and a witness."""

    def __init__(self, plugin: object, name: str, config: Config) -> None:
        self._name = name
        self._clock = FakeClock()
        self._recorder = _Recorder(name)
        plugins = {"contract-recorder": self._recorder, "contract-sanitizer": _LastSanitizer, name: plugin}
        self._handler = ErrorHandler(config, clock=self._clock, random=Random(0), plugins=plugins, discover=False)  # noqa: S311 - seeded
        if self._recorder.faults:
            raise UnknownPlugin(name, self._recorder.faults[0].detail)
        self.plugin = self._handler.plugins.get(name)

    def hooks(self) -> tuple[str, ...]:
        """Return the hooks that the plugin implements."""
        return next(status.hooks for status in self._handler.plugins.statuses() if status.name == self._name)

    def roles(self) -> tuple[type, ...]:
        """Return the roles that the plugin plays."""
        return tuple(role for role in ROLE_TESTS if isinstance(self.plugin, role))

    def run_role(self, role: type, test: Callable[[Any], None]) -> Check:
        """Run one test of a role, of which the dispatcher knows nothing."""
        return self._run(role.__name__, test, self.plugin)

    def run(self, subject: str, test: Callable[[ErrorHandler], None]) -> Check:
        """Run one test; a fault that the dispatcher reported fails it as well."""
        return self._run(subject, test, self._handler)

    def _run(self, subject: str, test: Callable[[Any], None], target: Any) -> Check:
        self._recorder.faults.clear()
        sentence = (test.__doc__ or "").strip().rstrip(".")
        try:
            test(target)
        except KeyboardInterrupt:
            raise
        except BaseException as failure:  # noqa: BLE001 - whatever the plugin did is what the check is about
            return Check(name=f"{subject}: {sentence}", passed=False, detail=_words(failure))
        finally:
            # Failures of one plugin in one hook are reported once a minute.
            self._clock.advance(61.0)
        faults = [f"{event.hook} {event.fault}: {event.detail}" for event in self._recorder.faults]
        return Check(name=f"{subject}: {sentence}", passed=not faults, detail="; ".join(faults))
