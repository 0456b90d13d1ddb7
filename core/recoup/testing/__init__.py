"""Test support for applications and plugins: a clock that tests own, and the contract tests of every hook."""

from recoup.testing.clock import FakeClock

__all__ = ["FakeClock"]
