"""What an error of ccxt's means for the request that was made."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from recoup_ccxt import verdicts
from recoup_ccxt.exception_table import CLASSES, STATUSES
from recoup_ccxt.phrases import Phrase, says
from recoup_ccxt.reading import read
from recoup_ccxt.transport import Stage, stage_of
from recoup_ccxt.venue_codes import VENUES, VenueCodes

if TYPE_CHECKING:
    from recoup import Classification
    from recoup_ccxt.message import Message

_WORD = re.compile(r"[a-z]{3}")
_UNINFORMED = VenueCodes()
_DECIDED_BY_STATUS = frozenset({418, 429})
_STATUS_CLASSES = frozenset({"ExchangeNotAvailable", "ExchangeError", "NetworkError", "RequestTimeout"})
_BY_STATUS = frozenset({"ExchangeNotAvailable", "ExchangeError"})
_MAY_BE_LIMIT = _STATUS_CLASSES | {"BaseError", "DDoSProtection", "OperationFailed", "RateLimitExceeded"}
_REFUSED_UNREAD = frozenset({verdicts.RATE_LIMITED, verdicts.BANNED, verdicts.CLOCK_SKEW})


def judge(error: Exception, name: str, message: Message) -> Classification:
    """Judge an error by the name of its ccxt class and its message.

    In this order: the transport where there was no answer, the statuses 418 and 429, the venue's code, the venue's
    words, any other status, ccxt's class.
    """
    if message.bare:
        return _by_transport(error, name)
    words = message.words()
    if message.status in _DECIDED_BY_STATUS and name in _MAY_BE_LIMIT:
        return verdicts.UNAUTHENTICATED if says(Phrase.KEY_REFUSED, words) else STATUSES[message.status]
    codes = VENUES.get(message.venue, _UNINFORMED)
    return _by_code(codes, name, message) or _by_words(name, message, words) or _by_class(codes, name, message)


def _by_transport(error: Exception, name: str) -> Classification:
    stage = stage_of(error)
    if stage is Stage.CERTIFICATE:
        return verdicts.CERTIFICATE_REFUSED
    if stage is Stage.NEVER_SENT:
        return verdicts.NOT_SENT
    if name == "ExchangeError":
        # A body that broke off, or an HTTP status that ccxt has no class for.
        status = getattr(getattr(error.__cause__, "response", None), "status_code", None)
        if stage is not Stage.ANSWERED or status is None:
            return verdicts.UNREADABLE
        return STATUSES.get(status, verdicts.SERVER_ERROR)
    if name == "ExchangeNotAvailable":
        return verdicts.CONNECTION_LOST
    return CLASSES[name]


def _by_code(codes: VenueCodes, name: str, message: Message) -> Classification | None:
    """Take the venue's code, but not its number alone as leave to send again where ccxt's class gives none."""
    for text, found in codes.texts.items():
        if text in message.text:
            return found
    for code in message.codes:
        found_code = codes.codes.get(code)
        if found_code is not None and (found_code not in _REFUSED_UNREAD or CLASSES[name] in _REFUSED_UNREAD):
            return found_code
    return None


def _by_words(name: str, message: Message, words: str) -> Classification | None:
    """Read what the venue says, but not what a gateway before it says with a 5xx of its own."""
    if name in _STATUS_CLASSES and message.status is not None and message.status >= 500:  # noqa: PLR2004 - RFC 9110 §15.6
        return None
    return read(name, words)


def _by_class(codes: VenueCodes, name: str, message: Message) -> Classification:
    if name in _BY_STATUS and message.status is not None and not (name == "ExchangeNotAvailable" and message.codes):
        if message.status == 503 and (message.page or "maintenance" in message.text.lower()):  # noqa: PLR2004 - RFC 9110 §15.6.4
            return verdicts.MAINTENANCE
        return STATUSES.get(message.status, CLASSES[name])
    if name == "ExchangeError" and _is_refusal(codes, message):
        return verdicts.REJECTED
    return CLASSES[name]


def _is_refusal(codes: VenueCodes, message: Message) -> bool:
    spans = codes.refused if _WORD.search(message.words()) else (*codes.refused, *codes.wordless)
    return any(int(code) in span for code in message.codes for span in spans) or any(
        text in message.text for text in codes.refusals
    )
