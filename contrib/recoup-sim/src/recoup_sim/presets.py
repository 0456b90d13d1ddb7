"""The fault plans that ship with the venue."""

from __future__ import annotations

from pathlib import Path

from recoup_sim.plan import FaultPlan

_HERE = Path(__file__).parent

DEFAULT_FAULTS = FaultPlan.from_file(_HERE / "default_faults.yaml")
"""A day that makes plain retries send orders twice and lose others."""
ALL_FAULTS = FaultPlan.from_file(_HERE / "all_faults.yaml")
"""Every kind of fault, on submits, cancels and queries."""
