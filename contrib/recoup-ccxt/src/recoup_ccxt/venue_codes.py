"""Venue error codes, where the class that ccxt picked misleads or says too little.

Sources: the error code pages of Binance (https://developers.binance.com/docs/binance-spot-api-docs/errors and its
futures counterpart), OKX (https://www.okx.com/docs-v5/en/#error-code), Bybit (https://bybit-exchange.github.io/docs/v5/error),
Kraken (https://docs.kraken.com/api/docs/guides/spot-errors) and KuCoin (https://www.kucoin.com/docs-new/error-code).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import field, frozen

from recoup_ccxt import verdicts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from recoup import Classification


@frozen(kw_only=True)
class VenueCodes:
    """What one venue's codes and texts mean. Immutable.

    Attributes:
        codes: by code; wins over ccxt's class.
        texts: by text in the body; wins over ccxt's class.
        refused: ranges of codes with which the venue says that it did not do what it was asked to. They settle a
            plain ``ExchangeError``, which alone leaves the outcome open.
        refusals: texts that say so.
    """

    codes: Mapping[str, Classification] = field(factory=dict)
    texts: Mapping[str, Classification] = field(factory=dict)
    refused: tuple[range, ...] = ()
    refusals: tuple[str, ...] = ()


BINANCE = VenueCodes(
    codes={
        "-1000": verdicts.SERVER_ERROR,
        "-1001": verdicts.SERVER_ERROR,
        "-1003": verdicts.RATE_LIMITED,
        "-1006": verdicts.SERVER_ERROR,
        "-1007": verdicts.TIMED_OUT,
        # "Request throttled by system-level protection": refused before execution.
        "-1008": verdicts.RATE_LIMITED,
        "-1015": verdicts.RATE_LIMITED,
        "-1021": verdicts.CLOCK_SKEW,
        "-1022": verdicts.UNAUTHENTICATED,
        "-2011": verdicts.NOT_FOUND,
        "-2013": verdicts.NOT_FOUND,
        "-2014": verdicts.UNAUTHENTICATED,
        "-2015": verdicts.UNAUTHENTICATED,
        "-2018": verdicts.NO_FUNDS,
        "-2019": verdicts.NO_FUNDS,
        "-4116": verdicts.DUPLICATE,
    },
    texts={
        "Duplicate order sent": verdicts.DUPLICATE,
        "insufficient balance": verdicts.NO_FUNDS,
        "Order would immediately match": verdicts.REJECTED,
        "System is under maintenance": verdicts.MAINTENANCE,
        # The -2015 answer once more, for the time when its code did not make it into the message.
        "Invalid API-key, IP, or permissions": verdicts.UNAUTHENTICATED,
    },
    refused=(
        range(-1199, -1099),
        range(-2029, -2009),
        range(-4028, -3999),
        range(-4140, -4129),
        range(-4169, -4159),
        range(-5029, -5019),
    ),
)

OKX = VenueCodes(
    codes={
        # "Service temporarily unavailable" does not say that the request was not processed.
        "50001": verdicts.MAINTENANCE,
        "50004": verdicts.TIMED_OUT,
        "50011": verdicts.RATE_LIMITED,
        "50013": verdicts.SERVER_ERROR,
        "50026": verdicts.SERVER_ERROR,
        "50040": verdicts.RATE_LIMITED,
        "50061": verdicts.RATE_LIMITED,
        "50102": verdicts.CLOCK_SKEW,
        "51008": verdicts.NO_FUNDS,
        "51011": verdicts.DUPLICATE,
        "51016": verdicts.DUPLICATE,
        "51149": verdicts.TIMED_OUT,
        "51603": verdicts.NOT_FOUND,
    },
    refused=(range(51_000, 52_000), range(54_000, 55_000)),
)

BYBIT = VenueCodes(
    codes={
        "10000": verdicts.TIMED_OUT,
        "10002": verdicts.CLOCK_SKEW,
        "10006": verdicts.RATE_LIMITED,
        "10014": verdicts.DUPLICATE,
        "10016": verdicts.SERVER_ERROR,
        "10018": verdicts.RATE_LIMITED,
        "10019": verdicts.SERVER_ERROR,
        "10429": verdicts.RATE_LIMITED,
        "12141": verdicts.DUPLICATE,
        "110030": verdicts.DUPLICATE,
        "110072": verdicts.DUPLICATE,
        "140030": verdicts.DUPLICATE,
        "170001": verdicts.SERVER_ERROR,
        "170005": verdicts.RATE_LIMITED,
        "170007": verdicts.TIMED_OUT,
        "170032": verdicts.SERVER_ERROR,
        # "Submitted to the system for processing!"
        "170035": verdicts.UNCLEAR,
        "170141": verdicts.DUPLICATE,
        "170146": verdicts.TIMED_OUT,
        "170147": verdicts.TIMED_OUT,
        "170149": verdicts.SERVER_ERROR,
        "170150": verdicts.SERVER_ERROR,
        "170234": verdicts.SERVER_ERROR,
    },
    refused=(range(110_000, 110_200), range(170_100, 170_300)),
)

KRAKEN = VenueCodes(
    texts={
        "EAPI:Invalid nonce": verdicts.CLOCK_SKEW,
        "EAPI:Invalid key": verdicts.UNAUTHENTICATED,
        "EAPI:Invalid signature": verdicts.UNAUTHENTICATED,
        "EAPI:Rate limit exceeded": verdicts.RATE_LIMITED,
        "EGeneral:Internal error": verdicts.SERVER_ERROR,
        "EGeneral:Permission denied": verdicts.FORBIDDEN,
        "EGeneral:Temporary lockout": verdicts.BANNED,
        "EGeneral:Too many requests": verdicts.RATE_LIMITED,
        "EOrder:Domain rate limit exceeded": verdicts.RATE_LIMITED,
        "EOrder:Insufficient": verdicts.NO_FUNDS,
        "EOrder:Rate limit exceeded": verdicts.RATE_LIMITED,
        "EOrder:Unknown order": verdicts.NOT_FOUND,
        "EService:Busy": verdicts.SERVER_ERROR,
        "EService:Deadline elapsed": verdicts.TIMED_OUT,
        # "Market in cancel_only mode", "post_only mode": refused by the market itself.
        "EService:Market in": verdicts.MARKET_CLOSED,
        "EService:Throttled": verdicts.RATE_LIMITED,
        "EService:Timeout": verdicts.TIMED_OUT,
        "EService:Unavailable": verdicts.SERVER_ERROR,
    },
    refusals=("EOrder:", "EGeneral:Invalid arguments", "EQuery:", "EAccount:", "EFunding:", "ETrade:"),
)

KUCOIN = VenueCodes(
    codes={
        "126033": verdicts.DUPLICATE,
        "126044": verdicts.DUPLICATE,
        "200004": verdicts.NO_FUNDS,
        "230005": verdicts.SERVER_ERROR,
        "400002": verdicts.CLOCK_SKEW,
        "400003": verdicts.UNAUTHENTICATED,
        "400004": verdicts.UNAUTHENTICATED,
        "400005": verdicts.UNAUTHENTICATED,
        "400006": verdicts.FORBIDDEN,
        "400007": verdicts.FORBIDDEN,
        "429000": verdicts.RATE_LIMITED,
        "500000": verdicts.SERVER_ERROR,
    },
    refused=(range(200_000, 201_000), range(300_000, 300_100), range(400_000, 401_000), range(900_001, 900_002)),
)

VENUES: dict[str, VenueCodes] = {
    "binance": BINANCE,
    "binancecoinm": BINANCE,
    "binanceus": BINANCE,
    "binanceusdm": BINANCE,
    "bybit": BYBIT,
    "bybiteu": BYBIT,
    "bybitid": BYBIT,
    "kraken": KRAKEN,
    "kucoin": KUCOIN,
    "kucoinfutures": KUCOIN,
    "myokx": OKX,
    "okx": OKX,
    "okxus": OKX,
}
"""By ccxt's exchange id."""

DUPLICATES = (
    "duplicate order",
    "duplicated order",
    "duplicate client",
    "duplicated client",
    "duplicate cl_ord",
    "clientoid duplicate",
    "clientorderid is duplicate",
    "orderlinkid is duplicate",
    "orderlinkedid is duplicate",
    "order id already exist",
    "client order id already",
)
"""What venues say, in lower case, of an order whose id they know already."""
