"""Orders and trades: what a client asks for, and what the venue makes of it."""

from __future__ import annotations

import enum
import re
from decimal import Decimal
from typing import TYPE_CHECKING, TypeVar

from attrs import Factory, define, frozen

from recoup_sim.answers import VenueError, missing_parameter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from recoup_sim.markets import Market

_E = TypeVar("_E", bound=enum.Enum)

CLIENT_ID_PATTERN = r"^[\.A-Z\:/a-z0-9_-]{1,36}$"
_CLIENT_ID = re.compile(CLIENT_ID_PATTERN)
_AMOUNT = re.compile(r"^[0-9]{1,20}(?:\.[0-9]{1,20})?$")


class Side(enum.Enum):
    """Which way an order trades the base asset."""

    BUY = "BUY"
    SELL = "SELL"


class OrderType(enum.Enum):
    """The order types that the venue takes."""

    LIMIT = "LIMIT"
    LIMIT_MAKER = "LIMIT_MAKER"
    MARKET = "MARKET"


class TimeInForce(enum.Enum):
    """How long an order rests."""

    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"


class Status(enum.Enum):
    """Where an order stands."""

    NEW = "NEW"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"
    REJECTED = "REJECTED"


@frozen(kw_only=True)
class Ticket:
    """An order as asked for. A value, so safe to share between threads and tasks.

    Attributes:
        symbol: For example ``BTCUSDT``.
        side: Buy or sell.
        type: Order type.
        time_in_force: GTC, IOC or FOK.
        quantity: In base.
        price: Limit in quote per base; None for a market order.
        client_order_id: Chosen by the client, or by the venue where the client chose none.
    """

    symbol: str
    side: Side
    type: OrderType
    time_in_force: TimeInForce
    quantity: Decimal
    price: Decimal | None
    client_order_id: str


@frozen(kw_only=True)
class Trade:
    """One fill. A value, so safe to share between threads and tasks.

    Attributes:
        trade_id: Unique in the venue.
        order_id: The order that it fills.
        client_order_id: That order's client id.
        symbol: For example ``BTCUSDT``.
        side: The order's side.
        price: In quote per base.
        quantity: In base.
        commission: In ``commission_asset``.
        commission_asset: The asset that the fill brought in.
        time_ms: The venue's time in milliseconds since 1970.
        maker: Whether the order was resting.
    """

    trade_id: int
    order_id: int
    client_order_id: str
    symbol: str
    side: Side
    price: Decimal
    quantity: Decimal
    commission: Decimal
    commission_asset: str
    time_ms: int
    maker: bool


@define(kw_only=True, eq=False)
class Order:
    """An accepted order. Owned by the matching engine; neither thread- nor task-safe by itself.

    Attributes:
        order_id: Unique in the venue.
        ticket: What the client asked for.
        market: The order's symbol.
        reserve_price: At which the funds of what is not filled are locked, in quote per base.
        created_ms: The venue's time of acceptance, in milliseconds since 1970.
        updated_ms: The venue's time of the last change.
        status: Where the order stands.
        trades: Its fills, oldest first.
    """

    order_id: int
    ticket: Ticket
    market: Market
    reserve_price: Decimal
    created_ms: int
    updated_ms: int
    status: Status = Status.NEW
    trades: list[Trade] = Factory(list)

    @property
    def filled(self) -> Decimal:
        """Quantity filled so far, in base."""
        return sum((trade.quantity for trade in self.trades), Decimal(0))

    @property
    def filled_quote(self) -> Decimal:
        """Value filled so far, in quote."""
        return sum((trade.quantity * trade.price for trade in self.trades), Decimal(0))

    @property
    def remaining(self) -> Decimal:
        """Quantity not filled, in base."""
        return self.ticket.quantity - self.filled

    @property
    def is_open(self) -> bool:
        """Whether the order can still trade."""
        return self.status in {Status.NEW, Status.PARTIALLY_FILLED}


def parse_ticket(params: Mapping[str, str], *, default_client_id: str) -> Ticket:
    """Read an order from the parameters of a request.

    Args:
        params: The request's parameters, all text.
        default_client_id: The id for an order whose client chose none.

    Raises:
        VenueError: -1102 for a missing parameter, -1100 for a malformed one,
            -1115, -1116, -1117 for an unknown time in force, type, side.
    """
    order_type = _choice(OrderType, required(params, "type"), code=-1116, text="Invalid orderType.")
    priced = order_type is not OrderType.MARKET
    time_in_force = TimeInForce.GTC
    if order_type is OrderType.LIMIT:
        time_in_force = _choice(TimeInForce, required(params, "timeInForce"), code=-1115, text="Invalid timeInForce.")
    client_order_id = params.get("newClientOrderId") or default_client_id
    if not _CLIENT_ID.match(client_order_id):
        raise VenueError(
            -1100, f"Illegal characters found in parameter 'newClientOrderId'; legal range is '{CLIENT_ID_PATTERN}'."
        )
    return Ticket(
        symbol=required(params, "symbol"),
        side=_choice(Side, required(params, "side"), code=-1117, text="Invalid side."),
        type=order_type,
        time_in_force=time_in_force,
        quantity=_amount(params, "quantity"),
        price=_amount(params, "price") if priced else None,
        client_order_id=client_order_id,
    )


def required(params: Mapping[str, str], name: str) -> str:
    """Return a mandatory parameter.

    Raises:
        VenueError: -1102 when it is missing or empty.
    """
    value = params.get(name)
    if not value:
        raise missing_parameter(name)
    return value


def _amount(params: Mapping[str, str], name: str) -> Decimal:
    text = required(params, name)
    if not _AMOUNT.match(text):
        raise VenueError(
            -1100,
            f"Illegal characters found in parameter '{name}'; legal range is '^([0-9]{{1,20}})(\\.[0-9]{{1,20}})?$'.",
        )
    return Decimal(text)


def _choice(kind: type[_E], value: str, *, code: int, text: str) -> _E:
    try:
        return kind(value)
    except ValueError:
        raise VenueError(code, text) from None
