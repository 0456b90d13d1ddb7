"""What an unknown order may have put at risk is reserved as long as it is unknown, and no longer."""

import anyio
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from recoup import (
    Call,
    Classification,
    Decision,
    ErrorCategory,
    ErrorContext,
    ErrorSeverity,
    Exposure,
    FailureReason,
    Intent,
    Operation,
    OperationKind,
    VenuePorts,
)
from recoup_plugins.order_submission import OrderSubmission, OrderSubmissionConfig
from recoup_plugins.order_submission.intents import SendState

EXPOSURE = Exposure(symbol="BTC/USDT", side="buy", amount="1")


@pytest.mark.anyio
class TestOneOrder:
    @pytest.fixture
    def call(self, make_orders):
        operation = Operation(
            kind=OperationKind.SUBMIT,
            client_order_id="bot-1",
            key="venue:main",
            orders=make_orders([None]),
            exposure=EXPOSURE,
        )
        return Call(operation=operation)

    async def test_is_reserved_while_it_is_looked_up(self, host, make_plugin, failed, call):
        plugin, context = make_plugin(), failed(call=call)
        plugin.admit(call, "exchange")
        assert host.exposures.reserved() == {}
        host.clock.auto_advance = False
        async with anyio.create_task_group() as group:
            group.start_soon(plugin.recover, context.error, context)
            await anyio.wait_all_tasks_blocked()
            assert host.exposures.amount("venue:main", "BTC/USDT", "buy") == 1
            group.cancel_scope.cancel()
        assert host.exposures.reserved() == {("venue:main", "bot-1"): EXPOSURE}

    async def test_is_given_back_before_it_is_sent_again(self, host, make_plugin, failed, call):
        plugin, context = make_plugin(), failed(call=call)
        plugin.admit(call, "exchange")
        assert (await plugin.recover(context.error, context)).decision is Decision.RETRY
        assert host.exposures.reserved() == {}

    async def test_is_given_back_where_its_call_succeeds_while_others_reserved_it(self, host, make_plugin, call):
        plugin = make_plugin()
        plugin.admit(call, "exchange")
        host.exposures.reserve("venue:main", "bot-1", EXPOSURE)  # as handler.resume() may
        plugin.settle(call, "exchange", None)
        assert host.exposures.reserved() == {}


IDS = ("bot-1", "bot-2", "bot-3")
REASONS = [FailureReason.CONNECTION_LOST, FailureReason.DUPLICATE_ORDER, FailureReason.INSUFFICIENT_FUNDS]


class Reservations(RuleBasedStateMachine):
    """Calls that end in every way, lookups that answer in every way, restarts and cancels, in any order."""

    def __init__(self, make_host):
        super().__init__()
        self.host = make_host()
        self.plugin = OrderSubmission(OrderSubmissionConfig(verify_timeout=60.0), self.host)
        self.answer = None
        self.host.venues.register("venue", VenuePorts(orders=self))

    def find_order(self, client_order_id, symbol):
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def _call(self, id_, kind):
        operation = Operation(kind=kind, client_order_id=id_, key="venue", orders=self, exposure=EXPOSURE)
        return Call(operation=operation, started=self.host.clock.monotonic())

    async def _submit(self, call, reason, *, known, attempts):
        answer = self.plugin.admit(call, "exchange")
        answer = await answer if answer is not None else None
        for _ in range(attempts):
            if answer is not None and answer.decision is not Decision.RETRY:
                break
            answer = await self._recover(call, reason, known=known)
            call.unresolved = answer is not None and answer.decision is Decision.UNKNOWN
        return answer is None or answer.decision is Decision.RETRY

    async def _recover(self, call, reason, *, known):
        error = ConnectionError()
        context = ErrorContext(
            error_id="e-1",
            timestamp=self.host.clock.now(),
            severity=ErrorSeverity.LOW,
            component="exchange",
            operation="create_order",
            error=error,
            call=call,
            classification=Classification(
                severity=ErrorSeverity.LOW,
                category=ErrorCategory.NETWORK,
                retryable=True,
                outcome_known=known,
                reason=reason,
            ),
        )
        answer = await self.plugin.recover(error, context)
        call.answers["order_submission"] += answer is not None
        return answer

    @rule(
        answer=st.sampled_from([None, {"id": "1", "status": "open"}, {"id": "1", "status": "closed"}, TimeoutError()])
    )
    def the_venue_answers(self, answer):
        self.answer = answer

    @rule(
        id_=st.sampled_from(IDS),
        reason=st.sampled_from(REASONS),
        known=st.booleans(),
        attempts=st.integers(0, 3),
        end=st.sampled_from(["succeeded", "failed", "lost"]),
    )
    def submit(self, id_, reason, known, attempts, end):
        call = self._call(id_, OperationKind.SUBMIT)

        async def run():
            if await self._submit(call, reason, known=known, attempts=attempts):
                call.unresolved = end == "lost"
            error = None if end == "succeeded" and not call.unresolved else ConnectionError()
            self.plugin.settle(call, "exchange", error)

        anyio.run(run)

    @rule(id_=st.sampled_from(IDS), reason=st.sampled_from([FailureReason.ORDER_NOT_FOUND, FailureReason.TIMEOUT]))
    def cancel(self, id_, reason):
        async def run():
            await self._recover(self._call(id_, OperationKind.CANCEL), reason, known=False)

        anyio.run(run)

    @rule(id_=st.sampled_from(IDS))
    def resume(self, id_):
        intent = Intent(key="venue", client_order_id=id_, exposure=EXPOSURE, created=self.host.clock.now())
        anyio.run(self.plugin.verify, intent)

    @rule()
    def the_background_runs_to_its_end(self):
        for _, function, args in self.host.spawned:
            anyio.run(function, *args)
        self.host.spawned.clear()
        assert len(self.plugin._checks) == 0

    @invariant()
    def what_is_reserved_is_unknown_and_what_is_unknown_is_reserved(self):
        state = self.plugin._book.intents.state
        unknown = {("venue", id_) for id_ in IDS if state(("venue", id_)) is SendState.UNKNOWN}
        assert set(self.host.exposures.reserved()) == unknown


def test_no_reservation_leaks(make_host):
    run_state_machine_as_test(
        lambda: Reservations(make_host),
        settings=settings(
            max_examples=60,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
        ),
    )
