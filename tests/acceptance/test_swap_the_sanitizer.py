"""Another sanitizer takes the built-in one's place by configuration alone, through a whole handler."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

import pytest
from loguru import logger

from recoup import Config, ErrorContext, ErrorHandler, ErrorSeverity, hookimpl
from recoup_plugins.passthrough_sanitizer import STATEMENT, VARIABLE, PassthroughSanitizer
from recoup_plugins.security_sanitizer import SecuritySanitizerPlugin
from recoup_plugins.strict_sanitizer import StrictSanitizer

SECRETS = ("vmPUZE6mv9SD5VNH", "no pattern knows this one", "4929-desk")
SANITIZERS = {
    "security_sanitizer": SecuritySanitizerPlugin,
    "strict_sanitizer": StrictSanitizer,
    "passthrough_sanitizer": PassthroughSanitizer,
}


class Watcher:
    """Keeps every event as a monitor sees it."""

    def __init__(self):
        self.events = []

    @hookimpl
    def monitor(self, event):
        self.events.append(event)


def at_work(**chosen):
    """A handler with the sanitizers that are chosen, each with its section."""
    plugins = {name: {"enabled": name in chosen, "config": chosen.get(name, {})} for name in SANITIZERS}
    watcher = Watcher()
    config = Config.from_dict({"error_handling": {"plugins": plugins}}, plugins=SANITIZERS)
    handler = ErrorHandler(config, plugins=SANITIZERS)
    handler.plugins.register(watcher, "watcher")
    return handler, watcher


def error_context():
    return ErrorContext(
        error_id="e-1",
        timestamp=datetime(2026, 1, 1, tzinfo=UTC),
        severity=ErrorSeverity.HIGH,
        component="exchange",
        operation="create_order",
        error=ValueError(f"venue said {SECRETS[1]}"),
        symbol="BTC/USDT",
        details={"api_key": SECRETS[0], "desk": SECRETS[2], "status_code": 503, "attempt": 2},
    )


async def handled(handler, watcher):
    context = error_context()
    await handler.handle_error(context.error, context)
    (event,) = [item for item in watcher.events if item.kind == "error"]
    return event


@pytest.mark.anyio
async def test_with_the_strict_one_an_event_is_still_of_use_and_holds_nothing_that_is_not_listed():
    handler, watcher = at_work(strict_sanitizer={})
    event = await handled(handler, watcher)
    assert (event.component, event.operation, event.error_type) == ("exchange", "create_order", "ValueError")
    assert event.symbol == "BTC/USDT"
    assert event.message == "[TEXT]"
    assert event.details == {"[FIELD 1]": "[TEXT]", "[FIELD 2]": "[TEXT]", "status_code": 503, "attempt": 2}
    for seen in watcher.events:
        assert [secret for secret in SECRETS if secret in repr(seen)] == []
        assert getattr(seen, "component", "exchange") == "exchange"


@pytest.mark.anyio
async def test_with_the_strict_one_nothing_reaches_the_log_either():
    lines = []
    sink = logger.add(lines.append, level=logging.DEBUG, format="{message} {extra}")
    try:
        await handled(*at_work(strict_sanitizer={}))
    finally:
        logger.remove(sink)
    assert lines
    assert [secret for secret in SECRETS if secret in "".join(lines)] == []


@pytest.mark.anyio
async def test_the_built_in_one_lets_through_what_it_cannot_know_where_the_strict_one_does_not():
    event = await handled(*at_work(security_sanitizer={"secrets_from_environment": False}))
    assert event.message == f"venue said {SECRETS[1]}"
    assert event.details["api_key"] == "[API_KEY]"


@pytest.mark.anyio
async def test_with_the_passthrough_one_told_twice_everything_is_seen(monkeypatch):
    monkeypatch.setenv(VARIABLE, "1")
    event = await handled(*at_work(passthrough_sanitizer={"i_understand": STATEMENT}))
    assert event.details["api_key"] == SECRETS[0]


@pytest.mark.anyio
async def test_with_the_passthrough_one_told_once_nothing_is_seen(monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    event = await handled(*at_work(passthrough_sanitizer={"i_understand": STATEMENT}))
    assert (event.component, event.message, event.details) == ("[WITHHELD]", "[WITHHELD]", {"details": "[WITHHELD]"})
