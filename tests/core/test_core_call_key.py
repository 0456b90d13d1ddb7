"""What tells calls apart."""

from __future__ import annotations

import itertools

from recoup import call_key


class Account:
    def balance(self):
        return 0


def one():
    return 1


CALLS = [
    (one, (), {}),
    (Account, (), {}),
    (Account().balance, (), {}),
    (Account().balance, (), {}),
    (one, (1,), {}),
    (one, (1.0,), {}),
    (one, (True,), {}),
    (one, ((1,),), {}),
    (one, (1, int), {}),
    (one, (1, 2), {}),
    (one, (1, 2.0), {}),
    (one, (), {"a": 1}),
    (one, (), {"a": True}),
    (one, (), {"b": 1}),
    (one, (1,), {"a": 1}),
    (one, (("a", 1),), {}),
]


def test_different_calls_have_different_keys():
    for first, second in itertools.combinations(CALLS, 2):
        assert call_key(*first) != call_key(*second), (first, second)


def test_the_same_call_has_the_same_key():
    account = Account()
    assert call_key(account.balance, (), {}) == call_key(account.balance, (), {})
    assert call_key(one, ("a",), {"b": 1, "c": 2}) == call_key(one, ("a",), {"c": 2, "b": 1})
    assert hash(call_key(one, ("a",), {"b": 1})) == hash(call_key(one, ("a",), {"b": 1}))
