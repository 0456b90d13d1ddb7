"""Many orders of unknown outcome at once do not become a storm of lookups."""

import threading

import anyio
import pytest

from recoup import Decision
from recoup_plugins.order_submission.queue import VerificationQueue


class TestQueue:
    def test_lets_so_many_in_and_the_others_in_their_order(self):
        queue, who = VerificationQueue(2), [object() for _ in range(5)]
        assert [queue.enter("venue", one) for one in who] == [True, True, False, False, False]
        assert not queue.enter("venue", who[3])
        queue.leave("venue", who[0])
        assert not queue.enter("venue", who[3])
        assert queue.enter("venue", who[2])
        queue.leave("venue", who[1])
        assert queue.enter("venue", who[3])

    def test_a_place_that_is_given_up_goes_to_the_next(self):
        queue, who = VerificationQueue(1), [object() for _ in range(3)]
        assert [queue.enter("venue", one) for one in who] == [True, False, False]
        queue.leave("venue", who[1])
        queue.leave("venue", who[0])
        assert queue.enter("venue", who[2])

    def test_each_venue_has_its_own(self):
        queue = VerificationQueue(1)
        assert queue.enter("one", 1)
        assert queue.enter("other", 2)

    def test_whoever_can_not_wait_goes_only_where_nobody_does(self):
        queue, who = VerificationQueue(1), [object() for _ in range(3)]
        assert queue.enter_at_once("venue", who[0])
        assert not queue.enter_at_once("venue", who[1])
        assert not queue.enter("venue", who[2])
        queue.leave("venue", who[0])
        assert not queue.enter_at_once("venue", who[1])

    def test_nothing_is_kept_of_a_venue_without_verifications(self):
        queue = VerificationQueue(1)
        for who in (1, 2):
            queue.enter("venue", who)
        for who in (1, 2):
            queue.leave("venue", who)
        assert not queue._lines

    def test_of_many_threads_never_more_than_so_many_are_in(self):
        queue, inside, most, lock = VerificationQueue(3), 0, 0, threading.Lock()

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


@pytest.mark.anyio
class TestStorm:
    async def test_four_orders_of_a_venue_are_looked_up_at_a_time(self, host, make_plugin, make_orders, failed, order):
        plugin, orders, answers = make_plugin(), make_orders([None], client_id_rule="forever"), []
        host.clock.auto_advance = False

        async def recover(number, key):
            context = failed(orders, client_order_id=f"{key}-{number}", key=key)
            answer = await plugin.recover(context.error, context)
            assert answer.decision is Decision.RETRY
            answers.append(f"{key}-{number}")

        async with anyio.create_task_group() as group:
            for number in range(12):
                group.start_soon(recover, number, "one")
                group.start_soon(recover, number, "other")
            while len(answers) < 24:
                await anyio.wait_all_tasks_blocked()
                begun = {key: len({id_ for id_, _ in orders.asked if id_.startswith(key)}) for key in ("one", "other")}
                ended = {key: sum(end.startswith(key) for end in answers) for key in ("one", "other")}
                assert all(begun[key] - ended[key] <= 4 for key in begun)
                host.clock.advance(0.25)
        assert host.clock.monotonic() < 20.0

    async def test_an_order_whose_turn_does_not_come_in_time_stays_unknown(
        self, host, make_plugin, make_orders, failed
    ):
        plugin, answers = make_plugin(max_verifications=1), []
        hanging, waiting = failed(make_orders([None])), failed(make_orders([None]), client_order_id="b", deadline=5.0)
        host.clock.auto_advance = False

        async def recover(context):
            answers.append(await plugin.recover(context.error, context))

        async with anyio.create_task_group() as group:
            group.start_soon(recover, hanging)
            await anyio.wait_all_tasks_blocked()
            group.start_soon(recover, waiting)
            for _ in range(11):
                await anyio.wait_all_tasks_blocked()
                host.clock.advance(0.5)
            await anyio.wait_all_tasks_blocked()
            group.cancel_scope.cancel()
        assert [answer.decision for answer in answers] == [Decision.UNKNOWN]
        assert waiting.call.operation.orders.asked == []
        assert len(host.spawned) >= 1

    async def test_the_background_gives_way(self, host, make_plugin, make_orders, failed, order):
        plugin, orders = make_plugin(max_verifications=1, settle_time=30.0), make_orders([None])
        lost = failed(make_orders([order]), client_order_id="lost")
        plugin.admit(lost.call, "exchange")
        lost.call.unresolved = True
        plugin.settle(lost.call, "exchange", ConnectionError())
        host.clock.auto_advance = False
        context = failed(orders)
        async with anyio.create_task_group() as group:
            group.start_soon(plugin.recover, context.error, context)
            await anyio.wait_all_tasks_blocked()
            for _, function, args in host.spawned:
                group.start_soon(function, *args)
            for _ in range(20):
                await anyio.wait_all_tasks_blocked()
                host.clock.advance(1.0)
            await anyio.wait_all_tasks_blocked()
            assert lost.call.operation.orders.asked == []
            group.cancel_scope.cancel()
