"""No order twice, none lost: whatever became of a side effect is found out before anything is sent again."""

from recoup_plugins.order_submission.config import OrderSubmissionConfig
from recoup_plugins.order_submission.plugin import OrderSubmission

__all__ = ["OrderSubmission", "OrderSubmissionConfig"]
