"""Amounts, prices and order ids in running text (level CRITICAL)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from recoup_plugins.security_sanitizer.levels import Level
from recoup_plugins.security_sanitizer.order_frames import ORDER_RULES, TICKER_NAMES
from recoup_plugins.security_sanitizer.rule import Rule

if TYPE_CHECKING:
    import re

_NUMBER: Final = r"[+\-]?\d[\d,_]{0,24}(?:\.\d{1,24})?"
_UNITS: Final = (
    "BTC|XBT|ETH|USDT|USDC|USD|EUR|GBP|JPY|CHF|AUD|CAD|CNY|KRW|INR|BRL|TRY|RUB|BUSD|DAI|TUSD|FDUSD|BNB|SOL|XRP|ADA|"
    "DOGE|DOT|"
    "AVAX|MATIC|POL|LTC|BCH|LINK|TRX|ATOM|UNI|XLM|XMR|ETC|FIL|APT|ARB|OP|NEAR|SUI|TON|PEPE|SHIB|WETH|WBTC|sats?|"
    "satoshis?|"
    "XXBT|XETH|XXRP|XLTC|XXLM|XXDG|ZUSD|ZEUR|ZGBP|ZJPY|ZCAD|"
    "gwei|wei|lots?|contracts?|coins?|shares?|dollars?|euros?"
)
_NAMES: Final = (
    "amount|qty|quantity|price|balance|size|volume|cost|fees?|margin|pnl|equity|notional|position|filled|remaining|"
    "available|"
    "required|bid|ask|avg|tp|sl|take profit|stop "
    "loss|leverage|ratio|roi|roe|spent|paid|received|worth|value|deposit|withdrawal|transfer|collateral|exposure|"
    "stop|limit|entry|exit|buy|sell|bought|sold|long|short|funds|total|free|used|locked|profit|loss|at|@|for|"
    "need|have|has|minimum|maximum|than|of|liq|liquidation|mark|index|net|gross|pays?|"
    "won|lost|earned|borrowed|owed|debt|interest|cash|executed|nav|aum|turnover|payout|rebate|px|sz|amt|bal|"
    "avail|upl|upnl|vwap|vol|mid|settled|liquidated|fill|partial fill"
)
_COMPOUND: Final = "(?:Price|Balance|Qty|Quantity|Amt|Amount|Size|P[nN][lL]|Margin|Value|Equity|Cost|Fee|Volume|Px)"
"""Ends of what venues call such numbers in camel case: ``walletBalance``, ``entryPrice``."""


def _order_id(match: re.Match[str]) -> tuple[int, int] | None:
    return match.span(1) if any(char.isdigit() for char in match.group(1)) else None


CRITICAL_RULES: Final = (
    *ORDER_RULES,
    Rule(
        name="amount_unit",
        kind="AMOUNT",
        level=Level.CRITICAL,
        pattern=rf"({_NUMBER})\s{{0,2}}(?:(?:{_UNITS})\b|[$€£₿])",
        shapes=("0",),
        group=1,
    ),
    Rule(
        name="unit_amount",
        kind="AMOUNT",
        level=Level.CRITICAL,
        pattern=rf"\b(?:{_UNITS})(?:\\{{0,4}}[\"']\s?:\s?\\{{0,4}}[\"']?|[ :=]{{1,3}})({_NUMBER})",
        shapes=("0",),
        group=1,
    ),
    Rule(
        name="amount_currency",
        kind="AMOUNT",
        level=Level.CRITICAL,
        pattern=rf"[$€£¥₿₩₹]\s{{0,2}}({_NUMBER})",
        shapes=("0",),
        group=1,
    ),
    Rule(
        name="amount_named",
        kind="AMOUNT",
        level=Level.CRITICAL,
        pattern=rf"(?:^|[\s(\[,;/])(?:[a-z]{{2,16}}{_COMPOUND}|(?i:{_NAMES}))"
        rf"(?:\s(?:today|now|moved|rose|fell|total|so far|yesterday|currently):?){{0,1}}"
        rf"\s{{1,2}}(?:(?:of|is|was|at|for|to|about)\s{{1,2}})?({_NUMBER}(?:/{_NUMBER})?)",
        shapes=("0",),
        group=1,
    ),
    Rule(
        name="amount_of_state",
        kind="AMOUNT",
        level=Level.CRITICAL,
        pattern=r"(?:^|[\s(\[,;])(\d[\d,]{0,24}\.\d{1,24}) (?i:used|free|available|avail|total|locked|frozen|filled|"
        r"remaining|left|"
        r"short|long|in (?:use|orders?)|reserved|held|owed|borrowed|withdrawn|deposited|transferred)\b",
        shapes=("0.0",),
        group=1,
    ),
    Rule(
        name="order_acted_on",
        kind="ORDER_ID",
        level=Level.CRITICAL,
        pattern=r"\b(?i:cancell?(?:ed|ing)?|amend(?:ed|ing)?|replac(?:e|ed|ing)|modif(?:y|ied|ying)|submitted|"
        r"placed|fetch(?:ing|ed)?)"
        r" #?(\d{6,24}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\b",
        literals=("cancel", "amend", "replac", "modif", "submitted", "placed", "fetch"),
        group=1,
    ),
    Rule(
        name="ticker_price",
        kind="PRICE",
        level=Level.CRITICAL,
        pattern=rf"(?i:\b(?:{'|'.join(TICKER_NAMES)}|vwap|settle|settlement|total|subtotal|sum|net|gross))\\{{0,4}}[\"']?\s?[:=]\s?"
        r"\\{0,4}[\"']?(\d{1,12}\.\d{1,18})\b",
        literals=(*TICKER_NAMES, "vwap", "settle", "total", "sum", "net", "gross"),
        shapes=("0.0",),
        group=1,
    ),
    Rule(
        name="order_named",
        kind="ORDER_ID",
        level=Level.CRITICAL,
        pattern=r"\b(?:[Oo]id|[Oo]rder|ORDER|[Tt]rade|[Ff]ill|[Ee]xecution)s?(?:[ _\-]?[Ii][Dd]s?)?"
        r"(?: (?:sent|placed|created|submitted|cancell?ed|rejected|filled|amended|not found|no\.?|number|ref|"
        r"with id)){0,2}"
        r"[\s#:='\"(\[]{1,4}([\w\-]{4,64})",
        literals=("order", "trade", "fill", "execution", "oid "),
        locate=_order_id,
    ),
)
"""Rules at level CRITICAL, in the order in which they are tried."""
