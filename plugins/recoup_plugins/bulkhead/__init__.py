"""Limits how many calls are under way at a time, with a bounded queue for those beyond."""

from recoup_plugins.bulkhead.config import BulkheadConfig
from recoup_plugins.bulkhead.plugin import BulkheadPlugin, BulkheadSettings, BulkheadStatus

__all__ = ["BulkheadConfig", "BulkheadPlugin", "BulkheadSettings", "BulkheadStatus"]
