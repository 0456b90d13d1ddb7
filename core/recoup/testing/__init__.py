"""Test support for applications and plugins: a clock that tests own, and the contract tests of every hook."""

from recoup.testing.clock import FakeClock
from recoup.testing.contracts import Check, ContractViolated, check_plugin, run_checks

__all__ = ["Check", "ContractViolated", "FakeClock", "check_plugin", "run_checks"]
