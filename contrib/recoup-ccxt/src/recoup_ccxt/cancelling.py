"""Cancelling, whose answer is the order's final state and not the venue's word for the request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from recoup import FailureReason, UnreadableAnswer
from recoup_ccxt.exact import exact_order
from recoup_ccxt.exception_table import ccxt_class
from recoup_ccxt.judgement import judge
from recoup_ccxt.message import Message

if TYPE_CHECKING:
    from recoup_ccxt.client_ids import IdProfile
    from recoup_ccxt.lookup import Lookup, Order
    from recoup_ccxt.steps import Steps

_OPEN = ("open", None)
_ABOUT_THE_ORDER = frozenset(
    {FailureReason.ORDER_NOT_FOUND, FailureReason.ORDER_REJECTED, FailureReason.INVALID_REQUEST, FailureReason.OTHER}
)


class Cancelling:
    """The requests that cancel one order. Keeps no state; thread-safe and task-safe as far as the client is."""

    def __init__(self, exchange: Any, profile: IdProfile, lookup: Lookup) -> None:
        self._exchange = exchange
        self._profile = profile
        self._lookup = lookup

    def cancel(self, client_order_id: str, symbol: str | None) -> Steps[Order | None]:
        """Cancel, then read what became of the order.

        A cancel and a fill race, so a refusal such as "unknown order" only means that the order has to be looked up. It
        stands where the order is still open, or unknown altogether.

        Raises:
            UnreadableAnswer: the venue's answer is no order, and the order is still open; to be repeated.
        """
        if self._profile.cancel is not None:
            wanted = self._profile.sent(client_order_id)
            answer = yield from self._try(wanted, symbol, {self._profile.cancel: wanted})
            order = yield from self._lookup.find(client_order_id, symbol)
        else:
            found = yield from self._lookup.find(client_order_id, symbol)
            if found is None or found.get("status") not in _OPEN:
                return found
            answer = yield from self._try(found["id"], symbol, {})
            order = yield from self._read(found["id"], client_order_id, symbol)
        return self._outcome(client_order_id, answer, order)

    def _outcome(self, client_order_id: str, answer: Any, order: Order | None) -> Order | None:
        """Hold the answer to the cancel against what the lookup found."""
        if order is not None and order.get("status") not in _OPEN:
            return order
        if isinstance(answer, Exception):
            raise answer
        if not isinstance(answer, dict) or answer.get("id") is None:
            if order is not None:
                raise UnreadableAnswer(
                    f"{self._exchange.id} answered the cancel of {client_order_id} unreadably; the order is still open",
                    client_order_id=client_order_id,
                )
        elif order is None or answer.get("status") not in _OPEN:
            said: Order | None = exact_order(answer)
            return said  # the lookup lags behind
        return order

    def _read(self, order_id: str, client_order_id: str, symbol: str | None) -> Steps[Order | None]:
        """Read an order by its own id where the venue can't search for the application's."""
        if self._profile.conclusive or not self._exchange.has.get("fetchOrder"):
            return (yield from self._lookup.find(client_order_id, symbol))
        return (yield from self._lookup.by_own_id(order_id, symbol))

    def _try(self, order_id: str, symbol: str | None, params: dict[str, str]) -> Steps[Any]:
        """Send the cancel; return the answer or a refusal that is about the order, raise whatever else fails."""
        try:
            return (yield lambda: self._exchange.cancel_order(order_id, symbol, params))
        except Exception as error:
            name = ccxt_class(error)
            if name is None or judge(error, name, Message.of(error)).reason not in _ABOUT_THE_ORDER:
                raise
            return error
