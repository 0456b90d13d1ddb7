"""Refuses what matters least first when too much is under way."""

from recoup_plugins.load_shed.config import LoadShedConfig
from recoup_plugins.load_shed.gate import Load, LoadShedGate
from recoup_plugins.load_shed.plugin import LoadShedPlugin, LoadShedSettings, LoadStatus

__all__ = ["Load", "LoadShedConfig", "LoadShedGate", "LoadShedPlugin", "LoadShedSettings", "LoadStatus"]
