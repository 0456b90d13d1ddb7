"""An application at an unreliable venue: what it does, what it is told, and what of that survives its process."""

from __future__ import annotations

from datetime import UTC, datetime

import anyio
from attrs import define, field
from chaos_venue import CANCELS, LOOKUPS, SENDS, Venue, VenueError, VirtualClock
from hypothesis import strategies as st

from recoup import (
    Classification,
    Decision,
    ErrorCategory,
    ErrorHandler,
    ErrorSeverity,
    EscalationEvent,
    Exposure,
    FailureReason,
    FallbackConfig,
    FallbackStrategy,
    Intent,
    IntentState,
    Operation,
    OperationKind,
    Recovery,
    Refused,
    RetryConfig,
    VenuePorts,
    guard,
    hookimpl,
    outcome_of,
)
from recoup.config.models import Config, ErrorHandlingConfig, PluginSettings
from recoup_plugins.api_rate_limit import ApiRateLimit
from recoup_plugins.fallback import FallbackPlugin
from recoup_plugins.order_submission import OrderSubmission
from recoup_plugins.order_submission.intents import SendState
from recoup_plugins.retry import RetryPlugin

KEY = "venue:main"
IDS = ("bot-1", "bot-2")
STAND_IN = {"stand-in": True}
CLIENT_TIMEOUT = 5.0
MOST_REQUESTS = 4_000
CONFIG = Config(
    error_handling=ErrorHandlingConfig(
        plugins={"order_submission": PluginSettings(config={"verify_timeout": 120.0, "background_for": 600.0})}
    )
)


class Classifier:
    """Tells what the venue's errors are, and collects what a human is told."""

    def __init__(self):
        self.pages = []

    @hookimpl
    def classify(self, error):
        known, reason = getattr(error, "known", False), getattr(error, "reason", FailureReason.TIMEOUT)
        return Classification(
            severity=ErrorSeverity.LOW,
            category=ErrorCategory.EXCHANGE,
            retryable=True,
            outcome_known=known,
            reason=reason,
            retry_after=1.0 if reason is FailureReason.RATE_LIMITED else None,
        )

    @hookimpl
    def sanitize(self, payload):
        return payload

    @hookimpl
    def monitor(self, event):
        if isinstance(event, EscalationEvent):
            self.pages.append(event)


class Journal:
    """Keeps intents beyond the process; what a dead process writes is not written.

    What this process itself has sent it leaves to the plugin under test to remember.
    """

    def __init__(self, world):
        self.world = world
        self.is_dead = False
        self.under_way = {}
        self.own = set()
        self.left = [intent for intent, state in world.journal.values() if not state.is_resolved]

    def _write(self, intent, state):
        if not self.is_dead:
            self.world.journal[intent.id] = intent, state
            self.world.tell(intent.client_order_id, state)

    def admit(self, call, component):
        intent = Intent.of(call, component, datetime(2026, 1, 1, tzinfo=UTC))
        known = self.world.journal.get(intent.id)
        if known is not None and known[1] is IntentState.ACCEPTED and intent.id not in self.own:
            return Recovery.unknown("accepted by an earlier process")
        self.own.add(intent.id)
        self.under_way[intent.id] = call
        self._write(intent, IntentState.PENDING)
        return None

    def settle(self, call, component, error):
        intent = Intent.of(call, component, datetime(2026, 1, 1, tzinfo=UTC))
        del self.under_way[intent.id]
        known = IntentState.FAILED if call.stood_in or error is not None else IntentState.ACCEPTED
        self._write(intent, IntentState.UNKNOWN if call.unresolved else known)

    def unresolved(self):
        return self.left

    def resolve(self, intent, finding):
        if intent not in self.under_way or finding.state is IntentState.ACCEPTED:
            self._write(self.world.journal[intent][0], finding.state)

    def resumed(self):
        self.left = []


@define(eq=False)
class World:
    """The venue, the process that runs now, what outlives it, and what the application was told."""

    venue: Venue
    journal: dict = field(factory=dict)
    told: list = field(factory=list)
    pages: list = field(factory=list)
    group: object = None
    scopes: list = field(factory=list)
    running: int = 0
    handler: object = None
    _journal_plugin: object = None
    _plugin: object = None

    def tell(self, client_id, state):
        self.told.append((client_id, state, anyio.current_time()))

    async def boot(self):
        classifier, journal = Classifier(), Journal(self)
        classifier.pages = self.pages
        self.handler = ErrorHandler(
            CONFIG,
            clock=VirtualClock(),
            plugins={
                "api_rate_limit": ApiRateLimit,
                "fallback": FallbackPlugin,
                "order_submission": OrderSubmission,
                "recovery_journal": journal,
                "retry": RetryPlugin,
                "venue_classifier": classifier,
            },
            discover=False,
        )
        self.handler.venues.register(KEY, VenuePorts(orders=self.venue))
        self._journal_plugin, self._plugin = journal, dict(self.handler.plugins.items())["order_submission"]
        await self.handler.resume()

    async def crash(self):
        """Kill the process: whatever it does from now on has no effect; requests that have left it arrive."""
        self._journal_plugin.is_dead = True
        for scope in self.scopes:
            scope.cancel()
        self.scopes.clear()
        await self.handler.close()
        while self.running:
            await anyio.lowlevel.checkpoint()
        await self.boot()

    def start(self, function, *args):
        scope = anyio.CancelScope()
        self.scopes.append(scope)
        self.running += 1
        self.group.start_soon(self._run, scope, function, *args)

    async def _run(self, scope, function, *args):
        try:
            with scope:
                await function(*args)
        finally:
            self.running -= 1

    async def submit(self, client_id, deadline, policies):
        journal = self._journal_plugin

        async def create_order(client_id):
            assert not journal.is_dead
            with anyio.fail_after(CLIENT_TIMEOUT):
                return await self.venue.submit(client_id)

        operation = Operation(
            kind=OperationKind.SUBMIT,
            client_order_id=client_id,
            symbol="BTC/USDT",
            key=KEY,
            deadline=deadline,
            exposure=Exposure(symbol="BTC/USDT", side="buy", amount="1"),
        )
        try:
            result = await guard(*policies, operation=operation, component="exchange", handler=self.handler).call(
                create_order, client_id
            )
        except Refused:
            return  # nothing was sent by this call, and nothing is said of others
        except (VenueError, TimeoutError) as error:
            outcome = outcome_of(error)
            if outcome.decision is Decision.UNKNOWN:
                assert outcome.escalated, "unknown, and nobody was told"
                return
            assert outcome.classification.outcome_known
            self.tell(client_id, IntentState.FAILED)
        else:
            self.tell(client_id, IntentState.FAILED if result is STAND_IN else IntentState.ACCEPTED)

    async def cancel(self, client_id):
        operation = Operation(
            kind=OperationKind.CANCEL, client_order_id=client_id, symbol="BTC/USDT", key=KEY, deadline=60.0
        )
        try:
            order = await guard(operation=operation, component="exchange", handler=self.handler).call(
                self.venue.cancel_order, client_id, "BTC/USDT"
            )
        except (VenueError, Refused):
            return
        assert order["status"] in {"closed", "canceled"}
        executed = self.venue.executions(client_id)
        assert executed
        assert executed[0].order["status"] != "open"

    def check(self):
        """Hold what was told against the ledger."""
        self.venue.catch_up()
        for client_id in IDS:
            assert len(self.venue.executions(client_id)) <= 1, "executed twice"
        for client_id, state, when in self.told:
            executed = self.venue.executions(client_id)
            if state is IntentState.ACCEPTED:
                assert any(send.due <= when for send in executed), "told to be accepted, yet not in the ledger"
            elif state is IntentState.FAILED:
                assert not any(send.sent < when for send in executed), "told to have failed, yet in the ledger"
        assert self.venue.requests < MOST_REQUESTS, "something loops"

    def check_end(self):
        """Hold what is known, once nothing is under way any more, against the ledger."""
        self.check()
        assert self.running == 0, "a call has not ended"
        assert len(self._plugin._checks) == 0, "the background has not ended"
        intents = self._plugin._book.intents
        unknown = {client_id for client_id in IDS if intents.state((KEY, client_id)) is SendState.UNKNOWN}
        assert {key[1] for key in self.handler.exposures.reserved()} == unknown
        for client_id in unknown:
            assert any(client_id in page.reason for page in self.pages), "unknown, and nobody was told"
        for client_id in IDS:
            _, state = self.journal.get((KEY, client_id), (None, None))
            if client_id in unknown:
                assert state is IntentState.UNKNOWN
            elif self.venue.executions(client_id):
                assert state is IntentState.ACCEPTED, "lost"
            else:
                assert state in {None, IntentState.FAILED}


POLICIES = {
    "none": (),
    "retry": (RetryConfig(max_attempts=3),),
    "fallback": (FallbackConfig(strategy=FallbackStrategy.RETURN_DEFAULT, default_value=STAND_IN),),
}
SETTLED = 1_500.0
"""Longer than any call, verification and background check may take."""


class Plan:
    """What may be done to a world, one step at a time."""

    def __init__(self, venue):
        # Later than the settle time, and no evidence would be worth anything.
        venue.late = min(venue.late, 2.0) if venue.id_rule == "forever" else venue.late
        self.world = World(venue)

    async def submit(self, client_id, faults, deadline, policies):
        self.world.venue.send_faults[:] = faults
        self.world.start(self.world.submit, client_id, deadline, POLICIES[policies])
        await anyio.lowlevel.checkpoint()

    async def pass_time(self, seconds):
        await anyio.sleep(seconds)

    async def break_off(self, which):
        if self.world.scopes:
            self.world.scopes.pop(which % len(self.world.scopes)).cancel()
            await anyio.lowlevel.checkpoint()

    async def cancel(self, client_id, faults):
        self.world.venue.cancel_faults[:] = faults
        self.world.start(self.world.cancel, client_id)
        await anyio.lowlevel.checkpoint()

    async def break_lookups(self, faults):
        self.world.venue.lookup_faults[:] = faults

    async def fill(self, client_id):
        for send in self.world.venue.executions(client_id):
            send.order["status"] = "closed" if send.order["status"] == "open" else send.order["status"]

    async def archive(self, client_id):
        """Have the venue forget an order that is known to be accepted."""
        _, state = self.world.journal.get((KEY, client_id), (None, None))
        if state is IntentState.ACCEPTED:
            self.world.venue.archived.add(client_id)

    async def crash(self):
        await self.world.crash()


venues = st.builds(
    Venue,
    id_rule=st.sampled_from(["forever", "open_only", "none"]),
    fills=st.booleans(),
    id_lag=st.sampled_from([0.0, 0.3, 60.0]),
    list_lag=st.sampled_from([0.0, 0.3]),
    late=st.sampled_from([0.5, 2.0, 9.0]),
)
STEPS = {
    "submit": st.tuples(
        st.sampled_from(IDS),
        st.lists(st.sampled_from(SENDS), max_size=4),
        st.sampled_from([None, None, 2.0, 30.0]),
        st.sampled_from(list(POLICIES)),
    ),
    "pass_time": st.tuples(st.sampled_from([0.0, 0.06, 0.2, 1.0, 4.0, 12.0, 60.0])),
    "break_off": st.tuples(st.integers(0, 5)),
    "cancel": st.tuples(st.sampled_from(IDS), st.lists(st.sampled_from(CANCELS), max_size=3)),
    "break_lookups": st.tuples(
        st.lists(st.sampled_from(LOOKUPS), max_size=12) | st.sampled_from([["fail"] * 1000, ["hang"] * 100])
    ),
    "fill": st.tuples(st.sampled_from(IDS)),
    "archive": st.tuples(st.sampled_from(IDS)),
    "crash": st.tuples(),
}
