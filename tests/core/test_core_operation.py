"""What a call does to the world."""

from __future__ import annotations

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
