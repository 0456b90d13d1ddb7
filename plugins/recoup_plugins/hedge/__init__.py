"""Sends a second attempt after a while and takes the first good answer, for calls that may be made twice."""

from recoup_plugins.hedge.budget import HedgeBudget
from recoup_plugins.hedge.config import HedgeConfig
from recoup_plugins.hedge.latency import LatencyWindow
from recoup_plugins.hedge.plugin import HedgePlugin
from recoup_plugins.hedge.policy import HedgePolicy
from recoup_plugins.hedge.race import Race

__all__ = ["HedgeBudget", "HedgeConfig", "HedgePlugin", "HedgePolicy", "LatencyWindow", "Race"]
