"""The way past a limiter's lock, for calls under the one key that its gates use."""

from __future__ import annotations

import math
from typing import Final

CLOSED: Final = -math.inf
"""Stands for the burst of a lane that lets nobody through."""


class Lane:
    """What a limiter knows of its own key while nobody asks for anything but that. Thread-safe as follows.

    Whoever lets a call through reads :attr:`rate`, :attr:`arrival` and :attr:`at_once` and writes :attr:`arrival`, with
    neither a call nor a loop in between. Only there does CPython pass the GIL on (since 3.10; its evaluation loop looks
    for a request in CALL, RESUME and JUMP_BACKWARD), or run signal handlers and finalizers, so that to other threads
    these steps are one: nobody's step is lost, and whoever has closed the lane will find it as it was left. Only a
    debugger that stops within them can let somebody in between. Builds without a GIL promise nothing of the kind: there
    a lane is never opened, and every call takes the limiter's lock.

    It is opened and closed with the limiter's lock held; while it is closed, the limiter itself has the arrival time.

    Attributes:
        arrival: theoretical arrival time of the next call, in cells.
        at_once: cells that the arrival time may come ahead of now, or ``CLOSED``.
        rate: cells in a second.
    """

    __slots__ = ("arrival", "at_once", "rate")

    def __init__(self) -> None:
        self.arrival = 0.0
        self.at_once = CLOSED
        self.rate = 0.0

    def open(self, arrival: float, at_once: float, rate: float) -> None:
        """Let calls through from now on."""
        self.arrival = arrival
        self.rate = rate
        self.at_once = at_once  # the last, since it opens

    def close(self) -> float:
        """Let none through any more, and return the arrival time that those before have left."""
        self.at_once = CLOSED  # the first, so that nobody moves on what is returned
        return self.arrival
