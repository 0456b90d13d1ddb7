"""Observers that keep what they are shown."""

from __future__ import annotations

from typing import Any

from recoup import hookimpl


class Witness:
    """Keeps what every observer gets."""

    def __init__(self) -> None:
        self.seen: list[Any] = []

    @hookimpl
    def analyze(self, event: Any) -> None:
        self.seen.append(event)

    @hookimpl
    def monitor(self, event: Any) -> None:
        self.seen.append(event)
