"""Depth, breadth, size and time have bounds, and what was cut is named."""

import json
import sys
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from decimal import Decimal

import pytest

from recoup_plugins.security_sanitizer import SanitizerConfig, SecurityDataSanitizer
from recoup_plugins.security_sanitizer.levels import Level
from recoup_plugins.security_sanitizer.structure import Walk

SECRET = "AbCdEf123456789xyz"
SANITIZER = SecurityDataSanitizer()


def clean(payload, level="LOW"):
    return SANITIZER.sanitize(payload, level)


def nested(container, levels):
    payload = container("end")
    for _ in range(levels):
        payload = container(payload)
    return payload


@pytest.mark.parametrize(
    "container",
    [lambda x: [x], lambda x: {"a": x}, lambda x: (x,), lambda x: deque([x])],
    ids=["list", "dict", "tuple", "deque"],
)
def test_a_hundred_thousand_levels_are_cut(container):
    payload = nested(container, 100_000)
    assert "[CUT" in repr(clean(payload))
    while payload != container("end"):  # taken apart by hand, since freeing it recurses
        payload = payload["a"] if isinstance(payload, dict) else payload[0]
        if isinstance(payload, str):
            break


def test_a_walk_begun_deep_in_the_stack_still_ends():
    def deep(levels):
        return deep(levels - 1) if levels else clean({"a": [{"api_key": SECRET, "b": 1}]})

    found = deep(sys.getrecursionlimit() - 120)
    assert SECRET not in repr(found)


def test_two_to_the_power_of_thirty_paths_cost_no_more_than_their_parts_and_come_out_small():
    node = {"api_key": SECRET}
    for _ in range(30):
        node = {"left": node, "right": node}
    begun = time.perf_counter()
    found = clean(node)
    text = json.dumps(found)
    assert time.perf_counter() - begun < 2
    assert SECRET not in text
    assert len(text) < 1_000_000


def test_a_part_shown_often_counts_each_time():
    part = ["x" * 1000]
    found = clean([part] * 1000)
    assert len(repr(found)) < 400_000
    assert found[-1] == "[CUT list shown before]"
    assert found[0] == found[1] == part


def cyclic():
    as_list = []
    as_list.append(as_list)
    as_dict = {}
    as_dict["self"] = [as_dict]
    as_tuple = ([],)
    as_tuple[0].append(as_tuple)
    one, two = ValueError("one"), ValueError("two")
    one.__cause__, two.__cause__ = two, one
    as_deque = deque()
    as_deque.append({"d": as_deque})
    ordered = OrderedDict()
    ordered["o"] = ordered
    error = ValueError()
    error.args = (error, {"e": error})
    error.holder = error
    return [as_list, as_dict, as_tuple, one, as_deque, ordered, error]


@pytest.mark.parametrize("payload", cyclic(), ids=lambda value: type(value).__name__)
def test_cycles_of_every_kind_end(payload):
    assert "[CYCLE]" in repr(clean(payload))


def test_huge_text_costs_no_more_than_its_bound():
    text = "api_key=" + "a1B2" * 25_000_000
    begun = time.perf_counter()
    found = clean({"x": text, "y": [text], text[:50_000]: 1, "z": text.encode()})
    assert time.perf_counter() - begun < 3
    assert len(repr(found)) < 400_000
    assert "[CUT" in repr(found)


def test_text_after_the_allowance_costs_nothing():
    found = clean(["x y " * 70_000] + ["word " * 2000] * 9000)
    assert found[-1] == "[CUT 10000 characters]"


def test_a_placeholder_shorter_than_its_secret_does_not_uncover_the_cut():
    sanitizer = SecurityDataSanitizer(config=SanitizerConfig(max_bytes=4000))
    text = f"password={'a1' * 1900} {'b ' * 1000}" + "api_key=" + "Z9y" * 5000
    assert "Z9y" not in sanitizer.sanitize(text, "LOW")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (10**100_000, "[CUT int of 332193 bits]"),
        (-(10**5000), "[CUT int of 16610 bits]"),
        (Decimal("1" * 5000), "[CUT Decimal of 5000 digits]"),
    ],
    ids=["positive", "negative", "decimal"],
)
def test_numbers_too_long_to_print_are_cut(value, expected):
    sanitizer = SecurityDataSanitizer(config=SanitizerConfig(secrets=("s3cr3t-value",)))
    for found in (clean(value, "MEDIUM"), sanitizer.sanitize(value, "MEDIUM")):
        assert found == expected
    assert clean({"order_id": value, "otp": value, "pin": value, value: 1}, "CRITICAL")
    json.dumps(clean({"order_id": value}, "LOW"))


def test_numbers_that_are_no_numbers_stay():
    found = clean([float("nan"), float("inf"), -float("inf"), -0.0])
    assert repr(found) == "[nan, inf, -inf, -0.0]"


class Endless(Mapping):
    def __getitem__(self, key):
        return SECRET

    def __len__(self):
        return sys.maxsize

    def __iter__(self):
        number = 0
        while True:
            yield f"key{number}"
            number += 1


class EndlessSet(AbstractSet):
    def __contains__(self, item):
        return True

    def __len__(self):
        return 10**9

    def __iter__(self):
        number = 0
        while True:
            yield number
            number += 1


def test_what_never_ends_is_cut():
    sanitizer = SecurityDataSanitizer(config=SanitizerConfig(max_items=50))
    assert len(sanitizer.sanitize(Endless(), "LOW")) == 51
    assert len(sanitizer.sanitize(EndlessSet(), "LOW")) == 51


def test_time_is_bounded_and_what_was_left_out_is_named():
    now = [0.0]

    class Slow:
        def __repr__(self):
            now[0] += 0.5
            return "slow"

    config = SanitizerConfig(max_seconds=2.0)
    sanitizer = SecurityDataSanitizer(config=config)
    walk = Walk(
        sanitizer._text,
        sanitizer._rulings[Level.LOW],
        sanitizer._registered,
        config,
        Level.LOW,
        clock=lambda: now[0],
    )
    found = walk.payload([Slow() for _ in range(100)])
    assert found[:4] == ["slow"] * 4
    assert found[4:] == [f"[CUT {Slow.__module__}.{Slow.__qualname__}: out of time]", "[CUT 95 items]"]
    assert now[0] == 2.0


def test_a_dict_that_another_thread_changes_comes_out():
    payload = {f"key{number}": [number] for number in range(500)}
    # However long the other thread has the processor.
    patient = SecurityDataSanitizer(config=SanitizerConfig(max_seconds=600.0))
    stop = threading.Event()

    def change():
        number = 500
        while not stop.is_set():
            payload[f"key{number}"] = [number]
            payload.pop(f"key{number - 400}", None)
            number += 1

    thread = threading.Thread(target=change)
    thread.start()
    try:
        for _ in range(20):
            found = patient.sanitize({"x": payload}, "LOW")
            assert isinstance(found["x"], dict)
    finally:
        stop.set()
        thread.join()


def test_a_dict_changed_by_its_own_members_while_it_is_read_comes_out():
    payload = {}

    class Growing:
        def __repr__(self):
            payload[f"more{len(payload)}"] = SECRET
            return "growing"

    payload |= {"a": Growing(), "b": 1, "password": SECRET}
    found = clean(payload)
    assert found["password"] == "[PASSWORD]"
    assert found["b"] == 1
