"""How long a gate stays closed, and how it opens."""

import itertools
import threading

import pytest
from attrs import evolve

from recoup import (
    Call,
    Classification,
    Decision,
    ErrorCategory,
    ErrorSeverity,
    FailureReason,
    FallbackConfig,
    Operation,
    OperationKind,
    StateEvent,
)
from recoup_plugins.api_rate_limit import ApiRateLimit, ApiRateLimitConfig

KEY = "venue:main"
READ = Operation(kind=OperationKind.READ, key=KEY)
SUBMIT = Operation(kind=OperationKind.SUBMIT, key=KEY)
CANCEL = Operation(kind=OperationKind.CANCEL, key=KEY)


@pytest.fixture
def make_plugin(host):
    return lambda **config: ApiRateLimit(ApiRateLimitConfig(**config), host)


@pytest.fixture
def refused(host, make_context):
    def make(
        retry_after=None,
        *,
        banned=False,
        outcome_known=True,
        operation=SUBMIT,
        policies=(),
        guarded=True,
        component="x",
    ):
        classification = Classification(
            severity=ErrorSeverity.LOW,
            category=ErrorCategory.EXCHANGE,
            retryable=True,
            outcome_known=outcome_known,
            retry_after=retry_after,
            reason=FailureReason.BANNED if banned else FailureReason.RATE_LIMITED,
        )
        call = Call(operation=operation, policies=policies, started=host.clock.monotonic()) if guarded else None
        return make_context(RuntimeError("429"), call=call, classification=classification, component=component)

    return make


def recover(plugin, context):
    return plugin.recover(context.error, context)


def states(host):
    return [(event.subject, event.old, event.new) for event in host.published if isinstance(event, StateEvent)]


class TestRecovery:
    def test_waits_for_the_time_the_venue_names_plus_a_margin(self, make_plugin, refused):
        answer = recover(make_plugin(), refused(10.0))
        assert (answer.decision, answer.delay) == (Decision.RETRY, 10.25)
        assert not answer.verified

    def test_other_errors_are_not_its_business(self, host, make_plugin, refused):
        context = refused()
        context.classification = evolve(context.classification, reason=FailureReason.TIMEOUT)
        plugin = make_plugin()
        assert recover(plugin, context) is None
        assert plugin.delay(READ, "x") == 0.0

    def test_a_side_effect_with_unknown_outcome_is_not_repeated_but_closes_the_gate(self, make_plugin, refused):
        plugin = make_plugin()
        assert recover(plugin, refused(10.0, outcome_known=False)) is None
        assert plugin.delay(READ, "x") == 10.25

    def test_a_read_with_unknown_outcome_is_repeated(self, make_plugin, refused):
        assert recover(make_plugin(), refused(1.0, outcome_known=False, operation=READ)).decision is Decision.RETRY

    def test_an_error_that_the_application_handles_closes_the_gate_of_its_component(self, make_plugin, refused):
        plugin = make_plugin()
        assert recover(plugin, refused(10.0, guarded=False, component="feed")).delay == 10.25
        assert plugin.delay(Operation(), "feed") > 10.0
        assert plugin.delay(Operation(), "orders") == 0.0

    def test_a_wait_past_the_deadline_is_final(self, make_plugin, refused):
        answer = recover(make_plugin(), refused(10.0, operation=evolve(SUBMIT, deadline=5.0)))
        assert answer.decision is Decision.RAISE
        assert "deadline" in answer.detail

    def test_a_wait_longer_than_max_wait_is_final(self, make_plugin, refused):
        answer = recover(make_plugin(max_wait=60.0), refused(61.0))
        assert answer.decision is Decision.RAISE
        assert "60.00 s at most" in answer.detail

    def test_a_fallback_has_its_turn_where_the_wait_is_too_long(self, make_plugin, refused):
        context = refused(61.0, policies=(FallbackConfig(),))
        assert recover(make_plugin(max_wait=60.0), context) is None
        assert not context.call.may_repeat


class TestWithoutHeader:
    def test_the_wait_doubles_with_each_refusal_up_to_its_cap(self, host, make_plugin, refused):
        plugin, waits = make_plugin(margin=0.0, max_delay=8.0), []
        for _ in range(6):
            waits.append(recover(plugin, refused()).delay)
            host.clock.advance(waits[-1])
        assert waits == [1.0, 2.0, 4.0, 8.0, 8.0, 8.0]

    def test_quiet_brings_it_back(self, host, make_plugin, refused):
        plugin = make_plugin(margin=0.0)
        for _ in range(3):
            host.clock.advance(recover(plugin, refused()).delay)
        host.clock.advance(60.0)
        assert recover(plugin, refused()).delay == 1.0

    def test_refusals_of_calls_under_way_count_once(self, host, make_plugin, refused):
        plugin = make_plugin(margin=0.0)
        for _ in range(50):
            recover(plugin, refused())
        assert plugin.delay(CANCEL, "x") == 1.0
        host.clock.advance(1.0)
        assert recover(plugin, refused()).delay == 2.0

    def test_a_longer_wait_named_later_extends_the_silence_and_a_shorter_one_does_not(self, make_plugin, refused):
        plugin = make_plugin(margin=0.0)
        recover(plugin, refused(10.0))
        recover(plugin, refused(30.0))
        recover(plugin, refused(5.0))
        assert plugin.delay(CANCEL, "x") == 30.0

    def test_a_header_of_zero_counts_as_none(self, make_plugin, refused):
        assert recover(make_plugin(margin=0.0), refused(0)).delay == 1.0


class TestBans:
    def test_silence_for_the_whole_ban(self, host, make_plugin, refused):
        plugin = make_plugin(margin=0.0)
        recover(plugin, refused(300.0, banned=True))
        host.clock.advance(299.0)
        assert plugin.delay(CANCEL, "x") == 1.0
        host.clock.advance(1.0)
        assert plugin.delay(CANCEL, "x") == 0.0

    def test_bans_of_unknown_length_double_up_to_three_days(self, host, make_plugin, refused):
        plugin, waits = make_plugin(margin=0.0, max_wait=1e6), []
        for _ in range(14):
            waits.append(recover(plugin, refused(banned=True)).delay)
            host.clock.advance(waits[-1])
        assert waits[:4] == [120.0, 240.0, 480.0, 960.0]
        assert waits[-1] == 259_200.0

    def test_a_day_without_a_ban_forgives(self, host, make_plugin, refused):
        plugin = make_plugin(margin=0.0)
        host.clock.advance(recover(plugin, refused(banned=True)).delay + 86_400.0)
        assert recover(plugin, refused(banned=True)).delay == 120.0

    def test_a_limit_that_turns_into_a_ban(self, host, make_plugin, refused):
        plugin = make_plugin(margin=0.0)
        recover(plugin, refused(1.0))
        assert recover(plugin, refused(banned=True)).delay == 120.0
        recover(plugin, refused(1.0))
        assert plugin.delay(CANCEL, "x") == 120.0
        assert [new for _, _, new in states(host)] == ["limited", "banned"]

    def test_an_endless_wait_is_cut(self, make_plugin, refused):
        plugin = make_plugin(margin=0.0)
        assert recover(plugin, refused(float("inf"), banned=True)).decision is Decision.RAISE
        assert plugin.delay(CANCEL, "x") == 259_200.0


class TestRelease:
    def test_held_calls_go_one_at_a_time(self, host, make_plugin, refused):
        plugin = make_plugin(margin=0.0)
        recover(plugin, refused(10.0))
        wake = [plugin.delay(SUBMIT, "x") for _ in range(50)]
        assert len({round(at, 6) for at in wake}) == 50
        went = run_to_end(host.clock, plugin, wake)
        assert min(later - earlier for earlier, later in itertools.pairwise(went)) >= 0.05 - 1e-6
        assert went[-1] <= 10.0 + 51 * 0.05

    def test_calls_refused_together_are_spaced_as_well(self, make_plugin, refused):
        plugin = make_plugin(margin=0.0)
        waits = [recover(plugin, refused(10.0)).delay for _ in range(20)]
        assert waits == pytest.approx([10.0 + 0.05 * number for number in range(20)])

    def test_late_timers_do_not_starve_those_behind(self, host, make_plugin, refused):
        plugin = make_plugin(margin=0.0)
        recover(plugin, refused(10.0))
        wake = [plugin.delay(SUBMIT, "x") + 0.002 * (number % 2) for number in range(30)]
        assert run_to_end(host.clock, plugin, wake)[-1] <= max(wake) + 1e-9

    def test_cancels_go_first(self, host, make_plugin, refused):
        plugin = make_plugin(margin=0.0)
        recover(plugin, refused(10.0))
        submits = [plugin.delay(SUBMIT, "x") for _ in range(10)]
        assert plugin.delay(CANCEL, "x") == 10.0 < min(submits)

    def test_free_flow_once_the_backlog_has_passed(self, host, make_plugin, refused):
        plugin = make_plugin(margin=0.0, slowdown=0.0)
        recover(plugin, refused(10.0))
        for _ in range(10):
            plugin.delay(SUBMIT, "x")
        host.clock.advance(10.0 + 11 * 0.05 + 1e-6)
        assert [plugin.delay(SUBMIT, "x") for _ in range(100)] == [0.0] * 100

    def test_a_steady_flow_of_new_calls_does_not_prolong_the_release(self, host, make_plugin, refused):
        plugin = make_plugin(margin=0.0, slowdown=0.0)
        recover(plugin, refused(10.0))
        host.clock.advance(10.0)
        for _ in range(10):
            plugin.delay(SUBMIT, "x")
            host.clock.advance(0.01)
        assert [plugin.delay(SUBMIT, "x") for _ in range(10)] == [0.0] * 10

    @pytest.mark.parametrize(("refusals", "interval"), [(1, 0.1), (2, 0.2), (3, 0.4), (4, 0.5), (9, 0.5)])
    def test_after_it_calls_are_slower_for_a_while(self, host, make_plugin, refused, refusals, interval):
        plugin = make_plugin(margin=0.0, base_delay=1.0, max_delay=1.0)
        for _ in range(refusals):
            recover(plugin, refused())
            host.clock.advance(1.0)
            assert plugin.delay(SUBMIT, "x") == 0.0
        host.clock.advance(interval)
        assert plugin.delay(READ, "x") == 0.0
        waits = [plugin.delay(READ, "x") for _ in range(3)]
        assert waits == pytest.approx([interval, 2 * interval, 3 * interval])
        assert plugin.delay(SUBMIT, "x") == pytest.approx(interval)  # it does not line up behind reads
        assert plugin.delay(CANCEL, "x") == plugin.delay(evolve(SUBMIT, reduces_risk=True), "x") == 0.0
        assert plugin.holds == {KEY}

    def test_quiet_lets_them_flow_freely_again(self, host, make_plugin, refused):
        plugin = make_plugin(margin=0.0)
        recover(plugin, refused(10.0))
        host.clock.advance(11.0)
        intervals = []
        for _ in range(6):
            plugin.delay(SUBMIT, "x")
            intervals.append(round(plugin.delay(SUBMIT, "x"), 6))
            host.clock.advance(30.0)
        assert intervals == [0.1, 0.05, 0.025, 0.0125, 0.0, 0.0]
        assert plugin.holds == set()

    def test_closing_and_opening_are_events(self, host, make_plugin, refused):
        plugin = make_plugin(margin=0.0)
        recover(plugin, refused(10.0))
        plugin.delay(SUBMIT, "x")
        host.clock.advance(10.0)
        plugin.delay(SUBMIT, "x")
        subject = "rate_limit:venue:main"
        assert states(host) == [(subject, "open", "limited"), (subject, "limited", "open")]

    def test_a_refusal_long_after_says_that_the_gate_was_open_in_between(self, host, make_plugin, refused):
        plugin = make_plugin(margin=0.0)
        recover(plugin, refused(banned=True))
        host.clock.advance(500.0)
        recover(plugin, refused(1.0))
        assert [new for _, _, new in states(host)] == ["banned", "open", "limited"]


def run_to_end(clock, plugin, wake):
    """Let each sleeper ask again whenever its time has come; return when each one went."""
    start, went, wake = clock.monotonic(), [], sorted(start_at for start_at in wake)
    while wake:
        at = wake.pop(0)
        clock.advance(max(0.0, start + at - clock.monotonic()))
        delay = plugin.delay(SUBMIT, "x")
        if delay == 0.0:
            went.append(clock.monotonic())
        else:
            wake = sorted([*wake, clock.monotonic() - start + delay])
    return went


def test_gates_are_bounded_and_the_longest_silence_is_kept(make_plugin, refused):
    plugin = make_plugin(max_gates=10)
    recover(plugin, refused(1000.0, banned=True, component="banned", operation=Operation()))
    for number in range(100):
        recover(plugin, refused(float(number % 7 + 1), component=f"c{number}", operation=Operation()))
    assert len(plugin._gates) == 10
    assert plugin.delay(Operation(), "banned") > 1000.0


def test_threads_share_one_gate_and_never_get_the_same_turn(make_host, make_plugin, refused):
    plugin, turns, start = make_plugin(margin=0.0), [], threading.Barrier(8)
    recover(plugin, refused(10.0))

    def ask():
        start.wait()
        turns.extend(plugin.delay(SUBMIT, "x") for _ in range(200))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({round(turn, 4) for turn in turns}) == 1600


def test_threads_of_refusals_count_one_strike(make_plugin, refused, host):
    plugin, start = make_plugin(margin=0.0), threading.Barrier(8)
    contexts = [refused() for _ in range(8)]

    def fail(context):
        start.wait()
        recover(plugin, context)

    threads = [threading.Thread(target=fail, args=(context,)) for context in contexts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert plugin.delay(CANCEL, "x") == 1.0
    assert len(states(host)) == 1
