"""recoup for ccxt: a classifier, and the ports over any ccxt exchange."""

from recoup import UnreadableAnswer
from recoup_ccxt.classifier import CcxtClassifier
from recoup_ccxt.client_ids import client_order_id
from recoup_ccxt.errors import ClockNotSyncable, NotOffered
from recoup_ccxt.venue import CcxtVenue

__all__ = [
    "CcxtClassifier",
    "CcxtVenue",
    "ClockNotSyncable",
    "NotOffered",
    "UnreadableAnswer",
    "client_order_id",
]
