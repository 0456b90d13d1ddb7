"""The contract tests of hooks: a plugin that breaks one of them is told which, and a sound one passes."""

import anyio
import pytest

from recoup import Classification, ErrorCategory, ErrorSeverity, RateLimitDecision, Recovery, RetryConfig, hookimpl
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
    ],
)
def test_a_broken_one_is_told_what_it_broke(plugin, words):
    with pytest.raises(ContractViolated) as violated:
        check_plugin(plugin, "mine")
    assert words in str(violated.value)
    assert "'mine'" in str(violated.value)
    assert violated.value.checks


def test_one_that_never_answers_is_given_up_on(monkeypatch):
    monkeypatch.setattr("recoup.testing.contract_tests.RECOVER_LIMIT", 0.01)
    assert any("no answer within" in check.detail for check in failures(Endless))


def test_a_plugin_with_a_role_and_no_hook_passes():
    class Server:
        serves = (RetryConfig,)

    assert failures(Server) == []


def test_fixtures_are_there(recoup_handler, recoup_clock, check_plugin):
    from recoup.factory import ErrorHandlerFactory

    assert ErrorHandlerFactory.get_default() is recoup_handler
    assert recoup_handler.clock is recoup_clock
    assert check_plugin(Sound)
