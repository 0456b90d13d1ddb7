"""Cuts calls off after a time: by cancellation where there is an event loop, by a deadline passed on elsewhere."""

from recoup_plugins.timeout.alarms import AlarmClock
from recoup_plugins.timeout.config import TimeoutConfig
from recoup_plugins.timeout.gate import TimeoutGate
from recoup_plugins.timeout.plugin import TimeoutPlugin
from recoup_plugins.timeout.queue import DeadlineQueue

__all__ = ["AlarmClock", "DeadlineQueue", "TimeoutConfig", "TimeoutGate", "TimeoutPlugin"]
