"""The plugin: limits by name, changed while they are used, and fed by the venue."""

from __future__ import annotations

import gc

import pytest

from recoup import (
    Config,
    ErrorHandler,
    Guard,
    Operation,
    OperationKind,
    Pipeline,
    Place,
    PolicyMisuse,
    RateLimited,
    Scope,
)
from recoup.testing import FakeClock
from recoup_plugins.rate_limit import Counted, RateLimitConfig, RateLimitPlugin, RateLimitSettings


@pytest.fixture
def plugin(host):
    return RateLimitPlugin(host)


def scope(key: str = "a", **values) -> Scope:
    return Scope(key=key, **values)


class TestConfig:
    @pytest.mark.parametrize(
        ("values", "error", "message"),
        [
            ({"rate": 0}, ValueError, "'rate' must be above 0"),
            ({"rate": "5"}, TypeError, "'rate' must be a number"),
            ({"rate": True}, TypeError, "'rate' must be a number"),
            ({"rate": float("inf")}, ValueError, "'rate' must be finite"),
            ({"rate": 1, "per": 0}, ValueError, "'per' must be above 0"),
            ({"rate": 1, "per": float("nan")}, ValueError, "'per' must be finite"),
            ({"rate": 1, "burst": 0}, ValueError, "'burst' must be 1 or more"),
            ({"rate": 1, "burst": 1.5}, TypeError, "'burst' must be a whole number"),
            ({"rate": 1, "max_wait": -1}, ValueError, "'max_wait' must be 0 or more"),
            ({"rate": 1, "name": ""}, TypeError, "'name' must be a text"),
            ({"rate": 1, "counts": "orders"}, TypeError, "'counts' must be a Counted"),
            ({"rate": 3e6}, ValueError, "above 1,000,000 a second"),
        ],
    )
    def test_refuses_what_makes_no_limit(self, values, error, message):
        with pytest.raises(error, match=message):
            RateLimitConfig(**values)

    def test_the_burst_is_the_rate_by_default(self):
        assert [RateLimitConfig(rate=rate).most_at_once for rate in (10, 2.9, 0.1)] == [10, 2, 1]


class TestLimits:
    def test_has_its_place_within_retry_and_breaker(self, plugin):
        assert plugin.placing(RateLimitConfig(rate=1)).place is Place.RATE_LIMIT

    def test_each_scope_has_its_own(self, plugin):
        config = RateLimitConfig(rate=1)
        plugin.policy(config, scope("a")).acquire()
        plugin.policy(config, scope("b")).acquire()
        with pytest.raises(RateLimited):
            plugin.policy(config, scope("a")).acquire()

    def test_one_name_is_one_limit(self, plugin):
        config = RateLimitConfig(rate=1, name="venue")
        plugin.policy(config, scope("a")).acquire()
        with pytest.raises(RateLimited) as refused:
            plugin.policy(config, scope("b")).acquire()
        assert refused.value.key == "venue"

    def test_the_weight_of_the_scope_counts(self, plugin):
        config = RateLimitConfig(rate=10, name="venue")
        plugin.policy(config, scope(weight=8)).acquire()
        assert plugin.limiter(config).left("venue") == 2
        with pytest.raises(RateLimited):
            plugin.policy(config, scope(weight=3)).acquire()

    def test_a_weight_that_can_never_go_is_a_misuse(self, plugin):
        with pytest.raises(PolicyMisuse, match="a call of weight 20 can never go within a limit of 10 in 1 s"):
            plugin.policy(RateLimitConfig(rate=10), scope(weight=20))

    def test_a_limit_lowered_below_a_weight_refuses_and_does_not_let_go(self, plugin):
        gate = plugin.policy(RateLimitConfig(rate=10, name="venue"), scope(weight=5))
        plugin.limiter(RateLimitConfig(rate=2, name="venue"))
        with pytest.raises(PolicyMisuse, match="weight 5"):
            gate.acquire()

    def test_asking_again_with_other_values_changes_the_limit_and_keeps_what_was_used(self, plugin):
        gate = plugin.policy(RateLimitConfig(rate=5, name="venue"), scope())
        for _ in range(5):
            gate.acquire()
        plugin.policy(RateLimitConfig(rate=8, name="venue"), scope())
        assert [gate.acquire() for _ in range(3)] == [True] * 3
        with pytest.raises(RateLimited):
            gate.acquire()

    def test_a_limit_for_use_inline_needs_a_name(self, plugin):
        with pytest.raises(PolicyMisuse, match="needs a name"):
            plugin.limiter(RateLimitConfig(rate=1))

    def test_a_limiter_limits_keys_inline(self, plugin):
        limiter = plugin.limiter(RateLimitConfig(rate=1, name="symbols"))
        assert [limiter.check(key) for key in ("BTC", "ETH", "BTC")] == [0.0, 0.0, 1.0]

    def test_a_limit_outlives_its_gates(self, plugin):
        plugin.policy(RateLimitConfig(rate=1), scope("a")).acquire()
        gc.collect()
        with pytest.raises(RateLimited):
            plugin.policy(RateLimitConfig(rate=1), scope("a")).acquire()

    def test_there_are_only_so_many_and_recovered_ones_make_room(self, host):
        plugin = RateLimitPlugin(host, RateLimitSettings(max_limits=3))
        gates = [plugin.policy(RateLimitConfig(rate=1), scope(key)) for key in "abc"]
        for gate in gates:
            gate.acquire()
        with pytest.raises(PolicyMisuse, match="no room for the limit 'd'"):
            plugin.policy(RateLimitConfig(rate=1), scope("d"))
        host.clock.advance(1.0)
        plugin.policy(RateLimitConfig(rate=1), scope("d")).acquire()
        gates[0].acquire()
        with pytest.raises(RateLimited):  # it made room, and still is the one and only
            plugin.policy(RateLimitConfig(rate=1), scope("a")).acquire()

    def test_replaces_no_limit_when_a_pipeline_is_compiled_anew(self):
        handler = ErrorHandler(discover=False, plugins={"rate_limit": RateLimitPlugin}, clock=FakeClock())
        pipeline = Pipeline(RateLimitConfig(rate=2), handler=handler)

        @pipeline
        def get_price():
            return 1

        get_price()
        handler.plugins.register(object(), "other")
        get_price()
        with pytest.raises(RateLimited):
            get_price()

    def test_works_in_a_guard_with_weights(self):
        handler = ErrorHandler(discover=False, plugins={"rate_limit": RateLimitPlugin}, clock=FakeClock())
        operation = Operation(kind=OperationKind.READ, weight=4, key="account")

        @Guard(RateLimitConfig(rate=10), handler=handler, operation=operation)
        def get_depth():
            return 1

        assert [get_depth(), get_depth()] == [1, 1]
        with pytest.raises(RateLimited) as refused:
            get_depth()
        assert refused.value.key == "account"
        assert refused.value.retry_after == pytest.approx(0.2)

    def test_nobody_listening_makes_no_event(self, make_host):
        host = make_host(observed=False)
        gate = RateLimitPlugin(host).policy(RateLimitConfig(rate=1), scope())
        gate.acquire()
        with pytest.raises(RateLimited):
            gate.acquire()
        assert host.published == []


class TestFedByTheVenue:
    """The fake clock starts at midnight UTC, so that a minute has just begun."""

    def test_what_was_used_elsewhere_is_off_the_limit(self, plugin, host):
        config = RateLimitConfig(rate=1200, per=60.0, name="binance")
        limiter = plugin.limiter(config)
        assert plugin.observe_headers("binance", {"X-MBX-USED-WEIGHT-1M": "1190"}) == 1
        gate = plugin.policy(config, scope(weight=5))
        assert [gate.acquire(), gate.acquire()] == [True, True]
        host.clock.advance(45.0)
        with pytest.raises(RateLimited) as refused:
            gate.acquire()
        assert refused.value.retry_after == pytest.approx(15.0)
        host.clock.advance(15.0)
        assert limiter.left("binance") == 1200

    def test_the_venue_is_never_asked_beyond_what_it_allows(self, plugin, host):
        """A venue that counts by the minute, with another bot on the same address."""
        config = RateLimitConfig(rate=100, per=60.0, name="venue")
        gate = plugin.policy(config, scope())
        used = minute = 0
        for step in range(4000):
            host.clock.advance(0.125)
            if host.clock.monotonic() // 60 > minute:
                minute, used = host.clock.monotonic() // 60, 0
            if step % 16 == 0:
                used += 1  # the other bot's
                plugin.observe_headers("venue", {"x-mbx-used-weight-1m": str(used)})
            try:
                gate.acquire()
            except RateLimited:
                continue
            used += 1
            assert used <= 100
            plugin.observe_headers("venue", {"x-mbx-used-weight-1m": str(used)})

    def test_only_the_window_and_the_count_that_the_limit_is_of(self, plugin):
        orders = RateLimitConfig(rate=100, per=10.0, name="orders", counts=Counted.ORDERS)
        limiter = plugin.limiter(orders)
        headers = {"X-MBX-USED-WEIGHT-10S": "99", "X-MBX-ORDER-COUNT-10S": "60", "X-MBX-ORDER-COUNT-1D": "100"}
        assert plugin.observe_headers("orders", headers) == 1
        assert limiter.left("orders") == 40

    def test_of_one_key_where_it_is_said(self, plugin):
        limiter = plugin.limiter(RateLimitConfig(rate=10, name="bybit"))
        plugin.observe_headers("bybit", {"X-Bapi-Limit": "10", "X-Bapi-Limit-Status": "2"}, key="account 1")
        assert [limiter.left("account 1"), limiter.left("bybit")] == [2, 10]

    def test_unknown_limits_and_silent_answers_concern_nobody(self, plugin):
        plugin.limiter(RateLimitConfig(rate=10, name="okx"))
        assert plugin.observe_headers("okx", {"Content-Type": "application/json"}) == 0
        assert plugin.observe_headers("nobody", {"X-RateLimit-Remaining": "0"}) == 0

    def test_a_lowered_limit_is_told(self, plugin, host):
        plugin.limiter(RateLimitConfig(rate=10, name="gate"))
        headers = {"X-Gate-RateLimit-Requests-Remain": "4", "X-Gate-RateLimit-Limit": "10"}
        plugin.observe_headers("gate", headers)
        plugin.observe_headers("gate", headers)
        (event,) = host.published
        assert (event.policy, event.key, event.action) == ("rate_limit", "gate", "lowered")
        assert event.detail == "the venue has 4 left, 10 were expected"


class TestConfigured:
    def test_a_pipeline_of_the_configuration_is_limited(self):
        section = {"pipelines": {"venue": [{"rate_limit": {"rate": 2, "per": 60, "counts": "orders"}}]}}
        handler = ErrorHandler(
            Config.from_dict({"error_handling": section}, plugins={"rate_limit": RateLimitPlugin}),
            discover=False,
            plugins={"rate_limit": RateLimitPlugin},
            clock=FakeClock(),
        )
        venue = handler.pipelines["venue"]
        assert [venue.call_sync(int), venue.call_sync(int)] == [0, 0]
        with pytest.raises(RateLimited) as refused:
            venue.call_sync(int)
        assert refused.value.key == "venue"
        assert (
            handler.plugins.get("rate_limit")
            .limiter(RateLimitConfig(rate=2, per=60.0, counts=Counted.ORDERS, name="venue"))
            .left("venue")
            == 0
        )
