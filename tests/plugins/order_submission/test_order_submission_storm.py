"""Many orders of unknown outcome at once do not become a storm of lookups."""

import threading

import anyio
import pytest

from recoup import Decision
from recoup_plugins.order_submission.queue import LookupQueue


class TestQueue:
    def test_lets_so_many_in_and_the_others_in_their_order(self):
        queue, who = LookupQueue(2), [object() for _ in range(5)]
        assert [queue.enter("venue", one) for one in who] == [True, True, False, False, False]
        assert not queue.enter("venue", who[3])
        queue.leave("venue", who[0])
        assert not queue.enter("venue", who[3])
        assert queue.enter("venue", who[2])
        queue.leave("venue", who[1])
        assert queue.enter("venue", who[3])

    def test_a_place_that_is_given_up_goes_to_the_next(self):
        queue, who = LookupQueue(1), [object() for _ in range(3)]
        assert [queue.enter("venue", one) for one in who] == [True, False, False]
        queue.leave("venue", who[1])
        queue.leave("venue", who[0])
        assert queue.enter("venue", who[2])

    def test_each_venue_has_its_own(self):
        queue = LookupQueue(1)
        assert queue.enter("one", 1)
        assert queue.enter("other", 2)

    def test_whoever_can_not_wait_goes_only_where_nobody_does(self):
        queue, who = LookupQueue(1), [object() for _ in range(3)]
        assert queue.enter_at_once("venue", who[0])
        assert not queue.enter_at_once("venue", who[1])
        assert not queue.enter("venue", who[2])
        queue.leave("venue", who[0])
        assert not queue.enter_at_once("venue", who[1])

    def test_nothing_is_kept_of_a_venue_without_verifications(self):
        queue = LookupQueue(1)
        for who in (1, 2):
            queue.enter("venue", who)
        for who in (1, 2):
            queue.leave("venue", who)
        assert not queue._lines

    def test_of_many_threads_never_more_than_so_many_are_in(self):
        queue, inside, most, lock = LookupQueue(3), 0, 0, threading.Lock()

        def run():
            nonlocal inside, most
            for _ in range(200):
                who = object()
                while not queue.enter("venue", who):
                    pass
                with lock:
                    inside += 1
                    most = max(most, inside)
                with lock:
                    inside -= 1
                queue.leave("venue", who)

        threads = [threading.Thread(target=run) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert 1 <= most <= 3


class SlowOrders:
    """An order port whose lookups take their time, and find nothing."""

    client_id_rule = "forever"
    searches_everywhere = True

    def __init__(self, clock, takes=0.25):
        self._clock, self._takes = clock, takes
        self.inside = self.most = 0

    async def find_order(self, client_order_id, symbol):
        self.inside += 1
        self.most = max(self.most, self.inside)
        try:
            await self._clock.sleep(self._takes)
        finally:
            self.inside -= 1


@pytest.mark.anyio
class TestStorm:
    async def test_four_lookups_of_a_venue_are_under_way_at_a_time(self, host, make_plugin, failed):
        plugin, ports, answers = make_plugin(), {key: SlowOrders(host.clock) for key in ("one", "other")}, []
        host.clock.auto_advance = False

        async def recover(number, key):
            context = failed(ports[key], client_order_id=f"{key}-{number}", key=key)
            answer = await plugin.recover(context.error, context)
            assert answer.decision is Decision.RETRY
            answers.append(f"{key}-{number}")

        async with anyio.create_task_group() as group:
            for number in range(12):
                group.start_soon(recover, number, "one")
                group.start_soon(recover, number, "other")
            while len(answers) < 24:
                await anyio.wait_all_tasks_blocked()
                host.clock.advance(0.05)
        assert [port.most for port in ports.values()] == [4, 4]

    async def test_in_the_pauses_of_one_verification_the_others_have_their_turn(self, host, make_plugin, failed):
        plugin, port, answers = make_plugin(max_lookups=1), SlowOrders(host.clock, takes=0.01), []
        host.clock.auto_advance = False

        async def recover(number):
            context = failed(port, client_order_id=str(number), deadline=20.0)
            answers.append(await plugin.recover(context.error, context))

        async with anyio.create_task_group() as group:
            for number in range(20):
                group.start_soon(recover, number)
            while len(answers) < 20:
                await anyio.wait_all_tasks_blocked()
                host.clock.advance(0.01)
        assert [answer.decision for answer in answers] == [Decision.RETRY] * 20
        assert host.clock.monotonic() < 20.0

    async def test_an_order_is_looked_up_once_in_any_case_however_late_its_turn_comes(
        self, host, make_plugin, make_orders, failed, order
    ):
        plugin, answers = make_plugin(max_lookups=1), []
        slow = failed(SlowOrders(host.clock, takes=12.0))
        late = failed(make_orders([order]), client_order_id="b", deadline=5.0)
        host.clock.auto_advance = False

        async def recover(context):
            answers.append(await plugin.recover(context.error, context))

        async with anyio.create_task_group() as group:
            group.start_soon(recover, slow)
            await anyio.wait_all_tasks_blocked()
            group.start_soon(recover, late)
            while not answers:
                await anyio.wait_all_tasks_blocked()
                host.clock.advance(0.05)
            group.cancel_scope.cancel()
        assert [answer.decision for answer in answers] == [Decision.RECOVERED]
        assert host.clock.monotonic() >= 12.0

    async def test_the_background_gives_way(self, host, make_plugin, make_orders, failed, order):
        plugin = make_plugin(max_lookups=1, settle_time=30.0)
        lost = failed(make_orders([order]), client_order_id="lost")
        plugin.admit(lost.call, "exchange")
        lost.call.unresolved = True
        plugin.settle(lost.call, "exchange", ConnectionError())
        host.clock.auto_advance = False
        context = failed(SlowOrders(host.clock, takes=19.0))
        async with anyio.create_task_group() as group:
            group.start_soon(plugin.recover, context.error, context)
            await anyio.wait_all_tasks_blocked()
            for _, function, args in host.spawned:
                group.start_soon(function, *args)
            for _ in range(18):
                await anyio.wait_all_tasks_blocked()
                host.clock.advance(1.0)
            await anyio.wait_all_tasks_blocked()
            assert lost.call.operation.orders.asked == []
            group.cancel_scope.cancel()
