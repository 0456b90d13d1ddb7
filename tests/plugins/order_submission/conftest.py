"""A scripted order port, and contexts of submissions that failed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from attrs import define, field

from recoup import Call, Classification, ErrorCategory, ErrorSeverity, FailureReason, Operation, OperationKind
from recoup_plugins.order_submission import OrderSubmission, OrderSubmissionConfig

if TYPE_CHECKING:
    from collections.abc import Callable

    from recoup import ErrorContext

ORDER = {"id": "77", "clientOrderId": "bot-1", "status": "open"}


@define(eq=False)
class ScriptedOrders:
    """Answers lookups from a list, whose last item repeats; an exception is raised, a function is called."""

    answers: list[Any] = field(factory=lambda: [None])
    client_id_rule: str = "open_only"
    asked: list[tuple[str, str | None]] = field(factory=list)

    async def find_order(self, client_order_id: str, symbol: str | None) -> Any:
        self.asked.append((client_order_id, symbol))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        answer = answer() if callable(answer) else answer
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def order() -> dict[str, str]:
    return dict(ORDER)


@pytest.fixture
def make_orders() -> type[ScriptedOrders]:
    return ScriptedOrders


@pytest.fixture
def make_plugin(host: Any) -> Callable[..., OrderSubmission]:
    def make(**config: Any) -> OrderSubmission:
        return OrderSubmission(OrderSubmissionConfig(**config), host)

    return make


@pytest.fixture
def failed(host: Any, make_context: Callable[..., ErrorContext]) -> Callable[..., ErrorContext]:
    """Return the context of a failed submission of order ``bot-1``; by default its outcome is unknown."""

    def make(
        orders: Any = None,
        *,
        reason: FailureReason = FailureReason.CONNECTION_LOST,
        outcome_known: bool = False,
        retry_after: float | None = None,
        call: Call | None = None,
        resends: int = 0,
        **operation: Any,
    ) -> ErrorContext:
        if call is None:
            fields: dict[str, Any] = {
                "kind": OperationKind.SUBMIT,
                "client_order_id": "bot-1",
                "symbol": "BTC/USDT",
                "orders": orders,
                "key": "venue:main",
            }
            call = Call(operation=Operation(**(fields | operation)), started=host.clock.monotonic(), attempts=1)
            call.answers["order_submission"] = resends
        return make_context(
            ConnectionResetError("reset by peer"),
            call=call,
            classification=Classification(
                severity=ErrorSeverity.HIGH,
                category=ErrorCategory.NETWORK,
                retryable=True,
                outcome_known=outcome_known,
                retry_after=retry_after,
                reason=reason,
            ),
        )

    return make
