"""Fault plans: strict to read, the same from every format."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from recoup_sim import ALL_FAULTS, DEFAULT_FAULTS, KINDS, FaultPlan, FaultPlanError, RequestKind
from recoup_sim.faults import ErrorStatus, ServerErrorAfter
from recoup_sim.order_faults import PartialFill
from recoup_sim.window_faults import Ban, Maintenance, MaintenanceBody


def problems(*faults, **plan):
    with pytest.raises(FaultPlanError) as caught:
        FaultPlan.from_dict({"faults": list(faults), **plan})
    return caught.value.problems


def test_every_key_takes_effect():
    plan = FaultPlan.from_dict(
        {
            "seed": 11,
            "faults": [
                {"kind": "ban", "at": [3, 17], "for": 90, "extension": 5.5},
                {"kind": "maintenance", "from": 30, "for": 60.5, "body": "json", "retry_after": True},
                {"kind": "server_error_after", "request": "cancel", "rate": 0.25, "status": 504, "times": 2},
                {"kind": "partial_fill", "rate": 1, "fraction": "0.3"},
            ],
        }
    )
    assert plan.seed == 11
    assert plan.faults == (
        Ban(at=(3, 17), duration=90.0, extension=5.5),
        Maintenance(start=30.0, duration=60.5, body=MaintenanceBody.JSON, retry_after=True),
        ServerErrorAfter(request=RequestKind.CANCEL, rate=0.25, status=ErrorStatus.GATEWAY_TIMEOUT, times=2),
        PartialFill(rate=1.0, fraction=Decimal("0.3")),
    )


def test_yaml_and_toml_give_the_same_plan(tmp_path):
    yaml_file, toml_file = tmp_path / "plan.yaml", tmp_path / "plan.toml"
    yaml_file.write_text('seed: 3\nfaults:\n  - {kind: partial_fill, at: [1], fraction: "0.5"}\n')
    toml_file.write_text('seed = 3\n[[faults]]\nkind = "partial_fill"\nat = [1]\nfraction = "0.5"\n')
    expected = FaultPlan(seed=3, faults=(PartialFill(at=(1,), fraction=Decimal("0.5")),))
    assert FaultPlan.from_file(yaml_file) == FaultPlan.from_file(toml_file) == expected


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        ({"kind": "reset_afer", "at": [1]}, "did you mean 'reset_after'?"),
        ({"at": [1]}, "kind: expected one of"),
        ({"kind": 3, "at": [1]}, "kind: expected one of"),
        ({"kind": "reset_after", "at": [1], "tmies": 2}, "unknown key 'tmies' (did you mean 'times'?)"),
        ({"kind": "reset_after", "at": [1], "start": 2}, "unknown key 'start'"),
        ({"kind": "reset_after", "at": [1], "fraction": "0.5"}, "unknown key 'fraction'"),
        ({"kind": "reset_after", "at": 1}, "faults[0].at: expected a list of order ordinals, got 1"),
        ({"kind": "reset_after", "at": ["1"]}, "faults[0].at[0]: expected int, got '1'"),
        ({"kind": "reset_after", "at": [True]}, "faults[0].at[0]: expected int, got True"),
        ({"kind": "reset_after", "at": [0]}, "faults[0]: at counts orders from 1, got [0]"),
        ({"kind": "reset_after", "rate": "0.5"}, "faults[0].rate: expected float, got '0.5'"),
        ({"kind": "reset_after", "rate": 1.5}, "faults[0]: rate is a probability"),
        ({"kind": "reset_after", "rate": float("nan")}, "faults[0]: rate is a probability"),
        ({"kind": "reset_after"}, "faults[0]: give exactly one of at"),
        ({"kind": "reset_after", "at": [1], "rate": 0.5}, "faults[0]: give exactly one of at"),
        ({"kind": "reset_after", "from": 3}, "faults[0]: from needs for"),
        ({"kind": "reset_after", "at": [1], "for": 3}, "faults[0]: for goes with from"),
        ({"kind": "reset_after", "from": -1, "for": 3}, "faults[0]: from is a venue time"),
        ({"kind": "reset_after", "from": 1, "for": 0}, "faults[0]: for is a number of seconds above 0"),
        ({"kind": "reset_after", "from": 1, "for": float("inf")}, "faults[0]: for is a number of seconds above 0"),
        ({"kind": "reset_after", "at": [1], "times": 0}, "faults[0]: times is 1 or more"),
        ({"kind": "reset_after", "at": [1], "request": "sell"}, "request: expected one of submit, cancel, query"),
        ({"kind": "partial_fill", "at": [1], "request": "query"}, "a partial_fill hits only submit, got query"),
        ({"kind": "partial_fill", "at": [1], "fraction": 0.5}, "fraction: expected a decimal number as text, got 0.5"),
        ({"kind": "partial_fill", "at": [1], "fraction": "half"}, "fraction: expected a decimal number as text"),
        ({"kind": "partial_fill", "at": [1], "fraction": "1"}, "fraction is above 0 and below 1, got 1"),
        ({"kind": "server_error_after", "at": [1], "status": 404}, "status: expected one of 500, 502, 503, 504"),
        ({"kind": "maintenance", "at": [1], "body": "xml"}, "body: expected one of html, json, got 'xml'"),
        ({"kind": "maintenance", "at": [1], "retry_after": 1}, "retry_after: expected bool, got 1"),
        ({"kind": "clock_skew", "at": [1]}, "missing key 'ms'"),
        ({"kind": "clock_skew", "at": [1], "ms": 1.5}, "ms: expected int, got 1.5"),
        ({"kind": "ban", "at": [1], "extension": -1}, "extension is a number of seconds from 0"),
        ({"kind": "clock_drift", "at": [1], "ms_per_second": 0}, "ms_per_second is a finite number other than 0"),
        ({"kind": "clock_drift", "at": [1], "ms_per_second": float("nan")}, "ms_per_second is a finite number"),
        ({"kind": "maintenance", "at": [1], "mode": "open"}, "mode: expected one of closed, cancel_only, post_only"),
        ({"kind": "maintenance", "at": [1], "announced": 60}, "announced goes with from"),
        ({"kind": "maintenance", "from": 1, "for": 2, "announced": -1}, "announced is a number of seconds from 0"),
        ({"kind": "outage", "at": [1], "manner": "slow"}, "manner: expected one of reset, refused"),
        ({"kind": "rejection", "at": [1]}, "missing key 'reason'"),
        ({"kind": "rejection", "at": [1], "reason": "mood"}, "reason: expected one of lot_size"),
        ({"kind": "partial_fill", "at": [1], "trades": 0}, "trades is 1 to 100, got 0"),
        ({"kind": "fill_before_cancel", "at": [1], "fraction": "1.1"}, "fraction is above 0 to 1, got 1.1"),
        ({"kind": "fill_before_cancel", "at": [1], "request": "submit"}, "hits only cancel, got submit"),
        ({"kind": "trades_missing", "at": [1], "request": "cancel"}, "hits only query, got cancel"),
        (
            {"kind": "crash", "at": [1], "point": "later"},
            "point: expected one of before_send, after_send, after_answer",
        ),
        ({"kind": "late_acceptance", "at": [1], "delay": 0}, "delay is a number of seconds above 0"),
        ("reset_after", "faults[0]: expected a table of keys and values, got 'reset_after'"),
        ({True: "submit", "kind": "reset_after"}, "faults[0]: keys are text, got True"),
    ],
)
def test_a_mistake_is_named_with_its_path(fault, problem):
    (found,) = problems(fault)
    assert problem in found
    assert found.startswith("faults[0]")


def test_every_mistake_is_named_at_once():
    found = problems({"kind": "ban"}, {"kind": "reset_after", "rate": "x"}, seed="7", sede=1)
    assert len(found) == 4
    assert "unknown key 'sede' (did you mean 'seed'?)" in found
    assert "seed: expected int, got '7'" in found


@pytest.mark.parametrize("data", [None, [], "faults", {"faults": {"kind": "ban"}}, {"faults": "ban"}])
def test_a_plan_is_a_table_with_a_list(data):
    with pytest.raises(FaultPlanError, match="expected a"):
        FaultPlan.from_dict(data)


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("plan.json", "{}", "unknown suffix '.json'"),
        ("plan.yaml", "faults: [", "not readable"),
        ("plan.toml", "faults = [", "not readable"),
        ("plan.yaml", "faults: 3", "faults: expected a list"),
        ("plan.yaml", "", "expected a table"),
    ],
)
def test_a_bad_file_is_named(tmp_path, name, text, problem):
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(FaultPlanError) as caught:
        FaultPlan.from_file(path)
    assert str(caught.value).startswith(str(path))
    assert problem in str(caught.value)


def test_what_strikes_the_bot_is_told_from_what_strikes_the_venue():
    plan = FaultPlan.from_dict({"seed": 3, "faults": [{"kind": "crash", "at": [1]}, {"kind": "ban", "at": [2]}]})
    assert [fault.kind for fault in plan.of_bot().faults] == ["crash"]
    assert [fault.kind for fault in plan.of_venue().faults] == ["ban"]
    assert plan.of_bot().seed == plan.of_venue().seed == 3


def test_a_missing_file_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        FaultPlan.from_file(tmp_path / "nowhere.yaml")


def test_the_shipped_plans():
    assert {type(fault) for fault in ALL_FAULTS.faults} == set(KINDS.values())
    assert {fault.request for fault in ALL_FAULTS.faults} == set(RequestKind)
    assert {fault.kind for fault in DEFAULT_FAULTS.faults} <= set(KINDS)


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5) | st.integers(), inner, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from(["kind", "at", "rate", "from", "for", "times", "request", "status", "fraction", "ms", "on"])
FAULTY = st.dictionaries(KEYS, PLAIN | st.sampled_from([*KINDS, "submit", 503, "0.5", 0.1]), max_size=4)


@given(st.dictionaries(st.sampled_from(["seed", "faults", "x"]), PLAIN | st.lists(FAULTY | PLAIN, max_size=3)) | PLAIN)
def test_whatever_is_given_is_a_plan_or_a_named_problem(data):
    try:
        plan = FaultPlan.from_dict(data)
    except FaultPlanError as error:
        named, plan = error.problems, FaultPlan()
    else:
        named = ("none",)
    assert named
    assert all(named)
    assert isinstance(plan.seed, int)
    assert all(bool(fault.at) + bool(fault.rate) + (fault.start is not None) == 1 for fault in plan.faults)


REQUIRED = {"clock_skew": {"ms": 1}, "clock_drift": {"ms_per_second": 0.5}, "rejection": {"reason": "lot_size"}}
TRIGGERS = st.one_of(
    st.fixed_dictionaries({"at": st.lists(st.integers(1, 1_000), min_size=1, max_size=3)}),
    st.fixed_dictionaries({"rate": st.floats(0.001, 1)}),
    st.fixed_dictionaries({"from": st.floats(0, 1e6), "for": st.floats(0.001, 1e6)}),
)


@given(st.lists(st.tuples(st.sampled_from(sorted(KINDS)), TRIGGERS, st.integers(1, 5)), max_size=4), st.integers())
def test_a_good_plan_reads_the_same_from_json_and_yaml(chosen, seed):
    faults = [{"kind": kind, **trigger, "times": times, **REQUIRED.get(kind, {})} for kind, trigger, times in chosen]
    data = {"seed": seed, "faults": faults}
    plan = FaultPlan.from_dict(data)
    assert [fault.kind for fault in plan.faults] == [kind for kind, *_ in chosen]
    assert FaultPlan.from_dict(json.loads(json.dumps(data))) == plan
    assert FaultPlan.from_dict(yaml.safe_load(yaml.safe_dump(data))) == plan
