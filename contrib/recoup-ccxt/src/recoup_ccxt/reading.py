"""From ccxt's class and the venue's own words to a verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recoup_ccxt import verdicts
from recoup_ccxt.phrases import Phrase, says

if TYPE_CHECKING:
    from collections.abc import Mapping

    from recoup import Classification

_OUTCOME_OPEN = {
    Phrase.CLOCK: verdicts.CLOCK_SKEW,
    Phrase.TIMEOUT: verdicts.TIMED_OUT,
    Phrase.OPEN: verdicts.SERVER_ERROR,
    Phrase.CANCEL_ONLY: verdicts.CANCEL_ONLY,
    Phrase.MAINTENANCE: verdicts.MAINTENANCE,
}
_REASONS = {
    Phrase.DUPLICATE: verdicts.DUPLICATE,
    Phrase.THROTTLED: verdicts.RATE_LIMITED,
    Phrase.FUNDS: verdicts.NO_FUNDS,
    Phrase.AUTH: verdicts.UNAUTHENTICATED,
    Phrase.PERMISSION: verdicts.FORBIDDEN,
}
_VAGUE = _OUTCOME_OPEN | _REASONS
# An error that looks like one of the key's is no limit, nor is a limit on how much there may be.
_LIMIT = {
    Phrase.KEY_REFUSED: verdicts.UNAUTHENTICATED,
    Phrase.BAN: verdicts.BANNED,
    Phrase.TIMEOUT: verdicts.TIMED_OUT,
    Phrase.OPEN: verdicts.SERVER_ERROR,
    Phrase.RATE: verdicts.RATE_LIMITED,
    Phrase.COUNT: verdicts.REJECTED,
    Phrase.AUTH: verdicts.UNAUTHENTICATED,
    Phrase.PERMISSION: verdicts.FORBIDDEN,
    Phrase.BUSY: verdicts.SERVER_ERROR,
}

READINGS: Mapping[str, Mapping[Phrase, Classification]] = {
    "BadRequest": _OUTCOME_OPEN | {Phrase.DUPLICATE: verdicts.DUPLICATE, Phrase.THROTTLED: verdicts.RATE_LIMITED},
    "BadResponse": _VAGUE,
    "BaseError": _VAGUE | {Phrase.REFUSED: verdicts.REJECTED},
    "CancelPending": {},
    "DDoSProtection": _LIMIT,
    "DuplicateOrderId": {Phrase.ADDRESS: verdicts.INVALID},
    "ExchangeError": _VAGUE | {Phrase.REFUSED: verdicts.REJECTED},
    "ExchangeNotAvailable": _OUTCOME_OPEN | {Phrase.THROTTLED: verdicts.RATE_LIMITED, Phrase.CLOSED: verdicts.REJECTED},
    "InsufficientFunds": {},
    "InvalidNonce": {
        Phrase.MALFORMED: verdicts.INVALID,
        Phrase.SESSION: verdicts.UNAUTHENTICATED,
        Phrase.REUSED: verdicts.UNCLEAR,
    },
    "InvalidOrder": _VAGUE,
    "NetworkError": {},
    "OnMaintenance": {Phrase.CANCEL_ONLY: verdicts.CANCEL_ONLY},
    "OperationFailed": _VAGUE | {Phrase.REFUSED: verdicts.REJECTED},
    "OperationRejected": _VAGUE,
    "OrderNotFound": {},
    "RateLimitExceeded": _LIMIT,
    "RequestTimeout": {},
}
"""By ccxt's class, what its words may say besides, the first phrase that is found counting.

Words of an unknown outcome leave it unknown, whatever the class. Only a class made for it, or words that leave no
doubt, say that a request was refused unread and may be sent again. Classes that are missing here hear only the former.
"""


def read(name: str, words: str) -> Classification | None:
    """Judge an answer by ccxt's class and the venue's words; None where they add nothing to the class."""
    for phrase, verdict in READINGS.get(name, _OUTCOME_OPEN).items():
        if says(phrase, words):
            return verdict
    return None
