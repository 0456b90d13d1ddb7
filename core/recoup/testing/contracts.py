"""Running the contract tests of every hook that a plugin implements.

They run the plugin inside a real handler, so that the dispatcher's own checks count: an implementation that raises,
answers with a wrong type or asks for a retry that may send an order twice fails here as it would be caught in
production.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

from attrs import frozen

from recoup.config.models import Config
from recoup.error_handler import ErrorHandler
from recoup.errors import RecoupError, UnknownPlugin
from recoup.events import PluginEvent
from recoup.hookspecs import hookimpl
from recoup.policies import CircuitStatus, GateServer, Pacer, PolicyServer, ResultKeeper
from recoup.testing.clock import FakeClock
from recoup.testing.contract_tests import TESTS, life_cycle

if TYPE_CHECKING:
    from collections.abc import Callable

    from recoup.events import Event

_ROLES = (CircuitStatus, GateServer, Pacer, PolicyServer, ResultKeeper)
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
    """Run the contract tests of every hook that a plugin implements.

    Args:
        plugin: the plugin, or its class.
        name: what it is called in the configuration.
        config: the configuration that its class is built with.

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
        trial = _Trial(plugin, name, config or Config())
        hooks = trial.hooks()
    except RecoupError as failure:
        return [Check(name=_BUILDS, passed=False, detail=str(failure))]
    checks = [Check(name=_BUILDS, passed=True)]
    if not hooks and not isinstance(trial.plugin, _ROLES):
        checks.append(Check(name="it implements a hook or plays a role", passed=False, detail="it does neither"))
    checks += [trial.run(hook, test) for hook in hooks for test in TESTS[hook]]
    checks.append(trial.run("life cycle", life_cycle))
    return checks


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


class _PlainSanitizer:
    """Lets the dispatcher's own words through, where the plugin under test is no sanitizer."""

    @hookimpl(trylast=True)
    def sanitize(self, payload: Any) -> Any:
        return payload


class _Trial:
    """A handler that runs one plugin, and a witness."""

    def __init__(self, plugin: object, name: str, config: Config) -> None:
        self._name = name
        self._clock = FakeClock()
        self._recorder = _Recorder(name)
        plugins = {"contract-recorder": self._recorder, "contract-sanitizer": _PlainSanitizer, name: plugin}
        self._handler = ErrorHandler(config, clock=self._clock, random=Random(0), plugins=plugins, discover=False)  # noqa: S311 - seeded
        if self._recorder.faults:
            raise UnknownPlugin(name, self._recorder.faults[0].detail)
        self.plugin = self._handler.plugins.get(name)

    def hooks(self) -> tuple[str, ...]:
        """Return the hooks that the plugin implements."""
        return next(status.hooks for status in self._handler.plugins.statuses() if status.name == self._name)

    def run(self, subject: str, test: Callable[[ErrorHandler], None]) -> Check:
        """Run one test; a fault that the dispatcher reported fails it as well."""
        self._recorder.faults.clear()
        sentence = (test.__doc__ or "").strip().rstrip(".")
        try:
            test(self._handler)
        except Exception as failure:  # noqa: BLE001 - whatever the plugin did is what the check is about
            return Check(name=f"{subject}: {sentence}", passed=False, detail=f"{type(failure).__name__}: {failure}")
        finally:
            # Failures of one plugin in one hook are reported once a minute.
            self._clock.advance(61.0)
        faults = [f"{event.hook} {event.fault}: {event.detail}" for event in self._recorder.faults]
        return Check(name=f"{subject}: {sentence}", passed=not faults, detail="; ".join(faults))
