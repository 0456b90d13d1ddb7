"""Limits how many calls are under way at a time by how long they take."""

from recoup_plugins.adaptive_concurrency.config import AdaptiveConcurrencyConfig
from recoup_plugins.adaptive_concurrency.gate import AdaptiveLimit
from recoup_plugins.adaptive_concurrency.limits import Aimd, Gradient, Window
from recoup_plugins.adaptive_concurrency.plugin import (
    AdaptiveConcurrencyPlugin,
    AdaptiveConcurrencySettings,
    AdaptiveStatus,
)

__all__ = [
    "AdaptiveConcurrencyConfig",
    "AdaptiveConcurrencyPlugin",
    "AdaptiveConcurrencySettings",
    "AdaptiveLimit",
    "AdaptiveStatus",
    "Aimd",
    "Gradient",
    "Window",
]
