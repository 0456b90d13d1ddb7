"""Faults depend on seed and intent, and on nothing else."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recoup_sim import FaultPlan, RequestKind
from recoup_sim.injector import FaultInjector

RATES = FaultPlan.from_dict(
    {
        "faults": [
            {"kind": "reset_after", "rate": 0.3, "times": 2},
            {"kind": "timeout_before", "rate": 0.3},
            {"kind": "server_error_after", "request": "query", "rate": 0.5},
        ]
    }
)


def make_injector(*faults, seed=7, max_intents=100):
    return FaultInjector(FaultPlan.from_dict({"faults": list(faults)}), seed=seed, max_intents=max_intents)


def kinds(injector, *intents, request=RequestKind.SUBMIT, now=0.0):
    chosen = [injector.choose(request, intent, now=now) for intent in intents]
    return [fault.kind if fault else None for fault in chosen]


def replay(calls, seed):
    injector = FaultInjector(RATES, seed=seed, max_intents=1_000)
    faults = {}
    for request, intent in calls:
        faults.setdefault((request, intent), []).append(injector.choose(request, intent, now=0.0))
    return faults


@given(
    st.lists(
        st.tuples(st.sampled_from([RequestKind.SUBMIT, RequestKind.QUERY]), st.sampled_from("abcde")), max_size=40
    ),
    st.integers(),
    st.randoms(use_true_random=False),
)
def test_an_intent_meets_the_same_faults_whatever_happens_in_between(calls, seed, shuffler):
    shuffled = list(calls)
    shuffler.shuffle(shuffled)
    others = [(request, f"other{index}") for index, (request, _) in enumerate(calls)]
    interleaved = [call for pair in zip(others, shuffled, strict=True) for call in pair]
    expected, found = replay(calls, seed), replay(interleaved, seed)
    assert {key: found[key] for key in expected} == expected


def test_another_seed_gives_other_faults():
    calls = [(RequestKind.SUBMIT, f"i{number}") for number in range(200)]
    assert replay(calls, 1) != replay(calls, 2)


def test_a_rate_is_about_the_share_of_attempts_hit():
    injector = make_injector({"kind": "reset_after", "rate": 0.05})
    hit = Counter(kinds(injector, *(f"i{number}" for number in range(4_000))))
    assert 140 < hit["reset_after"] < 260


def test_ordinals_count_intents_not_attempts():
    injector = make_injector({"kind": "reset_after", "at": [2]})
    assert kinds(injector, "a", "a", "b", "b", "c") == [None, None, "reset_after", None, None]


def test_the_first_fault_that_hits_wins_and_the_next_takes_the_next_attempt():
    injector = make_injector(
        {"kind": "reset_after", "at": [1], "times": 2}, {"kind": "timeout_before", "at": [1], "times": 1}
    )
    assert kinds(injector, *"aaaa") == ["reset_after", "reset_after", "timeout_before", None]


def test_kinds_of_request_are_hit_apart():
    injector = make_injector({"kind": "reset_after", "request": "query", "at": [1]})
    assert kinds(injector, "a") == [None]
    assert kinds(injector, "a", "a", request=RequestKind.QUERY) == ["reset_after", None]
    assert kinds(injector, "never-submitted", request=RequestKind.QUERY) == [None]


@pytest.mark.parametrize(("now", "kind"), [(9.9, None), (10.0, "reset_after"), (14.9, "reset_after"), (15.0, None)])
def test_a_window_hits_from_its_start_to_its_end(now, kind):
    injector = make_injector({"kind": "reset_after", "from": 10, "for": 5})
    assert kinds(injector, "a", now=now) == [kind]


def test_a_window_on_the_venue_opens_once_and_not_after_its_end():
    injector = make_injector({"kind": "ban", "from": 10, "for": 5}, {"kind": "maintenance", "from": 20, "for": 5})
    assert injector.opening_windows(9.0) == []
    assert [(fault.kind, end) for fault, end in injector.opening_windows(11.0)] == [("ban", 15.0)]
    assert injector.opening_windows(12.0) == []
    assert injector.opening_windows(30.0) == []
    assert kinds(injector, "a", now=11.0) == [None]


def test_the_longest_unused_intent_is_forgotten():
    injector = make_injector({"kind": "reset_after", "rate": 1}, max_intents=2)
    assert kinds(injector, "a", "b", "a", "c", "a", "b") == [
        "reset_after",
        "reset_after",
        None,
        "reset_after",
        None,
        "reset_after",
    ]


def test_chance_does_not_touch_the_global_generator():
    random.seed(1)
    expected = random.random()
    random.seed(1)
    kinds(make_injector({"kind": "reset_after", "rate": 0.5}), *"abc")
    assert random.random() == expected
