"""A refused order is not repeated; what made it invalid is looked up anew, and what goes on failing is halted."""

from recoup_plugins.order_rejection.config import OrderRejectionConfig
from recoup_plugins.order_rejection.plugin import OrderRejection

__all__ = ["OrderRejection", "OrderRejectionConfig"]
