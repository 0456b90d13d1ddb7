"""The fallback plugin's recover hook and its memory of good results."""

from __future__ import annotations

from decimal import Decimal

import anyio
import anyio.lowlevel
import pytest

from recoup import (
    Call,
    Classification,
    Decision,
    ErrorCategory,
    ErrorHandler,
    ErrorSeverity,
    FallbackConfig,
    FallbackStrategy,
    Operation,
    OperationKind,
    Place,
    Placing,
    Recovery,
    RetryConfig,
    guard,
    hookimpl,
)
from recoup.testing import FakeClock
from recoup_plugins.fallback import FallbackPlugin

pytestmark = pytest.mark.anyio

CACHED = FallbackConfig(strategy=FallbackStrategy.USE_CACHE)


def fetch_prices(*symbols) -> list[Decimal]:
    raise NotImplementedError


def known(outcome_known=True) -> Classification:
    return Classification(
        severity=ErrorSeverity.MEDIUM,
        category=ErrorCategory.NETWORK,
        retryable=True,
        outcome_known=outcome_known,
    )


def guarded(*policies, function=fetch_prices, args=(), kind=OperationKind.READ, **kwargs) -> Call:
    return Call(operation=Operation(kind=kind), policies=policies, function=function, args=args, kwargs=kwargs)


@pytest.fixture
def plugin(host):
    return FallbackPlugin(host)


@pytest.fixture
def ask(plugin, make_context):
    """Ask the plugin about an error of a call."""

    async def ask(call, *, classification=None, plugin=plugin):
        error = ConnectionError("reset")
        return await plugin.recover(error, make_context(error, call=call, classification=classification or known()))

    return ask


async def test_without_a_fallback_policy_it_has_no_answer(ask):
    assert await ask(None) is None
    assert await ask(guarded()) is None
    assert await ask(guarded(RetryConfig())) is None


async def test_none(ask):
    answer = await ask(guarded(FallbackConfig()))

    assert (answer.decision, answer.value) == (Decision.RECOVERED, None)


async def test_default(ask):
    default = {"price": Decimal("1.5")}

    answer = await ask(guarded(FallbackConfig(strategy=FallbackStrategy.RETURN_DEFAULT, default_value=default)))

    assert answer.decision is Decision.RECOVERED
    assert answer.value is default


async def test_empty(ask):
    answer = await ask(guarded(FallbackConfig(strategy=FallbackStrategy.RETURN_EMPTY)))

    assert (answer.decision, answer.value) == (Decision.RECOVERED, [])


async def test_empty_of_an_unknown_type_is_a_visible_failure(ask):
    call = guarded(FallbackConfig(strategy=FallbackStrategy.RETURN_EMPTY), function=lambda: None)

    with pytest.raises(TypeError, match="annotate it"):
        await ask(call)


async def test_empty_of_an_unknown_function_has_no_answer(ask):
    assert await ask(guarded(FallbackConfig(strategy=FallbackStrategy.RETURN_EMPTY), function=None)) is None


async def test_degraded_is_left_to_the_guard(ask):
    assert await ask(guarded(FallbackConfig(strategy=FallbackStrategy.RAISE_DEGRADED))) is None


class TestAlternative:
    @staticmethod
    def policy(function):
        return FallbackConfig(strategy=FallbackStrategy.RETRY_ALTERNATIVE, fallback_function=function)

    async def test_it_is_called_with_the_calls_own_arguments(self, ask):
        call = guarded(self.policy(lambda *args, **kwargs: (args, kwargs)), args=("BTC/USDT", 5), limit=3)

        assert (await ask(call)).value == (("BTC/USDT", 5), {"limit": 3})

    async def test_a_coroutine_function_is_awaited(self, ask):
        async def other_venue(symbol):
            await anyio.lowlevel.checkpoint()
            return f"{symbol} elsewhere"

        assert (await ask(guarded(self.policy(other_venue), args=("BTC/USDT",)))).value == "BTC/USDT elsewhere"

    async def test_its_failure_is_visible(self, ask):
        def broken():
            raise LookupError("no other venue")

        with pytest.raises(LookupError, match="no other venue"):
            await ask(guarded(self.policy(broken)))

    async def test_cancellation_passes_through_it(self, ask):
        with anyio.move_on_after(0.01) as scope:
            await ask(guarded(self.policy(anyio.sleep_forever)))

        assert scope.cancelled_caught


class TestUnknownOutcome:
    @pytest.mark.parametrize("strategy", FallbackStrategy)
    @pytest.mark.parametrize("kind", [OperationKind.SUBMIT, OperationKind.AMEND, OperationKind.UNSPECIFIED])
    async def test_nothing_stands_in_for_a_side_effect_that_may_have_happened(self, ask, plugin, strategy, kind):
        called = []
        call = guarded(FallbackConfig(strategy=strategy, fallback_function=lambda: called.append(1)), kind=kind)
        plugin.remember(call, "good")

        assert await ask(call, classification=known(outcome_known=False)) is None
        assert called == []

    async def test_for_a_read_it_does(self, ask):
        assert await ask(guarded(FallbackConfig()), classification=known(outcome_known=False)) is not None

    async def test_and_for_a_side_effect_that_is_known_not_to_have_happened(self, ask):
        assert await ask(guarded(FallbackConfig(), kind=OperationKind.SUBMIT)) is not None


class TestLastGoodResult:
    async def test_it_stands_in_for_the_same_call_and_tells_its_age(self, ask, plugin, host):
        plugin.remember(guarded(CACHED, args=("BTC/USDT",), limit=1), "good")
        host.clock.advance(12.5)

        answer = await ask(guarded(CACHED, args=("BTC/USDT",), limit=1))

        assert (answer.decision, answer.value) == (Decision.RECOVERED, "good")
        assert "12.5 s old" in answer.detail

    async def test_the_newest_one_counts(self, ask, plugin):
        plugin.remember(guarded(CACHED), "old")
        plugin.remember(guarded(CACHED), "new")

        assert (await ask(guarded(CACHED))).value == "new"

    async def test_a_good_none_stands_in_too(self, ask, plugin):
        plugin.remember(guarded(CACHED), None)

        answer = await ask(guarded(CACHED))
        assert (answer.decision, answer.value) == (Decision.RECOVERED, None)

    async def test_with_nothing_kept_there_is_no_answer(self, ask):
        assert await ask(guarded(CACHED)) is None

    @pytest.mark.parametrize(
        "other",
        [
            guarded(CACHED, args=(2,)),
            guarded(CACHED, args=(1.0,)),
            guarded(CACHED, args=(Decimal(1),)),
            guarded(CACHED, args=(1,), limit=5),
            guarded(CACHED, args=(1,), function=lambda *_: None),
            guarded(CACHED, args=(1,), function=None),
        ],
    )
    async def test_other_arguments_types_or_functions_do_not_get_it(self, ask, plugin, other):
        plugin.remember(guarded(CACHED, args=(1,)), "good")

        assert await ask(other) is None

    async def test_the_order_of_keywords_does_not_matter(self, ask, plugin):
        plugin.remember(guarded(CACHED, a=1, b=2), "good")

        assert (await ask(guarded(CACHED, b=2, a=1))).value == "good"

    async def test_two_accounts_never_see_each_others_results(self, ask, plugin):
        class Account:
            def balance(self):
                raise NotImplementedError

        mine, yours = Account(), Account()
        plugin.remember(guarded(CACHED, function=mine.balance), "mine")

        assert (await ask(guarded(CACHED, function=mine.balance))).value == "mine"
        assert await ask(guarded(CACHED, function=yours.balance)) is None

    async def test_a_call_with_an_unhashable_argument_is_not_kept(self, ask, plugin):
        call = guarded(CACHED, args=(["BTC/USDT"],))
        plugin.remember(call, "good")

        assert await ask(call) is None

    async def test_only_calls_that_fall_back_on_it_are_kept(self, ask, plugin):
        plugin.remember(guarded(FallbackConfig()), "good")
        plugin.remember(guarded(), "good")

        assert await ask(guarded(CACHED)) is None

    async def test_the_number_kept_is_bounded(self, ask, host):
        plugin = FallbackPlugin(host, FallbackPlugin.Config(max_results=2))
        for number in range(10):
            plugin.remember(guarded(CACHED, args=(number,)), number)

        answers = [await ask(guarded(CACHED, args=(number,)), plugin=plugin) for number in range(10)]
        assert [answer and answer.value for answer in answers] == [None] * 8 + [8, 9]

    async def test_old_results_can_be_ruled_out(self, ask, host):
        plugin = FallbackPlugin(host, FallbackPlugin.Config(max_age=60))
        plugin.remember(guarded(CACHED), "good")

        host.clock.advance(59)
        assert (await ask(guarded(CACHED), plugin=plugin)).value == "good"
        host.clock.advance(1)
        assert await ask(guarded(CACHED), plugin=plugin) is None


async def test_it_is_asked_after_the_plugin_that_repeats_the_call():
    class Repeats:
        serves = (RetryConfig,)

        def placing(self, config):
            return Placing(place=Place.RETRY)

        def policy(self, config, scope):
            return self

        def begin(self, error):
            return None

        @hookimpl(trylast=True)
        def recover(self, context):
            return Recovery.retry() if context.call.attempts < 3 else None

    async def fetch_price():
        calls.append(1)
        raise ConnectionRefusedError

    calls = []
    handler = ErrorHandler(clock=FakeClock(), discover=False, plugins={"fallback": FallbackPlugin, "retry": Repeats})
    policies = RetryConfig(), FallbackConfig(strategy=FallbackStrategy.RETURN_DEFAULT, default_value=7)

    assert await guard(*policies, handler=handler).call(fetch_price) == 7
    assert len(calls) == 3


async def test_it_serves_fallback_policies():
    assert FallbackPlugin.serves == (FallbackConfig,)


@pytest.mark.parametrize("bad", [{"max_results": 0}, {"max_age": 0}])
async def test_impossible_settings_are_refused(bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        FallbackPlugin.Config(**bad)
