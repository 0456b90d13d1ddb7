"""Has calls go wrong on purpose."""

from recoup_plugins.chaos.config import ChaosConfig
from recoup_plugins.chaos.plugin import ChaosPlugin, ChaosSettings, NotAllowed
from recoup_plugins.chaos.policy import ChaosPolicy

__all__ = ["ChaosConfig", "ChaosPlugin", "ChaosPolicy", "ChaosSettings", "NotAllowed"]
