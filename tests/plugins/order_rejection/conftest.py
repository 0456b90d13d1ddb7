"""A venue's ports, as refused orders ask them."""

from __future__ import annotations

import pytest
from attrs import define, field


@define
class Port:
    """A venue's clock, limits and balances."""

    asked: list = field(factory=list)
    fails: set = field(factory=set)

    def sync_clock(self):
        self._answer("clock")

    def probe(self):
        self._answer("probe")

    def status(self):
        return {"status": "ok"}

    async def refresh_markets(self):
        self._answer("limits")

    def balances(self):
        self._answer("balances")

    def _answer(self, name):
        self.asked.append(name)
        if name in self.fails:
            raise ConnectionResetError(name)


@pytest.fixture
def port():
    return Port()
