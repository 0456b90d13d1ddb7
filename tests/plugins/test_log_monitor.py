"""LogMonitor: one line and its fields for each event, whatever the text in it, and storms in summary."""

from __future__ import annotations

import json
import logging
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from loguru import logger

from recoup import UNCLASSIFIED, Decision, ErrorSeverity
from recoup.events import (
    BreakerEvent,
    ConnectionEvent,
    ErrorEvent,
    EscalationEvent,
    PluginEvent,
    RecoveryEvent,
    Sanitized,
    StateEvent,
    SuppressionEvent,
)
from recoup.testing import FakeClock
from recoup_plugins.log_monitor import LogMonitor, LogMonitorConfig

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from loguru import Message, Record

    from recoup.host import Host


class Sink:
    def __init__(self) -> None:
        self.records: list[Record] = []
        self.output = ""

    def __call__(self, message: Message) -> None:
        self.records.append(message.record)
        self.output += message

    @property
    def lines(self) -> list[str]:
        return [record["message"] for record in self.records]

    @property
    def levels(self) -> list[str]:
        return [record["level"].name for record in self.records]


@pytest.fixture
def sink() -> Iterator[Sink]:
    sink = Sink()
    handler = logger.add(sink, format="{level}|{message}", level=0, catch=False)
    yield sink
    logger.remove(handler)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def build(make_host: Callable[..., Host], clock: FakeClock) -> Callable[..., LogMonitor]:
    def build(**settings: Any) -> LogMonitor:
        return LogMonitor(LogMonitorConfig(**settings), make_host(clock=clock))

    return build


def error(severity: ErrorSeverity = ErrorSeverity.MEDIUM, *, known: bool = False, **text: Any) -> ErrorEvent:
    import attrs

    payload: dict[str, Any] = {
        "component": "exchange",
        "venue": "exchange",
        "operation": "create_order",
        "error_type": "NetworkError",
        "message": "connection reset",
        "user_id": None,
        "bot_id": None,
        "symbol": "BTC/USDT",
        "order_id": None,
        "details": {},
        "stack_trace": None,
    }
    classification = attrs.evolve(UNCLASSIFIED, severity=severity, outcome_known=known)
    return ErrorEvent(
        Sanitized(payload | text, mint=Sanitized._mint),
        classification,
        error_id="e-1",
        timestamp=FakeClock().now(),
    )


def recovery(decision: Decision = Decision.RETRY) -> RecoveryEvent:
    return RecoveryEvent(
        error_id="e-1", component="exchange", operation="create_order", decision=decision, plugin="retry", delay=0.5
    )


def test_an_error_is_one_line_with_its_fields(build: Callable[..., LogMonitor], sink: Sink) -> None:
    build().monitor(error(details={"attempt": 3}))
    assert sink.lines == [
        "error exchange.create_order: NetworkError: connection reset (medium, unknown, other, outcome unknown, e-1)"
    ]
    assert sink.records[0]["extra"] == {
        "event": "error",
        "error_id": "e-1",
        "severity": "medium",
        "category": "unknown",
        "reason": "other",
        "retryable": False,
        "outcome_known": False,
        "component": "exchange",
        "venue": "exchange",
        "operation": "create_order",
        "error_type": "NetworkError",
        "recovery_attempts": 0,
        "symbol": "BTC/USDT",
        "details": {"attempt": 3},
    }
    assert sink.records[0]["name"] == "recoup_plugins.log_monitor"


def test_every_identifier_that_is_known_is_a_field(build: Callable[..., LogMonitor], sink: Sink) -> None:
    build().monitor(error(user_id="u-1", bot_id="b-1", symbol=None, order_id="o-1", known=True))
    extra = sink.records[0]["extra"]
    assert {name: extra.get(name) for name in ("user_id", "bot_id", "symbol", "order_id")} == {
        "user_id": "u-1",
        "bot_id": "b-1",
        "symbol": None,
        "order_id": "o-1",
    }
    assert "outcome unknown" not in sink.lines[0]


def escalation(severity: ErrorSeverity, *notify: str) -> EscalationEvent:
    return EscalationEvent(
        error_id="e", severity=severity, notify=notify, component="c", operation="o", reason="it is bad"
    )


@pytest.mark.parametrize(
    ("event", "level"),
    [
        (error(ErrorSeverity.CRITICAL), "CRITICAL"),
        (error(ErrorSeverity.HIGH), "ERROR"),
        (error(ErrorSeverity.MEDIUM), "WARNING"),
        (error(ErrorSeverity.LOW), "INFO"),
        (recovery(Decision.RETRY), "INFO"),
        (recovery(Decision.RECOVERED), "INFO"),
        (recovery(Decision.RAISE), "WARNING"),
        (recovery(Decision.UNKNOWN), "WARNING"),
        (BreakerEvent(key="k", old="closed", new="open"), "WARNING"),
        (BreakerEvent(key="k", old="open", new="half_open"), "INFO"),
        (ConnectionEvent(connection_id="ws", state="connected"), "INFO"),
        (ConnectionEvent(connection_id="ws", state="failed"), "ERROR"),
        (StateEvent(subject="venue:x", old="up", new="maintenance"), "INFO"),
        (PluginEvent(plugin="p", hook="recover", fault="raised"), "ERROR"),
        (PluginEvent(plugin="p", fault="started"), "DEBUG"),
        (escalation(ErrorSeverity.CRITICAL), "CRITICAL"),
        (escalation(ErrorSeverity.HIGH), "ERROR"),
        (SuppressionEvent(component="c", operation="o", count=1), "WARNING"),
    ],
)
def test_each_event_is_one_line_at_its_level(
    build: Callable[..., LogMonitor], sink: Sink, event: Any, level: str
) -> None:
    build().monitor(event)
    assert sink.levels == [level]
    assert sink.records[0]["extra"]["event"] == event.kind
    assert sink.output.count("\n") == 1


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (
            recovery(),
            (
                "recovery error_id=e-1 component=exchange operation=create_order decision=retry plugin=retry "
                "attempts=0 delay=0.5 verified=False elapsed=0.0"
            ),
        ),
        (BreakerEvent(key="k", old="closed", new="open", failures=5), "breaker key=k old=closed new=open failures=5"),
        (
            ConnectionEvent(connection_id="ws", state="failed", detail='said "no" = no'),
            r'connection connection_id=ws state=failed detail="said \"no\" = no"',
        ),
        (
            escalation(ErrorSeverity.CRITICAL, "discord", "email"),
            (
                "escalation error_id=e severity=critical notify=discord,email component=c operation=o "
                'reason="it is bad" count=1'
            ),
        ),
        (
            SuppressionEvent(component="c", operation="o", count=4812, reason="limit"),
            "4,812 like this suppressed: c.o (limit)",
        ),
    ],
)
def test_the_line_of_an_event(build: Callable[..., LogMonitor], sink: Sink, event: Any, line: str) -> None:
    build().monitor(event)
    assert sink.lines == [line]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # the fixture only builds hosts
@given(text=st.text(max_size=60))
def test_no_text_forges_a_line_or_is_taken_for_a_format(make_host: Any, text: str) -> None:
    sink = Sink()
    handler = logger.add(sink, format="{message}", level=0, catch=False)
    try:
        monitor = LogMonitor(LogMonitorConfig(), make_host())
        monitor.monitor(error(message=text, component=text, error_type=text, order_id=text, details={text: text}))
        monitor.monitor(StateEvent(subject=text, old="a", new="b", detail=text))
    finally:
        logger.remove(handler)
    assert len(sink.records) == 2
    assert len(sink.output.splitlines()) == 2
    fields = sink.records[0]["extra"]
    assert all(str(value).isprintable() for value in fields.values())


@pytest.mark.parametrize("text", ["{", "}", "{}", "{0}", "{message}", "{event.__class__}", "%s %d", "<red>x</red>"])
def test_a_format_in_a_message_stays_text(build: Callable[..., LogMonitor], sink: Sink, text: str) -> None:
    build().monitor(error(message=text))
    assert f"NetworkError: {text} (medium" in sink.lines[0]


def test_newlines_and_other_controls_are_escaped(build: Callable[..., LogMonitor], sink: Sink) -> None:
    build().monitor(error(message="a\nERROR|forged\r\x1b[31m\u2028\x85\u202eb\ud800"))
    assert r"a\nERROR|forged\r\x1b[31m\u2028\x85\u202eb\ud800" in sink.lines[0]


def test_long_text_is_cut_and_says_so(build: Callable[..., LogMonitor], sink: Sink) -> None:
    build().monitor(error(message="x" * 1_000_000, order_id="y" * 5000))
    assert len(sink.lines[0]) < 2_200
    assert "characters cut)" in sink.lines[0]
    assert sink.records[0]["extra"]["order_id"].endswith("... (3,000 characters cut)")


def test_details_are_bounded_in_number_depth_and_length(build: Callable[..., LogMonitor], sink: Sink) -> None:
    deep: list[Any] = []
    for _ in range(50):
        deep = [deep] * 50
    details: dict[str, Any] = {"deep": deep, "big": 1 << 100_000, "long": "z" * 9999, "none": None, "rate": 1.5}
    build().monitor(error(details=details | {f"k{number}": number for number in range(100)}))
    kept = sink.records[0]["extra"]["details"]
    assert len(kept) == 33
    assert kept["..."] == "73 more"
    assert (kept["none"], kept["rate"]) == (None, 1.5)
    assert kept["big"] == "(an integer of 100,001 bits)"
    assert len(json.dumps(kept)) < 10_000


def test_a_stack_trace_follows_indented_only_where_it_is_wanted(build: Callable[..., LogMonitor], sink: Sink) -> None:
    event = error(stack_trace="Traceback:\n  File x\r\nNetworkError")
    build().monitor(event)
    build(stack_traces=True).monitor(event)
    build(stack_traces=True).monitor(error())
    assert "Traceback" not in sink.lines[0]
    assert sink.lines[1] == sink.lines[0] + "\n    | Traceback:\n    |   File x\\r\n    | NetworkError"
    assert sink.lines[2] == sink.lines[0]


def test_a_long_stack_trace_keeps_its_end(build: Callable[..., LogMonitor], sink: Sink) -> None:
    build(stack_traces=True).monitor(error(stack_trace="\n".join(f"frame {number}" for number in range(100))))
    shown = sink.lines[0].split("\n")[1:]
    assert (shown[0], shown[1], shown[-1]) == ("    | (36 earlier lines cut)", "    | frame 36", "    | frame 99")


def test_levels_may_be_overridden_for_a_kind_and_for_a_detail(build: Callable[..., LogMonitor], sink: Sink) -> None:
    monitor = build(levels={"breaker": "TRACE", "error": "DEBUG", "error.low": "SUCCESS"})
    monitor.monitor(BreakerEvent(key="k", old="closed", new="open"))
    monitor.monitor(error(ErrorSeverity.CRITICAL))
    monitor.monitor(error(ErrorSeverity.LOW))
    monitor.monitor(recovery())
    assert sink.levels == ["TRACE", "DEBUG", "SUCCESS", "INFO"]


@pytest.mark.parametrize(
    ("levels", "message"),
    [
        ({"eror": "INFO"}, "'eror' is no kind of event"),
        ({"state.up": "INFO"}, "'state.up' is no kind"),
        ({"error.": "INFO"}, "'error.' is no kind"),
        ({"error.low": "LOUD"}, "log_monitor.levels.error.low: loguru has no level 'LOUD'"),
    ],
)
def test_a_wrong_override_is_named(build: Callable[..., LogMonitor], levels: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build(levels=levels)


def test_it_obeys_disable_and_enable(build: Callable[..., LogMonitor], sink: Sink) -> None:
    monitor = build()
    logger.disable("recoup_plugins")
    try:
        monitor.monitor(error())
        assert sink.lines == []
    finally:
        logger.enable("recoup_plugins")
    monitor.monitor(error())
    assert len(sink.lines) == 1


def test_no_line_is_made_where_nobody_listens(
    build: Callable[..., LogMonitor], monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[object] = []
    monkeypatch.setattr("recoup_plugins.log_monitor._error_line", made.append)
    logger.disable("recoup_plugins")
    try:
        build().monitor(error())
    finally:
        logger.enable("recoup_plugins")
    assert made == []


def test_the_applications_patcher_sees_line_and_fields(build: Callable[..., LogMonitor], sink: Sink) -> None:
    seen: list[tuple[str, str]] = []
    logger.configure(patcher=lambda record: seen.append((record["message"][:5], record["extra"]["component"])))
    try:
        build().monitor(error())
    finally:
        logger.configure(patcher=lambda record: None)
    assert seen == [("error", "exchange")]


def test_the_documented_bridge_leads_to_standard_logging(
    build: Callable[..., LogMonitor], caplog: pytest.LogCaptureFixture
) -> None:
    class ToLogging(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            logging.getLogger(record.name).handle(record)

    handler = logger.add(ToLogging(), format="{message}", filter="recoup_plugins")
    try:
        build().monitor(error(message="100 %s"))
    finally:
        logger.remove(handler)
    (record,) = caplog.records
    assert (record.name, record.levelname) == ("recoup_plugins.log_monitor", "WARNING")
    assert "NetworkError: 100 %s (medium" in record.getMessage()
    assert record.extra["symbol"] == "BTC/USDT"  # type: ignore[attr-defined]  # loguru adds it


def test_a_storm_is_summarised_when_its_minute_is_over(
    build: Callable[..., LogMonitor], sink: Sink, clock: FakeClock
) -> None:
    monitor = build()
    for _ in range(4872):
        monitor.monitor(error())
    assert len(sink.lines) == 60
    clock.advance(59.9)
    monitor.monitor(error(error_type="Other"))
    assert len(sink.lines) == 61
    clock.advance(0.1)
    monitor.monitor(error())
    assert sink.lines[61] == (
        "4,812 like this suppressed: exchange.create_order (error NetworkError, 60 lines a minute)"
    )
    assert sink.records[61]["extra"]["count"] == 4812
    assert sink.levels[61] == "WARNING"
    assert sink.lines[62].startswith("error exchange.create_order: NetworkError")


def test_another_error_after_the_storm_brings_its_summary(
    build: Callable[..., LogMonitor], sink: Sink, clock: FakeClock
) -> None:
    monitor = build(identical_per_minute=2)
    for _ in range(5):
        monitor.monitor(error())
    clock.advance(60.0)
    monitor.monitor(error(component="database"))
    assert sink.lines[2].startswith("3 like this suppressed")


def test_stopping_brings_every_summary_once(build: Callable[..., LogMonitor], sink: Sink) -> None:
    monitor = build(identical_per_minute=1)
    for _ in range(3):
        monitor.monitor(error())
        monitor.monitor(recovery())
        monitor.monitor(recovery(Decision.UNKNOWN))
    monitor.stop()
    monitor.stop()
    assert sink.lines[3:] == [
        "2 like this suppressed: exchange.create_order (error NetworkError, 1 lines a minute)",
        "2 like this suppressed: exchange.create_order (recovery retry, 1 lines a minute)",
        "2 like this suppressed: exchange.create_order (recovery unknown, 1 lines a minute)",
    ]


def test_differing_errors_and_other_events_are_no_storm(build: Callable[..., LogMonitor], sink: Sink) -> None:
    monitor = build(identical_per_minute=1)
    for number in range(5):
        monitor.monitor(error(error_type=f"Error{number}"))
        monitor.monitor(StateEvent(subject="s", old="a", new="b"))
    assert len(sink.lines) == 10


def test_endless_kinds_of_errors_share_one_count_and_none_is_lost(build: Callable[..., LogMonitor], sink: Sink) -> None:
    monitor = build(identical_per_minute=2)
    for number in range(1500):
        monitor.monitor(error(error_type=f"E{number}"))
    monitor.stop()
    assert len(sink.lines) == 1024 + 2 + 1
    assert sink.lines[-1] == "474 like this suppressed: (others).(others) (error (others), 2 lines a minute)"


@pytest.fixture
def often_switching() -> Iterator[None]:
    """Threads change as often as they can, so that a missing lock shows."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("often_switching")
def test_eight_threads_lose_no_error_while_windows_open_and_close(
    build: Callable[..., LogMonitor], sink: Sink, clock: FakeClock
) -> None:
    monitor = build(identical_per_minute=2)
    events = [error(error_type=f"Error{number}") for number in range(4)]
    start = threading.Barrier(8)
    failures: list[BaseException] = []

    def work() -> None:
        start.wait()
        try:
            for number in range(1000):
                monitor.monitor(events[number % 4])
                clock.advance(1.0)
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    monitor.stop()
    assert failures == []
    written = sum(record["extra"]["event"] == "error" for record in sink.records)
    suppressed = sum(record["extra"].get("count", 0) for record in sink.records)
    assert written + suppressed == 8000
    assert suppressed > 0


def test_its_section_is_read_from_plain_data() -> None:
    from recoup.config.structure import structure

    section = {"levels": {"error.low": "DEBUG"}, "stack_traces": True, "identical_per_minute": 5}
    assert structure(section, LogMonitorConfig) == LogMonitorConfig(
        levels={"error.low": "DEBUG"}, stack_traces=True, identical_per_minute=5
    )
