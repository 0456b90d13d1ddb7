"""No order twice, none lost: whatever became of a submission is found out before anything is sent again."""

from recoup_plugins.order_submission.plugin import OrderSubmission, OrderSubmissionConfig

__all__ = ["OrderSubmission", "OrderSubmissionConfig"]
