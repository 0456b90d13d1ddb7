"""Limits find out how much a server can take, and go on doing so."""

from __future__ import annotations

import pytest

from recoup_plugins.adaptive_concurrency import AdaptiveConcurrencyConfig, AdaptiveLimit


@pytest.fixture
def limit_of(host):
    host.observed = False
    return lambda **values: AdaptiveLimit("k", AdaptiveConcurrencyConfig(**values), host)


GRADIENT = {"algorithm": "gradient"}
AIMD = {"algorithm": "aimd", "max_latency": 0.2}


@pytest.mark.parametrize("values", [GRADIENT, AIMD], ids=["gradient", "aimd"])
@pytest.mark.parametrize("initial_limit", [2, 20, 200])
class TestTwentyWorkersAndTwiceTheirLoad:
    """Each takes 0.1 s: 200 calls a second at most, of which 20 are at work at a time."""

    def test_the_limit_keeps_them_busy_and_their_queue_short(self, limit_of, simulate, values, initial_limit):
        gate = limit_of(initial_limit=initial_limit, **values)
        simulation = simulate(gate, workers=20, service=0.1)
        simulation.run(rate=400, seconds=120)
        assert 20 <= simulation.run(rate=400, seconds=60) <= 50
        assert simulation.served / 60 > 180
        assert sum(simulation.latencies) / len(simulation.latencies) < 0.25

    def test_who_is_inside_never_exceeds_what_the_limit_was(self, limit_of, simulate, values, initial_limit):
        gate = limit_of(initial_limit=initial_limit, max_limit=200, **values)
        simulation = simulate(gate, workers=20, service=0.1)
        simulation.run(rate=400, seconds=30)
        assert gate.permits.inside <= 200
        assert {1.0 <= limit <= 200.0 for _, limit in simulation.limits} == {True}


class TestGradient:
    def test_does_not_drift_under_lasting_load(self, limit_of, simulate):
        simulation = simulate(limit_of(), workers=20, service=0.1)
        simulation.run(rate=300, seconds=300)
        assert simulation.run(rate=300, seconds=100) < 50

    def test_follows_a_server_that_becomes_slow_and_well_again(self, limit_of, simulate):
        simulation = simulate(limit_of(), workers=20, service=0.1)
        simulation.run(rate=400, seconds=100)
        simulation.workers = 5
        assert simulation.run(rate=400, seconds=200) < 20
        simulation.workers = 40
        assert simulation.run(rate=800, seconds=300) > 35

    def test_light_load_leaves_it_alone(self, limit_of, simulate):
        simulation = simulate(limit_of(initial_limit=50), workers=20, service=0.1)
        assert simulation.run(rate=50, seconds=60) == pytest.approx(50, abs=2)
        assert simulation.refused == 0


class TestAimd:
    def test_goes_by_time_outs_alone(self, limit_of, simulate):
        simulation = simulate(limit_of(algorithm="aimd"), workers=20, service=0.1, cut_off=0.4)
        simulation.run(rate=400, seconds=60)
        assert 15 <= simulation.run(rate=400, seconds=60) <= 60
        assert simulation.served / 60 > 160
