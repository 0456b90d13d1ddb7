"""recoup for ccxt: a classifier, a clock recovery, and the order and venue ports over any ccxt exchange."""

from recoup_ccxt.classifier import CcxtClassifier
from recoup_ccxt.clock_sync import CcxtClockSync
from recoup_ccxt.errors import ClockNotSyncable, UnreadableAnswer
from recoup_ccxt.venue import CcxtVenue

__all__ = ["CcxtClassifier", "CcxtClockSync", "CcxtVenue", "ClockNotSyncable", "UnreadableAnswer"]
