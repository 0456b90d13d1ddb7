"""Venue error codes, where the class that ccxt picked misleads or says too little.

Sources: the error code pages of Binance (https://developers.binance.com/docs/binance-spot-api-docs/errors and its
futures counterpart), OKX (https://www.okx.com/docs-v5/en/#error-code), Bybit (https://bybit-exchange.github.io/docs/v5/error),
Kraken (https://docs.kraken.com/api/docs/guides/spot-errors) and KuCoin (https://www.kucoin.com/docs-new/error-code);
for the others, the meanings that ccxt 4.5 gives beside the codes in its error maps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import evolve, field, frozen

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
        wordless: ranges of such codes that are believed only of an answer that says nothing in words, since the words
            would say it better.
    """

    codes: Mapping[str, Classification] = field(factory=dict)
    texts: Mapping[str, Classification] = field(factory=dict)
    refused: tuple[range, ...] = ()
    refusals: tuple[str, ...] = ()
    wordless: tuple[range, ...] = ()


BINANCE = VenueCodes(
    codes={
        "-1000": verdicts.SERVER_ERROR,
        "-1001": verdicts.SERVER_ERROR,
        "-1003": verdicts.RATE_LIMITED,
        "-1006": verdicts.SERVER_ERROR,
        "-1007": verdicts.TIMED_OUT,
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
        # "Time out for too many requests from this account queueing at the same time".
        "-5041": verdicts.TIMED_OUT,
    },
    texts={
        "Duplicate order sent": verdicts.DUPLICATE,
        "insufficient balance": verdicts.NO_FUNDS,
        "Order would immediately match": verdicts.REJECTED,
        "System is under maintenance": verdicts.MAINTENANCE,
        "throttled by system-level protection": verdicts.RATE_LIMITED,
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


def _only(*codes: int) -> tuple[range, ...]:
    return tuple(range(code, code + 1) for code in codes)


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
        # Limits on subscriptions, which ccxt takes for rate limits.
        "4003": verdicts.REJECTED,
        "4008": verdicts.REJECTED,
        "58007": verdicts.UNCLEAR,
        "58112": verdicts.UNCLEAR,
    },
    refused=(range(51_000, 52_000), range(54_000, 55_000)),
    wordless=(
        *_only(50_010, 50_012, 50_025, 50_028, 50_100, 50_108, 50_109, 52_000, 60_020, 60_025),
        range(50_015, 50_024),
        range(58_000, 60_000),
    ),
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
        "5004": verdicts.TIMED_OUT,
        "30001": verdicts.DUPLICATE,
        # A limit on stop orders, which ccxt takes for a rate limit.
        "30033": verdicts.REJECTED,
    },
    refused=(range(110_000, 110_200), range(170_100, 170_300)),
    wordless=(
        range(30_000, 30_100),
        *_only(34_026, 131_208),
        range(131_090, 131_100),
        range(140_000, 140_100),
    ),
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
        "EService:Market in": verdicts.CANCEL_ONLY,
        "EService:Throttled": verdicts.RATE_LIMITED,
        "EService:Timeout": verdicts.TIMED_OUT,
        "EService:Unavailable": verdicts.SERVER_ERROR,
    },
    refusals=("EOrder:", "EGeneral:Invalid arguments", "EQuery:", "EAccount:", "EFunding:", "ETrade:"),
)

KUCOIN = VenueCodes(
    codes={
        "126033": verdicts.DUPLICATE,
        "126038": verdicts.SERVER_ERROR,
        "126039": verdicts.SERVER_ERROR,
        "126044": verdicts.DUPLICATE,
        "200004": verdicts.NO_FUNDS,
        "230005": verdicts.SERVER_ERROR,
        "400002": verdicts.CLOCK_SKEW,
        "400003": verdicts.UNAUTHENTICATED,
        "400004": verdicts.UNAUTHENTICATED,
        "400005": verdicts.UNAUTHENTICATED,
        "400006": verdicts.FORBIDDEN,
        "400007": verdicts.FORBIDDEN,
        "408000": verdicts.TIMED_OUT,
        "429000": verdicts.RATE_LIMITED,
        "500000": verdicts.SERVER_ERROR,
    },
    refused=(range(200_000, 201_000), range(300_000, 300_100), range(400_000, 401_000), *_only(900_001)),
    wordless=(range(126_001, 126_100), range(130_100, 130_110)),
)

BITGET = VenueCodes(
    codes={
        "30009": verdicts.SERVER_ERROR,
        "32012": verdicts.UNCLEAR,
        "32047": verdicts.SERVER_ERROR,
        "33012": verdicts.UNCLEAR,
        "34026": verdicts.UNCLEAR,
        "40015": verdicts.SERVER_ERROR,
    },
    wordless=(
        *_only(1003, 4002, 21_009, 36_005, 36_204, 36_214, 50_003, 50_010),
        range(30_016, 30_019),
        range(30_034, 30_036),
        range(32_000, 36_000),
        range(40_013, 40_800),
    ),
)

DERIBIT = VenueCodes(
    codes={
        # The queue of the matching engine is full: not told whether this request is in it.
        "10047": verdicts.SERVER_ERROR,
        "11035": verdicts.REJECTED,
        "11093": verdicts.REJECTED,
        "12001": verdicts.REJECTED,
    },
    wordless=(
        *_only(10_020, 10_030, 10_031, 10_048, 11_030, 11_048, 11_095, 12_002, 12_100, 13_025),
        range(11_052, 11_054),
        range(13_017, 13_021),
    ),
)

PACIFICA = VenueCodes(
    codes={"36": verdicts.DUPLICATE, "43": verdicts.DUPLICATE},
    wordless=(
        range(1, 14),
        *_only(24, 42, 63, 66, 67, 71, 79, 91),
        range(54, 57),
        range(95, 98),
        range(114, 119),
    ),
)

MEXC = VenueCodes(
    codes={"603": verdicts.DUPLICATE, "10200": verdicts.SERVER_ERROR, "700005": verdicts.INVALID},
    wordless=_only(26, 10_103, 10_216, 10_259, 10_265, 20_001, 30_000, 60_005, 88_009, 730_003, 730_100),
)

POLONIEX = VenueCodes(
    codes={
        "10006": verdicts.MAINTENANCE,
        "21312": verdicts.DUPLICATE,
        "21341": verdicts.MAINTENANCE,
        "21342": verdicts.MAINTENANCE,
        "21343": verdicts.MAINTENANCE,
        "25004": verdicts.DUPLICATE,
        "25006": verdicts.DUPLICATE,
    },
    wordless=_only(21_102, 21_355, 21_711, 25_003, 25_005, 25_017, 250_012),
)

LIGHTER = VenueCodes(
    codes={
        "21728": verdicts.DUPLICATE,
        "23001": verdicts.REJECTED,
        "23002": verdicts.REJECTED,
        "23003": verdicts.REJECTED,
    },
    wordless=(*_only(21_146), range(21_500, 21_502), range(21_505, 21_513)),
)

WOO = VenueCodes(
    codes={"-1007": verdicts.DUPLICATE, "-1012": verdicts.SERVER_ERROR, "317174": verdicts.SERVER_ERROR},
    wordless=(*_only(302_002, 302_110, 302_123, 302_143), range(311_001, 311_005)),
)

TOKOCRYPTO = VenueCodes(
    codes={"-1004": verdicts.SERVER_ERROR, "-3044": verdicts.SERVER_ERROR},
    wordless=_only(-6004, -4042, -4023, -4015, -3999, -3045, -3024, -3017, -3015, -3012, -3010, -3007, -3004),
)

COINSPH = VenueCodes(
    codes={
        "-1000": verdicts.SERVER_ERROR,
        "-1001": verdicts.SERVER_ERROR,
        "-1146": verdicts.TIMED_OUT,
        "-1147": verdicts.TIMED_OUT,
    },
)

TOOBIT = VenueCodes(
    codes={"-1141": verdicts.DUPLICATE, "-1411": verdicts.SERVER_ERROR, "-3147": verdicts.SERVER_ERROR},
    wordless=_only(-120_067, -120_047, -32_045, -3050, -1405, -1171),
)

ASTER = VenueCodes(
    # Limits on orders, which ccxt takes for rate limits.
    codes=dict.fromkeys(("-2025", "-4012", "-4032", "-4045", "-4077", "-4082"), verdicts.REJECTED)
)

BITVAVO = VenueCodes(wordless=(range(230, 236), *_only(401, 405, 407, 410, 414)))
BLOFIN = VenueCodes(codes={"102002": verdicts.DUPLICATE, "150003": verdicts.DUPLICATE, "152410": verdicts.INVALID})
BULLISH = VenueCodes(codes={"2029": verdicts.INVALID})
DERIVE = VenueCodes(codes={"-32603": verdicts.SERVER_ERROR, "9000": verdicts.TIMED_OUT})
DIGIFINEX = VenueCodes(codes={"20020": verdicts.FORBIDDEN})
EXTENDED = VenueCodes(codes={"1011": verdicts.MAINTENANCE, "1134": verdicts.DUPLICATE})
FOXBIT = VenueCodes(codes={"4011": verdicts.REJECTED})
GRVT = VenueCodes(codes={"2004": verdicts.UNAUTHENTICATED, "2090": verdicts.REJECTED})
PHEMEX = VenueCodes(codes={"19999": verdicts.DUPLICATE}, wordless=(range(11_000, 11_100),))


def _sister(codes: VenueCodes) -> VenueCodes:
    """Return what holds for another house of the same make, whose numbers alone nobody documents."""
    return evolve(codes, wordless=())


VENUES: dict[str, VenueCodes] = {
    "aster": ASTER,
    "binance": BINANCE,
    "binancecoinm": BINANCE,
    "binanceus": BINANCE,
    "binanceusdm": BINANCE,
    "bitget": BITGET,
    "bitvavo": BITVAVO,
    "blofin": BLOFIN,
    "bullish": BULLISH,
    "bybit": BYBIT,
    "bybiteu": _sister(BYBIT),
    "bybitid": _sister(BYBIT),
    "coinsph": COINSPH,
    "deribit": DERIBIT,
    "derive": DERIVE,
    "digifinex": DIGIFINEX,
    "extended": EXTENDED,
    "foxbit": FOXBIT,
    "grvt": GRVT,
    "kraken": KRAKEN,
    "kucoin": KUCOIN,
    "kucoinfutures": _sister(KUCOIN),
    "lighter": LIGHTER,
    "mexc": MEXC,
    "modetrade": WOO,
    "myokx": _sister(OKX),
    "okx": OKX,
    "okxus": _sister(OKX),
    "pacifica": PACIFICA,
    "phemex": PHEMEX,
    "poloniex": POLONIEX,
    "tokocrypto": TOKOCRYPTO,
    "toobit": TOOBIT,
    "woo": WOO,
    "woofipro": WOO,
}
"""By ccxt's exchange id."""
