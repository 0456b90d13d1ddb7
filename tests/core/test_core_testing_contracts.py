"""The contract tests of hooks: a plugin that breaks one of them is told which, and a sound one passes."""

from typing import ClassVar

import anyio
import pytest
from attrs import frozen

from recoup import (
    CircuitOpen,
    Classification,
    Config,
    Drift,
    ErrorCategory,
    ErrorHandlingConfig,
    ErrorSeverity,
    IntentFinding,
    IntentState,
    Place,
    Placing,
    PluginSettings,
    PolicyMisuse,
    RateLimitDecision,
    Reconciliation,
    Recovery,
    RetryConfig,
    TradingHalted,
    hookimpl,
)
from recoup.testing import ContractViolated, check_plugin, run_checks


def failures(plugin):
    return [check for check in run_checks(plugin) if not check.passed]


class Sound:
    @hookimpl
    def classify(self, error):
        if isinstance(error, OSError):
            return Classification(severity=ErrorSeverity.LOW, category=ErrorCategory.NETWORK, retryable=True)
        return None

    @hookimpl
    def rate_limit(self, component):
        return RateLimitDecision(allowed=component != "forbidden", retry_after=1.0)

    @hookimpl
    async def recover(self, context):
        await anyio.lowlevel.checkpoint()
        return Recovery.retry(1.0) if context.may_send_again else None

    @hookimpl
    def analyze(self, event):
        return []

    @hookimpl
    def monitor(self, event):
        assert event.kind


def test_a_sound_plugin_passes_them_all():
    checks = check_plugin(Sound)
    assert all(check.passed for check in checks)
    assert {check.name.partition(":")[0] for check in checks[1:]} == {
        "classify", "rate_limit", "recover", "analyze", "monitor", "life cycle"
    }  # fmt: skip


class Changing:
    def __init__(self):
        self.answers = 0

    @hookimpl
    def classify(self):
        self.answers += 1
        severity = ErrorSeverity.LOW if self.answers % 2 else ErrorSeverity.HIGH
        return Classification(severity=severity, category=ErrorCategory.SYSTEM, retryable=False)


class Meddling:
    @hookimpl
    def classify(self, context):
        context.details["seen"] = True


class Leaky:
    @hookimpl
    def sanitize(self, payload):
        return payload


class InPlace:
    @hookimpl
    def sanitize(self, payload):
        if isinstance(payload, dict):
            payload.clear()
            return payload
        return "[HIDDEN]" if isinstance(payload, str) else ([] if isinstance(payload, list) else "[HIDDEN]")


class WrongType:
    @hookimpl
    def sanitize(self):
        return 7


class Reckless:
    @hookimpl
    def recover(self):
        return Recovery.retry()


class Endless:
    @hookimpl
    async def recover(self):
        await anyio.sleep_forever()


class Deaf:
    @hookimpl
    async def recover(self):
        with anyio.CancelScope(shield=True):
            await anyio.sleep(0.01)


class Fussy:
    @hookimpl
    def monitor(self, event):
        raise TypeError("not for me")


class Threaded:
    def __init__(self):
        self.busy = False

    @hookimpl
    def classify(self):
        if self.busy:
            raise RuntimeError("two at a time")
        self.busy = True
        for _ in range(2000):
            pass
        self.busy = False


class Quits:
    @hookimpl
    def monitor(self, event):
        raise SystemExit(3)


class QuitsWhenBuilt:
    def __init__(self):
        raise SystemExit(3)


class TextPacer:
    holds = ("venue",)

    def delay(self, operation, component):
        return "soon"


class NotANumberPacer:
    holds = ("venue",)

    def delay(self, operation, component):
        return float("nan")


class BackwardsPacer:
    holds = ("venue",)

    def delay(self, operation, component):
        return -1.0


class Nowhere:
    serves = (RetryConfig,)

    def policy(self, config, scope):
        return Turnstile()

    def placing(self, config):
        return "inside"


class Turnstile:
    key = "turnstile"

    def __init__(self, fault=None):
        self.fault = fault
        self.passed = 0

    def acquire(self):
        if self.fault == "acquire":
            raise OSError("jammed")
        self.passed += 1
        if self.passed > 3:
            raise CircuitOpen("closed for today", key=self.key)

    def release(self, permit, error):
        if self.fault == "release" and isinstance(error, KeyboardInterrupt):
            raise OSError("stuck")


class WaitsInTasksOnly(Turnstile):
    async def wait(self):
        return 1


class GateKeeper:
    serves = (RetryConfig,)

    def __init__(self, gate):
        self.only = gate

    def policy(self, config, scope):
        if self.only is None:
            raise PolicyMisuse("not around a read")
        return self.only

    def placing(self, config):
        return Placing(place=Place.CIRCUIT_BREAKER)


class Nameless(Turnstile):
    key = None


class OddCircuits:
    def circuit_breaker_status(self):
        return {"api": "ajar"}


class ListedCircuits:
    def circuit_breaker_status(self):
        return ["api"]


class NumberedCircuits:
    def circuit_breaker_status(self):
        return {5: "open"}


class Admitting:
    def __init__(self, answer=None, settled=None):
        self.answer, self.settled = answer, settled

    def admit(self, call, component):
        return self.answer() if callable(self.answer) else self.answer

    def settle(self, call, component, error):
        return self.settled() if self.settled else None


class Journaling:
    def __init__(self, left=()):
        self.left = left

    def unresolved(self):
        return self.left

    def resolve(self, intent, finding):
        assert finding.state in IntentState

    def resumed(self):
        pass


class ForgetfulJournal(Journaling):
    def resolve(self, intent, finding):
        raise KeyError(intent)


class Verifying:
    def __init__(self, answer):
        self.answer = answer

    async def verify(self, intent):
        return self.answer


class Reconciling:
    def __init__(self, answer):
        self.answer = answer

    async def reconcile(self, key):
        return self.answer


class Refusing:
    def admit(self, call, component):
        raise TradingHalted("not now", key="venue")

    def settle(self, call, component, error):
        raise AssertionError("it was not admitted")


async def later():
    await anyio.lowlevel.checkpoint()


async def never():
    await anyio.sleep_forever()


class ServesOne(Nowhere):
    serves = RetryConfig


class Forgetful:
    serves = (RetryConfig,)

    def keeps(self, policy):
        return False

    def remember(self, call, value):
        raise KeyError("full")


class BadStart:
    @hookimpl
    def monitor(self, event):
        pass

    def start(self):
        raise OSError("no socket")


class NoHook:
    pass


class Misspelt:
    @hookimpl
    def clasify(self, error):
        pass


class NeedsMore:
    def __init__(self, something):
        pass

    @hookimpl
    def monitor(self, event):
        pass


@pytest.mark.parametrize(
    ("plugin", "words"),
    [
        (Changing, "two answers"),
        (Meddling, "context.details"),
        (Leaky, "a secret got through"),
        (InPlace, "changed the payload"),
        (WrongType, "wrong_type"),
        (Reckless, "outcome is unknown"),
        (Fussy, "not for me"),
        (BadStart, "no socket"),
        (NoHook, "neither"),
        (Misspelt, "did you mean 'classify'"),
        (NeedsMore, "something"),
        (object(), "neither"),
        (Quits, "SystemExit: 3"),
        (QuitsWhenBuilt, "SystemExit: 3"),
        (TextPacer, "delay gave str, not a number"),
        (NotANumberPacer, "delay gave nan"),
        (BackwardsPacer, "delay gave -1.0"),
        (Nowhere, "placing gave str, not a Placing"),
        (GateKeeper(object()), "which is no Gate, Rescue or Wrapper"),
        (GateKeeper(WaitsInTasksOnly()), "both wait and wait_sync"),
        (GateKeeper(Turnstile("acquire")), "jammed"),
        (GateKeeper(Turnstile("release")), "stuck"),
        (GateKeeper(Nameless()), "the gate's key is None"),
        (OddCircuits, "a circuit is in no known state; valid: closed, half_open, open"),
        (ListedCircuits, "gave list, not a mapping"),
        (NumberedCircuits, "a circuit's key is int"),
        (Admitting("yes"), "admit answered with str"),
        (Admitting(Recovery.retry()), "with retry; valid: recovered, unknown, or None"),
        (Admitting(settled=later), "settle is asynchronous"),
        (Journaling({"c-1": 1}), "unresolved gave dict, not a sequence of Intent"),
        (ForgetfulJournal(), "KeyError"),
        (Verifying("yes"), "verify gave str, not an IntentFinding or None"),
        (Verifying(IntentFinding(state=IntentState.FAILED)), "verify concluded failed of a venue that it can't ask"),
        (Reconciling("yes"), "reconcile gave str, not a Reconciliation or None"),
        (
            Reconciling(Reconciliation(key="v", drifts=[Drift(key="v", subject="order")])),
            "found differences at a venue",
        ),
        (ServesOne, "serves must be a tuple of classes"),
        (Forgetful, "KeyError: 'full'"),
    ],
)
def test_a_broken_one_is_told_what_it_broke(plugin, words):
    with pytest.raises(ContractViolated) as violated:
        check_plugin(plugin, "mine")
    assert words in str(violated.value)
    assert "'mine'" in str(violated.value)
    assert violated.value.checks


class Declining:
    """A sanitizer that leaves everything to others, as it may."""

    @hookimpl
    def sanitize(self):
        return None


class Wrapping:
    @hookimpl(wrapper=True)
    def sanitize(self):
        return (yield)


class LeakyWrapping:
    @hookimpl(wrapper=True)
    def sanitize(self, payload):
        yield
        return payload


@pytest.mark.parametrize("sanitizer", [Declining, Wrapping])
def test_a_sanitizer_that_leaves_payloads_to_others_has_let_no_secret_through(sanitizer):
    assert failures(sanitizer) == []


def test_a_wrapper_that_gives_the_payload_back_has():
    assert any("a secret got through" in check.detail for check in failures(LeakyWrapping))


@pytest.mark.parametrize(
    "plugin",
    [
        GateKeeper(Turnstile()),
        GateKeeper(None),
        Admitting(),
        Admitting(later),
        Admitting(Recovery.unknown()),
        Admitting(Recovery.recovered({}, verified=True)),
    ],
)
def test_a_sound_role_passes(plugin):
    assert failures(plugin) == []


def test_a_gate_for_a_policy_that_takes_arguments_is_left_to_its_own_tests():
    class Policy:
        def __init__(self, limit):
            self.limit = limit

    class Server:
        serves = (Policy,)

        def policy(self, config, scope):
            return Turnstile()

        def placing(self, config):
            return Placing(place=Place.RATE_LIMIT)

    assert failures(Server) == []


def test_a_slow_delay_and_an_admission_that_never_comes_fail(monkeypatch):
    class Slow:
        holds = ()

        def delay(self, operation, component):
            return 0.0

    monkeypatch.setattr("recoup.testing.role_tests.QUICK", -1.0)
    monkeypatch.setattr("recoup.testing.role_tests.ADMIT_LIMIT", 0.01)
    assert any("delay took" in check.detail for check in failures(Slow))
    assert any("admit gave no answer" in check.detail for check in failures(Admitting(never)))


class Interrupted:
    @hookimpl
    def monitor(self, event):
        raise KeyboardInterrupt


class InterruptedWhenBuilt:
    def __init__(self):
        raise KeyboardInterrupt


@pytest.mark.parametrize("plugin", [Interrupted, InterruptedWhenBuilt])
def test_an_interrupt_by_the_user_ends_the_check(plugin):
    with pytest.raises(KeyboardInterrupt):
        run_checks(plugin)


class OffByDefault:
    enabled_by_default = False

    @frozen(kw_only=True)
    class Config:
        size: int = 1

    seen: ClassVar[list[int]] = []

    def __init__(self, config):
        self.seen.append(config.size)

    @hookimpl
    def monitor(self, event):
        pass


@pytest.mark.parametrize("enabled", [None, False])
def test_only_its_own_section_counts_and_it_is_enabled_whatever_that_says(enabled):
    OffByDefault.seen.clear()
    plugins = {
        "mine": PluginSettings(enabled=enabled, config={"size": 7}),
        "other": PluginSettings(config={"nonsense": 1}),
    }
    section = ErrorHandlingConfig(plugins=plugins, plugin_order=("other", "mine"))
    assert all(check.passed for check in run_checks(OffByDefault, "mine", Config(error_handling=section)))
    assert OffByDefault.seen == [7]


def test_one_that_never_answers_is_given_up_on(monkeypatch):
    monkeypatch.setattr("recoup.testing.contract_tests.RECOVER_LIMIT", 0.01)
    assert any("no answer within" in check.detail for check in failures(Endless))


def test_a_plugin_with_a_role_and_no_hook_passes():
    assert failures(GateKeeper(Turnstile())) == []


def test_fixtures_are_there(recoup_handler, recoup_clock, check_plugin):
    from recoup.factory import ErrorHandlerFactory

    assert ErrorHandlerFactory.get_default() is recoup_handler
    assert recoup_handler.clock is recoup_clock
    assert check_plugin(Sound)


@pytest.mark.parametrize(
    "plugin",
    [
        Journaling(),
        Verifying(None),
        Verifying(IntentFinding(state=IntentState.UNKNOWN)),
        Reconciling(None),
        Reconciling(Reconciliation(key="v", complete=False)),
        Refusing(),
    ],
    ids=["journal", "not mine", "unknown", "no venue", "incomplete", "refuses"],
)
def test_one_that_keeps_a_role_of_recovery_passes(plugin):
    check_plugin(plugin, "mine")
