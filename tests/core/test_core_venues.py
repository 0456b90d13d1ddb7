"""An operation need not name the ports of a venue that is registered."""

from __future__ import annotations

import pytest

from recoup import Config, ErrorHandler, Guard, Operation, OperationKind, Recovery, VenuePorts, Venues, hookimpl
from recoup.testing import FakeClock

ORDERS, VENUE, OTHER = object(), object(), object()


@pytest.fixture
def venues():
    found = Venues()
    found.register("binance", VenuePorts(orders=ORDERS, venue=VENUE))
    return found


def test_missing_ports_are_filled_in_and_given_ones_stay(venues):
    operation = venues.completed(Operation(key="binance", orders=OTHER), "x")
    assert (operation.orders, operation.venue) == (OTHER, VENUE)


def test_the_component_stands_for_a_missing_key(venues):
    assert venues.completed(Operation(), "binance").orders is ORDERS


@pytest.mark.parametrize("operation", [Operation(), Operation(key="okx")])
def test_without_a_registered_venue_the_operation_stays_as_it_is(venues, operation):
    assert venues.completed(operation, "x") is operation


def test_a_venue_that_nobody_registered_has_no_ports(venues):
    assert venues.get("okx") == VenuePorts()
    assert venues.keys() == ("binance",)
    assert len(venues) == 1


def test_what_is_no_set_of_ports_is_refused_with_the_remedy(venues):
    with pytest.raises(TypeError, match=r"give VenuePorts\(orders=\.\.\., venue=\.\.\.\), got object"):
        venues.register("okx", object())


@pytest.mark.parametrize("kind", [OperationKind.SUBMIT, OperationKind.READ])
def test_a_plugin_sees_the_ports_of_the_guarded_call(kind):
    seen = []

    class Looks:
        @hookimpl
        def recover(self, error, context):
            seen.append(context.call.operation.orders)
            return Recovery.give_up()

    handler = ErrorHandler(Config(), clock=FakeClock(), discover=False, plugins={"looks": Looks})
    handler.venues.register("binance", VenuePorts(orders=ORDERS))

    @Guard(operation=Operation(kind=kind, key="binance"), handler=handler)
    def order():
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        order()
    assert seen == [ORDERS]
