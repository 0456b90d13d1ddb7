"""Waits until a venue is back from maintenance, and takes new orders only when both sides agree again."""

from recoup_plugins.exchange_maintenance.config import ExchangeMaintenanceConfig
from recoup_plugins.exchange_maintenance.plugin import ExchangeMaintenance
from recoup_plugins.exchange_maintenance.windows import MaintenanceWindow

__all__ = ["ExchangeMaintenance", "ExchangeMaintenanceConfig", "MaintenanceWindow"]
