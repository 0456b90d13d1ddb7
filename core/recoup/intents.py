"""An order that the application wants once: what outlives the process that sends it."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from recoup.operation import OperationKind

if TYPE_CHECKING:
    from datetime import datetime

    from recoup.exposure import Exposure, IntentId
    from recoup.operation import Call


class IntentState(Enum):
    """What is known of an intent."""

    PENDING = "pending"
    """It is about to be sent, or under way."""
    UNKNOWN = "unknown"
    """Its call has ended, and nobody knows what became of it."""
    ACCEPTED = "accepted"
    """The venue has it, or had it."""
    FAILED = "failed"
    """It is known that it was not executed."""

    @property
    def is_resolved(self) -> bool:
        """Whether nothing is left to be found out."""
        return self in _RESOLVED


_RESOLVED = frozenset({IntentState.ACCEPTED, IntentState.FAILED})


@frozen(kw_only=True)
class Intent:
    """One order that the application wants, once. Immutable.

    Attributes:
        key: the venue's, as in :class:`~recoup.Operation`, or the component where that has none.
        client_order_id: by which the venue can be asked.
        kind: SUBMIT or AMEND.
        component: where in the application.
        name: what was called.
        symbol: the market, or None.
        exposure: what it puts at risk, or None where nobody said.
        parent: client order id of the intent that this one completes, or None.
        created: when it was first recorded; aware.
        state: what is known of it.
        detail: one line of how that is known.
    """

    key: str
    client_order_id: str
    kind: OperationKind = OperationKind.SUBMIT
    component: str = ""
    name: str = ""
    symbol: str | None = None
    exposure: Exposure | None = None
    parent: str | None = None
    created: datetime
    state: IntentState = IntentState.PENDING
    detail: str = ""

    @property
    def id(self) -> IntentId:
        """What it is told apart by."""
        return self.key, self.client_order_id

    @classmethod
    def of(cls, call: Call, component: str, created: datetime) -> Intent | None:
        """Return the intent of a call, or None where the call has no client order id to find it again by."""
        operation = call.operation
        if operation.client_order_id is None:
            return None
        return cls(
            key=operation.key or component,
            client_order_id=operation.client_order_id,
            kind=operation.kind,
            component=component,
            name=call.name,
            symbol=operation.symbol,
            exposure=operation.exposure,
            parent=operation.parent,
            created=created,
        )


@frozen(kw_only=True)
class IntentFinding:
    """What a verification came to. Immutable.

    Attributes:
        state: ACCEPTED, FAILED where the venue knows no such order beyond doubt, or UNKNOWN.
        order: with ACCEPTED, the order as the port gave it, if it was seen.
        detail: one line for the operator.
    """

    state: IntentState
    order: Any = None
    detail: str = ""


@frozen(kw_only=True)
class ResumeReport:
    """What became of the intents that an earlier process left unresolved. Immutable.

    Attributes:
        findings: by intent, in the order in which the intents were recorded.
    """

    findings: dict[IntentId, IntentFinding] = field(factory=dict)

    def having(self, state: IntentState) -> dict[IntentId, IntentFinding]:
        """Return the findings of one state."""
        return {intent: finding for intent, finding in self.findings.items() if finding.state is state}
