"""The symbols the venue lists, with their filters."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from attrs import Attribute, field, frozen

from recoup_sim.answers import VenueError, filter_failure

DECIMALS = 8
"""Decimal places of every amount on the wire, as on Binance spot."""

MAX_PRICE = Decimal(1_000_000)
"""Highest price of an order, in quote per base; 1,000,000 is BTCUSDT's own bound."""


def wire(amount: Decimal) -> str:
    """Return ``amount`` as the venue writes it: a plain decimal string with eight places."""
    return f"{amount:.{DECIMALS}f}"


def _places(amount: Decimal) -> int:
    exponent = amount.normalize().as_tuple().exponent
    return -exponent if isinstance(exponent, int) and exponent < 0 else 0


def _positive(_: Any, attribute: Attribute[Any], value: Any) -> None:
    if not isinstance(value, Decimal) or not value.is_finite() or value <= 0:
        raise ValueError(f"Market.{attribute.name} must be a positive Decimal, got {value!r}")


@frozen(kw_only=True)
class Market:
    """A spot symbol. A value, so safe to share between threads and tasks.

    Attributes:
        base: Asset that is bought and sold.
        quote: Asset that it is paid with.
        price: Reference price at the start, in quote per base.
        tick_size: Smallest step of a price.
        step_size: Smallest step of a quantity.
        min_quantity: Smallest quantity of an order, in base.
        max_quantity: Largest quantity of an order, in base.
        min_notional: Smallest price times quantity, in quote.

    Raises:
        ValueError: When a number is not a positive Decimal, or when price times quantity
            could need more than eight decimal places.
    """

    base: str
    quote: str
    price: Decimal = field(validator=_positive)
    tick_size: Decimal = field(default=Decimal("0.01"), validator=_positive)
    step_size: Decimal = field(default=Decimal("0.00001"), validator=_positive)
    min_quantity: Decimal = field(default=Decimal("0.00001"), validator=_positive)
    max_quantity: Decimal = field(default=Decimal(9000), validator=_positive)
    min_notional: Decimal = field(default=Decimal(5), validator=_positive)

    def __attrs_post_init__(self) -> None:
        places = _places(self.tick_size) + _places(self.step_size)
        if places > DECIMALS:
            raise ValueError(
                f"Market {self.symbol}: tick_size and step_size give {places} decimal places, the wire has {DECIMALS}"
            )

    @property
    def symbol(self) -> str:
        """The symbol as the venue writes it, ``BTCUSDT``."""
        return self.base + self.quote

    def check_price(self, price: Decimal) -> None:
        """Refuse a price off the tick or out of bounds (-1013 PRICE_FILTER)."""
        if not self.tick_size <= price <= MAX_PRICE or price % self.tick_size:
            raise filter_failure("PRICE_FILTER")

    def check_quantity(self, quantity: Decimal) -> None:
        """Refuse a quantity off the step or out of bounds (-1013 LOT_SIZE)."""
        if quantity % self.step_size or not self.min_quantity <= quantity <= self.max_quantity:
            raise filter_failure("LOT_SIZE")

    def check_notional(self, price: Decimal, quantity: Decimal) -> None:
        """Refuse an order worth too little (-1013 NOTIONAL)."""
        if price * quantity < self.min_notional:
            raise filter_failure("NOTIONAL")

    def describe(self) -> dict[str, Any]:
        """Return the symbol's entry of ``exchangeInfo``."""
        return {
            "symbol": self.symbol,
            "status": "TRADING",
            "baseAsset": self.base,
            "baseAssetPrecision": DECIMALS,
            "quoteAsset": self.quote,
            "quotePrecision": DECIMALS,
            "quoteAssetPrecision": DECIMALS,
            "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET"],
            "icebergAllowed": False,
            "ocoAllowed": False,
            "quoteOrderQtyMarketAllowed": False,
            "isSpotTradingAllowed": True,
            "isMarginTradingAllowed": False,
            "filters": [
                {
                    "filterType": "PRICE_FILTER",
                    "minPrice": wire(self.tick_size),
                    "maxPrice": wire(MAX_PRICE),
                    "tickSize": wire(self.tick_size),
                },
                {
                    "filterType": "LOT_SIZE",
                    "minQty": wire(self.min_quantity),
                    "maxQty": wire(self.max_quantity),
                    "stepSize": wire(self.step_size),
                },
                {
                    "filterType": "NOTIONAL",
                    "minNotional": wire(self.min_notional),
                    "applyMinToMarket": True,
                    "avgPriceMins": 0,
                },
            ],
            "permissions": ["SPOT"],
        }


def invalid_symbol() -> VenueError:
    """Return the refusal of a symbol the venue doesn't list (-1121)."""
    return VenueError(-1121, "Invalid symbol.")


DEFAULT_MARKETS = (
    Market(base="BTC", quote="USDT", price=Decimal(50_000)),
    Market(base="ETH", quote="USDT", price=Decimal(2_500), step_size=Decimal("0.0001"), min_quantity=Decimal("0.0001")),
)
"""What the venue lists unless told otherwise."""
