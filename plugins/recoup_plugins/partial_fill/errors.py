"""How the application says that an order is partly filled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from recoup import RecoupError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from recoup import Operation
    from recoup_plugins.partial_fill.config import FillPolicy


class PartiallyFilled(RecoupError):
    """An order is filled in part, and the application waits no longer.

    Raise it in a guarded call, or hand it to ``handler.handle_error``: the plugin ``partial_fill`` settles the order.

    Args:
        order: the order as it was seen last; it is read anew.
        operation: of the submit, with ``client_order_id``, and ``exposure`` where it may be completed. None: that of
            the guarded call.
        policy: in place of the configured one.
        min_amount: in place of the configured one.
    """

    def __init__(
        self,
        order: Mapping[str, Any],
        *,
        operation: Operation | None = None,
        policy: FillPolicy | None = None,
        min_amount: Decimal | str | None = None,
    ) -> None:
        super().__init__(f"order {order.get('clientOrderId')} is {order.get('status')}, filled {order.get('filled')}")
        self.order = order
        self.operation = operation
        self.policy = policy
        self.min_amount = min_amount
