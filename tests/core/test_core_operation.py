"""What a call does to the world."""

from __future__ import annotations

import math
from typing import Any

import pytest

from recoup import Call, CircuitBreakerConfig, Operation, OperationKind, RetryConfig


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("fetch_ticker", OperationKind.READ),
        ("Exchange.fetchOpenOrders", OperationKind.READ),
        ("_get_balance", OperationKind.READ),
        ("createOrder", OperationKind.SUBMIT),
        ("make.<locals>.place_order", OperationKind.SUBMIT),
        ("editOrder", OperationKind.AMEND),
        ("cancel_all", OperationKind.CANCEL),
        ("reconnect", OperationKind.IDEMPOTENT_WRITE),
        ("frobnicate", OperationKind.UNSPECIFIED),
        ("createsomething", OperationKind.UNSPECIFIED),
        ("FETCH_ORDER", OperationKind.READ),
        ("close", OperationKind.IDEMPOTENT_WRITE),
        ("close_position", OperationKind.SUBMIT),
        ("closeAllPositions", OperationKind.SUBMIT),
        ("get_or_create_order", OperationKind.SUBMIT),
        ("cancel_and_replace", OperationKind.AMEND),
        ("cancel_then_wait", OperationKind.UNSPECIFIED),
        ("fetch_open_orders", OperationKind.READ),
        ("new_order", OperationKind.SUBMIT),
        ("order_limit_buy", OperationKind.SUBMIT),
        ("<lambda>", OperationKind.UNSPECIFIED),
        ("", OperationKind.UNSPECIFIED),
    ],
)
def test_the_verb_at_the_beginning_of_a_name_tells_the_kind(name: str, kind: OperationKind) -> None:
    assert OperationKind.from_name(name) is kind


def test_only_reads_idempotent_writes_and_cancels_may_be_repeated_blindly() -> None:
    assert {kind for kind in OperationKind if kind.repeatable} == {
        OperationKind.READ,
        OperationKind.IDEMPOTENT_WRITE,
        OperationKind.CANCEL,
    }


def test_a_call_finds_its_policy_by_type_and_knows_what_is_left_of_its_time() -> None:
    retry = RetryConfig()
    call = Call(policies=(retry,), started=100.0, operation=Operation(deadline=5.0))
    assert call.policy(RetryConfig) is retry
    assert call.policy(CircuitBreakerConfig) is None
    assert (call.remaining(103.0), call.remaining(107.0)) == (2.0, -2.0)
    assert Call().remaining(1e9) is None


@pytest.mark.parametrize(
    ("values", "kind", "words"),
    [
        ({"kind": "submit"}, TypeError, "Operation.kind must be a kind such as OperationKind.READ, got 'submit'"),
        ({"kind": None}, TypeError, "OperationKind.READ"),
        ({"client_order_id": 5}, TypeError, "Operation.client_order_id must be text or None, got int"),
        ({"client_order_id": ""}, ValueError, "Operation.client_order_id is empty"),
        ({"symbol": b"BTC"}, TypeError, "Operation.symbol must be text or None, got bytes"),
        ({"key": ""}, ValueError, "Operation.key is empty"),
        ({"deadline": "60"}, TypeError, "Operation.deadline must be a number of seconds or None, got '60'"),
        ({"deadline": True}, TypeError, "Operation.deadline must be a number"),
        ({"deadline": math.nan}, ValueError, "Operation.deadline must be 0 seconds or more, got nan"),
        ({"deadline": -1}, ValueError, "None sets no limit"),
    ],
)
def test_a_wrong_value_is_refused_where_it_is_given(values: dict[str, Any], kind: type[Exception], words: str) -> None:
    with pytest.raises(kind) as refused:
        Operation(**values)
    assert words in str(refused.value)


def test_every_value_may_be_left_out_and_an_endless_deadline_is_one() -> None:
    assert Operation(client_order_id=None, symbol=None, key=None, deadline=None) == Operation()
    assert Operation(deadline=math.inf).deadline == math.inf
    assert Operation(deadline=0).deadline == 0
