"""What has no order port, or no id, and amendments: ``Operation.verify`` tells whether it happened."""

import asyncio

import pytest

from recoup import Call, Decision, Exposure, FailureReason, IntentState, Operation, OperationKind

pytestmark = pytest.mark.anyio
EXPOSURE = Exposure(symbol="BTC", side="sell", amount="2")
RECEIPT = {"txid": "t-1"}


class Verify:
    """Answers from a list, whose last item repeats; an exception is raised."""

    def __init__(self, *answers):
        self.answers, self.calls = list(answers), 0

    async def __call__(self):
        self.calls += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def plugin(make_plugin):
    return make_plugin()


@pytest.fixture
def make_call(host):
    def make(verify, **fields):
        given = {"kind": OperationKind.SUBMIT, "key": "venue:main", "exposure": EXPOSURE, "verify": verify}
        return Call(
            operation=Operation(**(given | fields)), name="withdraw", started=host.clock.monotonic(), attempts=1
        )

    return make


async def recover(plugin, failed, call, **failure):
    context = failed(call=call, **failure)
    return await plugin.recover(context.error, context)


@pytest.mark.parametrize("kind", [OperationKind.SUBMIT, OperationKind.AMEND])
@pytest.mark.parametrize("id_", [None, "w-1"])
class TestWithOrWithoutAnId:
    async def test_a_result_is_adopted(self, host, plugin, failed, make_call, kind, id_):
        call = make_call(Verify(None, ConnectionError(), RECEIPT), kind=kind, client_order_id=id_)
        assert plugin.admit(call, "bank") is None
        answer = await recover(plugin, failed, call)
        assert (answer.decision, answer.value, answer.verified) == (Decision.RECOVERED, RECEIPT, True)
        assert host.exposures.reserved() == {}

    async def test_what_did_not_happen_is_sent_again_after_the_longest_settle_time(
        self, host, plugin, failed, make_call, kind, id_
    ):
        call = make_call(Verify(None), kind=kind, client_order_id=id_)
        assert plugin.admit(call, "bank") is None
        answer = await recover(plugin, failed, call)
        assert (answer.decision, answer.verified) == (Decision.RETRY, True)
        assert host.clock.monotonic() == pytest.approx(10.0, abs=0.02)
        assert host.exposures.reserved() == {}

    async def test_what_nobody_can_find_out_stays_reserved_until_the_background_does(
        self, host, plugin, failed, make_call, kind, id_
    ):
        verify = Verify(ConnectionError())
        call = make_call(verify, kind=kind, client_order_id=id_, deadline=20.0)
        assert plugin.admit(call, "bank") is None
        assert (await recover(plugin, failed, call)).decision is Decision.UNKNOWN
        plugin.settle(call, "bank", ConnectionError())
        assert list(host.exposures.reserved().values()) == [EXPOSURE]
        verify.answers = [RECEIPT]
        for _, function, args in host.spawned:
            await function(*args)
        assert host.exposures.reserved() == {}
        expected = [] if id_ is None else [(("venue:main", id_), IntentState.ACCEPTED)]
        assert [(intent, finding.state) for intent, finding in host.settled] == expected


class TestWithoutAnId:
    async def test_two_calls_are_two_intents(self, plugin, failed, make_call):
        first, second = make_call(Verify(None)), make_call(Verify(None))
        assert plugin.admit(first, "bank") is plugin.admit(second, "bank") is None
        assert (await recover(plugin, failed, first)).decision is Decision.RETRY
        assert (await recover(plugin, failed, second)).decision is Decision.RETRY

    async def test_nothing_is_remembered_once_it_is_known(self, plugin, failed, make_call):
        for answer, error in ((RECEIPT, None), (None, None), (None, ConnectionError())):
            call = make_call(Verify(answer))
            plugin.admit(call, "bank")
            await recover(plugin, failed, call)
            plugin.settle(call, "bank", error)
        assert len(plugin._book.intents) == 0

    async def test_a_call_that_is_broken_off_is_looked_after_in_the_background(self, host, plugin, make_call):
        call = make_call(Verify(None))
        plugin.admit(call, "bank")
        call.unresolved = True
        plugin.settle(call, "bank", asyncio.CancelledError())
        assert list(host.exposures.reserved().values()) == [EXPOSURE]
        for _, function, args in host.spawned:
            await function(*args)
        assert host.exposures.reserved() == {}
        assert len(plugin._book.intents) == 0

    async def test_what_the_background_gives_up_is_told_and_no_longer_remembered(self, host, plugin, make_call):
        call = make_call(Verify(ConnectionError()))
        plugin.admit(call, "bank")
        call.unresolved = True
        plugin.settle(call, "bank", asyncio.CancelledError())
        for _, function, args in host.spawned:
            await function(*args)
        assert "withdraw#1" in host.escalated[0][2]
        assert len(plugin._book.intents) == 0

    @pytest.mark.parametrize("how", ["succeeded", "failed"])
    def test_an_ordinary_call_leaves_nothing(self, host, plugin, make_call, how):
        call = make_call(Verify(None))
        plugin.admit(call, "bank")
        plugin.settle(call, "bank", None if how == "succeeded" else ConnectionError())
        assert len(plugin._book.intents) == len(host.published) == 0


async def test_an_amendment_without_a_way_to_verify_it_is_left_to_the_core(
    host, plugin, failed, make_call, make_orders
):
    call = make_call(None, kind=OperationKind.AMEND, client_order_id="bot-1", orders=make_orders([{"id": "77"}]))
    assert await recover(plugin, failed, call) is None
    assert host.calls == []


async def test_an_amendment_does_not_wait_for_the_submission_of_its_order(plugin, make_call, make_orders):
    order = make_call(None, client_order_id="bot-1", orders=make_orders())
    assert plugin.admit(order, "exchange") is None
    assert plugin.admit(make_call(Verify(None), kind=OperationKind.AMEND, client_order_id="bot-1"), "exchange") is None


async def test_with_an_id_a_second_call_for_the_same_transfer_is_looked_up_first(plugin, failed, make_call):
    first, second = make_call(Verify(None), client_order_id="w-1"), make_call(Verify(RECEIPT), client_order_id="w-1")
    assert plugin.admit(first, "bank") is None
    first.unresolved = True
    plugin.settle(first, "bank", asyncio.CancelledError())
    assert (await plugin.admit(second, "bank")).value == RECEIPT


async def test_a_known_failure_is_left_to_others(host, plugin, failed, make_call):
    call = make_call(Verify(RECEIPT))
    assert await recover(plugin, failed, call, reason=FailureReason.PERMISSION, outcome_known=True) is None
    assert host.calls == []


async def test_a_plain_function_will_do(plugin, failed, make_call):
    assert (await recover(plugin, failed, make_call(lambda: RECEIPT))).value == RECEIPT
