"""A side effect that may have happened, as it is looked up."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from attrs import frozen

from recoup import Operation, OperationKind

if TYPE_CHECKING:
    from datetime import datetime

    from recoup import Call, Clock, Intent
    from recoup.exposure import IntentId
    from recoup.ports import OrderPort
    from recoup_plugins.order_submission.intents import IntentKey

ID_RULES = ("forever", "open_only", "none")


def is_named(operation: Operation) -> bool:
    """Say whether an operation can be looked up under an id that other calls for the same share.

    An amendment can't: that the order is there says nothing of whether it was amended, and the next one is another.
    """
    return has_id(operation) and (operation.orders is not None or operation.verify is not None)


def has_id(operation: Operation) -> bool:
    """Say whether an operation is a submission that others for the same can be told by, looked up or not."""
    return operation.kind is OperationKind.SUBMIT and operation.client_order_id is not None


def is_verifiable(operation: Operation) -> bool:
    """Say whether it can be found out at all whether an operation has happened."""
    return is_named(operation) or (operation.kind.is_side_effect and operation.verify is not None)


@frozen(kw_only=True, eq=False)
class Submission:
    """A side effect that may have happened. Immutable.

    Attributes:
        key: what it is told apart by.
        component: where in the application.
        name: what was called.
        operation: what the application says of it.
        sent_at: no earlier than this it was sent; aware.
    """

    key: IntentKey
    component: str
    name: str
    operation: Operation
    sent_at: datetime

    @classmethod
    def of_call(cls, key: IntentKey, call: Call, component: str, clock: Clock) -> Submission:
        """Return that of a call of this handler."""
        started = clock.now() - timedelta(seconds=clock.monotonic() - call.started)
        return cls(key=key, component=component, name=call.name, operation=call.operation, sent_at=started)

    @classmethod
    def of_intent(cls, intent: Intent, orders: OrderPort) -> Submission:
        """Return that of an intent which a journal has kept."""
        operation = Operation(
            kind=intent.kind,
            client_order_id=intent.client_order_id,
            symbol=intent.symbol,
            orders=orders,
            key=intent.key,
            exposure=intent.exposure,
            parent=intent.parent,
        )
        return cls(
            key=intent.id, component=intent.component, name=intent.name, operation=operation, sent_at=intent.created
        )

    @property
    def orders(self) -> OrderPort | None:
        """The port by which the order is looked up under its client order id; None where only ``verify`` tells."""
        operation = self.operation
        if operation.client_order_id is None or operation.kind is OperationKind.AMEND:
            return None
        return operation.orders

    @property
    def intent(self) -> IntentId | None:
        """What journals know it by, or None where they don't."""
        id_ = self.operation.client_order_id
        return None if id_ is None else (self.key[0], id_)

    @property
    def id_rule(self) -> str:
        """How the other side treats an id that it has seen before."""
        if self.orders is None:
            return "none"
        rule: str = getattr(self.orders, "client_id_rule", "open_only")
        return rule

    @property
    def is_protected(self) -> bool:
        """Whether the other side refuses the same id for good."""
        return self.id_rule == "forever"
