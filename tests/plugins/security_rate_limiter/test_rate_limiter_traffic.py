"""Simulated attacks on top of simulated honest traffic, at a small scale: all are found, and nothing else is."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from types import ModuleType

SIMULATOR = Path(__file__).parents[3] / "benchmarks" / "limiter_traffic.py"
HOURS = 3.0
START = 5_400.0
TIME_TO_DETECT = {
    "stuffing, one source, 1/s": 30,
    "stuffing, 500 sources, 2/s": 60,
    "stuffing, an IPv6 /48, 1/s": 120,
    "spraying, one source, 1/s": 60,
    "brute force, one source, 2/s": 30,
    "brute force, 200 sources, 1/s": 60,
    "enumeration, one source, 1/s": 30,
    "enumeration, 300 sources, 1/s": 120,
    "slow, 2,000 sources, 170/h": 4_500,
    "flood, one source, 20/s": 15,
    "flood, 500 sources, 50/s": 40,
}


@pytest.fixture(scope="module")
def traffic() -> ModuleType:
    spec = importlib.util.spec_from_file_location("limiter_traffic", SIMULATOR)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["limiter_traffic"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def honest(traffic: ModuleType) -> list[Any]:
    return traffic.honest(Random(11), HOURS, per_hour=300)


@pytest.mark.parametrize("names_accounts", [True, False])
def test_honest_traffic_raises_no_alarm(traffic: ModuleType, honest: list[Any], names_accounts: bool) -> None:
    assert len(honest) > 2_000
    assert traffic.play(honest, names_accounts=names_accounts).events == []


def test_people_are_not_refused(traffic: ModuleType) -> None:
    people = [*traffic.homes(Random(5), HOURS, 300), *traffic.office(Random(5), HOURS)]
    seen = traffic.play(people)
    assert seen.honest_refused <= len(people) / 1_000


@pytest.mark.parametrize("name", TIME_TO_DETECT)
def test_an_attack_is_found_in_time(traffic: ModuleType, honest: list[Any], name: str) -> None:
    make, threats = traffic.ATTACKS[name]
    seen = traffic.play(honest, make(Random(12), START))
    found = [at - START for at, event in seen.events if event.threat in threats]
    assert found
    assert 0 <= found[0] <= TIME_TO_DETECT[name]
    assert all(at >= START for at, _ in seen.events)
