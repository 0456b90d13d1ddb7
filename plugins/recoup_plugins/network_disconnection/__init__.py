"""Brings a lost connection back, and takes new orders only when both sides agree again."""

from recoup_plugins.network_disconnection.plugin import NetworkDisconnection, NetworkDisconnectionConfig

__all__ = ["NetworkDisconnection", "NetworkDisconnectionConfig"]
