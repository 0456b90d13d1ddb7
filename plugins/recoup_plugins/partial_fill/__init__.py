"""What is done about an order that is filled in part, without ever filling more than was ordered."""

from recoup_plugins.partial_fill.config import FillPolicy, PartialFillConfig
from recoup_plugins.partial_fill.errors import PartiallyFilled
from recoup_plugins.partial_fill.plugin import PartialFill
from recoup_plugins.partial_fill.settlement import Settlement, SettlementState
from recoup_plugins.partial_fill.tracker import FillTracker

__all__ = [
    "FillPolicy",
    "FillTracker",
    "PartialFill",
    "PartialFillConfig",
    "PartiallyFilled",
    "Settlement",
    "SettlementState",
]
