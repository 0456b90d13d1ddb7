"""Payloads that break what looks at them: cycles, bombs, objects that bite, text that takes a regex for ever."""

from __future__ import annotations

import array
import asyncio
import collections
import copy
import datetime as dt
import decimal
import enum
import fractions
import io
import re
import sys
import threading
import types
import weakref
from typing import TYPE_CHECKING, Any, Final, NoReturn

import attrs
from corpus_measure import rendered
from corpus_model import Probe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

SECRET: Final = "Vq7xN2kLp9RtZc4WmB8yHd3F"
_CONTROL: Final = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_FORGED: Final = "2026-03-04 10:11:12 INFO forged line"


def hidden(_: Any, result: Any) -> bool:
    """Return whether the secret is gone."""
    return SECRET not in rendered(result)


def on_one_line(_: Any, result: Any) -> bool:
    """Return whether nothing in a result can forge a line or steer a terminal."""
    return not any(_CONTROL.search(piece) for piece in _leaves(result))


def bounded(_: Any, result: Any) -> bool:
    """Return whether a result is of a size that can be logged."""
    return len(rendered(result)) < 2_000_000


def unchanged(payload: Any, result: Any) -> bool:
    """Return whether the payload still holds its secret, and the result does not."""
    return SECRET in repr(payload) and hidden(payload, result)


def same(payload: Any, result: Any) -> bool:
    """Return whether a value stayed what it was, in value and in type."""
    return _unwrapped(result) == _unwrapped(payload) and type(_unwrapped(result)) is type(_unwrapped(payload))


def _unwrapped(value: Any) -> Any:
    return value["value"] if isinstance(value, dict) and set(value) == {"value"} else value


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, member in value.items():
            yield from _leaves(key)
            yield from _leaves(member)
    elif isinstance(value, list | tuple | set | frozenset):
        for member in value:
            yield from _leaves(member)


class Biting(Exception):
    """What hostile objects raise."""


def _bite(*_: Any, **__: Any) -> NoReturn:
    raise Biting(SECRET)


def _hostile(**methods: Any) -> Any:
    """Return an object of a class whose named methods are replaced."""
    return type("Hostile", (), {f"__{name}__": method for name, method in methods.items()})()


def _cyclic_dict() -> Any:
    cycle: dict[str, Any] = {"api_key": SECRET}
    cycle["self"] = cycle
    return cycle


def _cyclic_list() -> Any:
    cycle: list[Any] = [f"api_key={SECRET}"]
    cycle.append([cycle, {"back": cycle}])
    return cycle


def _cyclic_object() -> Any:
    first, second = types.SimpleNamespace(token=SECRET), types.SimpleNamespace()
    first.other, second.other = second, first
    return {"object": first}


def _cyclic_attrs() -> Any:
    node_type = attrs.make_class("Node", ["token", "next"])
    node = node_type(SECRET, None)
    node.next = node
    return node


def _cyclic_error() -> Any:
    first, second = ValueError(f"token={SECRET}"), KeyError("x")
    first.__cause__, second.__cause__ = second, first
    return first


def _error_in_its_arguments() -> Any:
    error = ValueError(f"token={SECRET}")
    error.args = (error, f"token={SECRET}")
    return error


def _nested(depth: int, wrap: Callable[[Any], Any]) -> Any:
    value: Any = {"api_key": SECRET}
    for _ in range(depth):
        value = wrap(value)
    return value


def _deep_group() -> Any:
    group: Exception = ValueError(f"token={SECRET}")
    for _ in range(200):
        group = ExceptionGroup("group", [group])
    return group


def _long_chain() -> Any:
    error: BaseException = ValueError(f"token={SECRET}")
    for number in range(3_000):
        following = RuntimeError(f"step {number}")
        following.__cause__ = error
        error = following
    return error


def _laughs() -> Any:
    value: list[Any] = [f"token={SECRET}"]
    for _ in range(40):
        value = [value, value]
    return value


def _laughing_map() -> Any:
    value: dict[str, Any] = {"token": SECRET}
    for _ in range(40):
        value = {"a": value, "b": value}
    return value


class _Endless(collections.UserDict[str, Any]):
    """A mapping without an end."""

    def __len__(self) -> int:
        return 3

    def __iter__(self) -> Iterator[str]:
        number = 0
        while True:
            number += 1
            yield f"key{number}"

    def __getitem__(self, key: str) -> Any:
        return f"token={SECRET}"


class _Growing(collections.UserDict[str, Any]):
    """A mapping that changes while it is read."""

    def __getitem__(self, key: str) -> Any:
        self.data[f"{key}x{len(self.data)}"] = f"token={SECRET}"
        return f"token={SECRET}"


class _LyingText(str):
    """Text whose methods tell lies."""

    __slots__ = ()

    def __str__(self) -> str:
        return f"token={SECRET}"

    def __len__(self) -> int:
        return 0

    def lower(self) -> Any:
        return _bite()

    def replace(self, *_: Any, **__: Any) -> Any:
        return _bite()

    def __hash__(self) -> int:
        return 7

    def __eq__(self, other: object) -> bool:
        return True


class _BitingDict(dict[str, Any]):
    """A dict whose items raise."""

    def items(self) -> Any:
        return _bite()


class _BitingList(list[Any]):
    """A list whose iterator raises."""

    def __iter__(self) -> Any:
        return _bite()


class _BitingError(Exception):
    """An exception whose text raises."""

    def __str__(self) -> str:
        return str(_bite())

    __repr__ = __str__


class _BitingMeta(type):
    """A class whose own text raises."""

    def __repr__(cls) -> str:
        return str(_bite())

    def __instancecheck__(cls, instance: object) -> bool:
        return bool(_bite())


class _Bitten(metaclass=_BitingMeta):
    """An instance of what bites."""


@attrs.define
class _BitingField:
    """An attrs class with a field that was never set."""

    token: str = attrs.field(init=False)
    mode: str = "live"


class _BitingProperty:
    """A property raises."""

    token = property(_bite)
    __slots__ = ("secret",)

    def __repr__(self) -> str:
        return f"<secret={SECRET}>"


_OBJECTS: Final[Mapping[str, Callable[[], Any]]] = {
    "cyclic dict": _cyclic_dict,
    "cyclic list": _cyclic_list,
    "cyclic object": _cyclic_object,
    "cyclic attrs": _cyclic_attrs,
    "cyclic cause": _cyclic_error,
    "error in its own arguments": _error_in_its_arguments,
    "deep dict": lambda: _nested(5_000, lambda value: {"a": value}),
    "deep list": lambda: _nested(50_000, lambda value: [value]),
    "deep tuple": lambda: _nested(5_000, lambda value: (value,)),
    "deep object": lambda: _nested(2_000, lambda value: types.SimpleNamespace(a=value)),
    "deep exception group": _deep_group,
    "long chain of causes": _long_chain,
    "billion laughs, lists": _laughs,
    "billion laughs, maps": _laughing_map,
    "wide dict": lambda: {f"key{number}": f"token={SECRET}" for number in range(200_000)},
    "wide list": lambda: [f"token={SECRET}"] * 300_000,
    "wide set": lambda: {f"token={SECRET}{number}" for number in range(50_000)},
    "endless mapping": _Endless,
    "growing mapping": lambda: _Growing({"a": 1}),
    "dict that bites": lambda: _BitingDict(token=SECRET),
    "list that bites": lambda: _BitingList([f"token={SECRET}"]),
    "error that bites": lambda: _BitingError(f"token={SECRET}"),
    "metaclass that bites": _Bitten,
    "field never set": _BitingField,
    "property that bites": _BitingProperty,
    "repr that bites": lambda: _hostile(repr=_bite, str=_bite),
    "repr that is no text": lambda: _hostile(repr=lambda _: 7),
    "repr without an end": lambda: _hostile(repr=lambda _: f"token={SECRET} " * 2_000_000),
    "repr that recurses": lambda: _hostile(repr=repr),
    "getattr that bites": lambda: _hostile(getattr=_bite, getattribute=_bite),
    "getattr that answers anything": lambda: _hostile(getattr=lambda self, _: self),
    "hash that bites": lambda: _hostile(hash=_bite, repr=lambda _: f"token={SECRET}"),
    "eq that bites": lambda: [_hostile(eq=_bite, hash=lambda _: 1, repr=lambda _: f"token={SECRET}")] * 3,
    "bool that bites": lambda: _hostile(bool=_bite, len=_bite, repr=lambda _: f"token={SECRET}"),
    "class that lies": lambda: _hostile(**{"class": dict, "repr": lambda _: f"token={SECRET}"}),
    "iterator that bites": lambda: _hostile(iter=_bite, next=_bite, repr=lambda _: f"token={SECRET}"),
    "exit in repr": lambda: _hostile(repr=lambda _: _raise(SystemError(SECRET))),
    "recursion error in repr": lambda: _hostile(repr=lambda _: _raise(RecursionError(SECRET))),
    "memory error in repr": lambda: _hostile(repr=lambda _: _raise(MemoryError(SECRET))),
    "text that lies": lambda: {"note": _LyingText(f"token={SECRET}")},
    "key that lies": lambda: {_LyingText("token"): SECRET},
    "generator": lambda: {"note": (f"token={SECRET}" for _ in range(3))},
    "open file": lambda: {"note": io.StringIO(f"token={SECRET}")},
    "lock": lambda: {"lock": threading.Lock(), "token": SECRET},
    "module": lambda: {"module": sys, "token": SECRET},
    "function": lambda: {"call": _bite, "token": SECRET},
    "class": lambda: {"type": _BitingField, "token": SECRET},
    "weak reference": lambda: {"ref": weakref.ref(_Bitten), "token": SECRET},
    "future": lambda: {"future": _future(), "token": SECRET},
    "match": lambda: {"match": re.search("token=(.*)", f"token={SECRET}")},
    "array": lambda: {"token": array.array("B", SECRET.encode())},
    "long bytes": lambda: f"token={SECRET} ".encode() * 100_000,
    "bytes that are no text": lambda: {"body": b"\xff\xfe\x00" + f"token={SECRET}".encode() + b"\x80"},
    "utf-16 bytes": lambda: {"body": f"token={SECRET}".encode("utf-16")},
    "lone surrogates": lambda: {"note": f"\ud800 token={SECRET} \udfff"},
    "huge integer": lambda: {"number": 10**300_000, "token": SECRET},
    "enum": lambda: enum.Enum("Kind", {"ONE": f"token={SECRET}"}),
}


def _raise(error: Exception) -> NoReturn:
    raise error


def _future() -> Any:
    loop = asyncio.new_event_loop()
    future = loop.create_future()
    future.set_result(f"token={SECRET}")
    loop.close()
    return future


_SLOW: Final[Mapping[str, Callable[[], str]]] = {
    "run of letters": lambda: "a" * 200_000,
    "run of digits": lambda: "1" * 200_000,
    "run of hexadecimal": lambda: "ab12" * 50_000,
    "run of base64": lambda: "Ab9+/" * 40_000,
    "run of quotes": lambda: '"' * 200_000,
    "run of backslashes": lambda: "\\" * 200_000,
    "run of backslashes and quotes": lambda: '\\"' * 100_000,
    "run of brackets": lambda: "[{(" * 70_000,
    "run of spaces": lambda: "token" + " " * 200_000,
    "run of dots": lambda: "a." * 100_000,
    "run of at signs": lambda: "a@" * 100_000,
    "run of mail names": lambda: "a@b." * 50_000,
    "run of colons": lambda: "ab:" * 70_000,
    "run of equals": lambda: "password=" * 25_000,
    "run of begins": lambda: "-----BEGIN PRIVATE KEY-----" * 8_000,
    "run of dashes": lambda: "-----BEGIN " * 20_000,
    "run of jwt heads": lambda: "eyJ" * 70_000,
    "run of jwt dots": lambda: "eyJa." * 40_000,
    "run of urls": lambda: "http://a:" * 25_000,
    "run of words": lambda: "abandon ability able " * 10_000,
    "run of percent": lambda: "%25" * 70_000,
    "run of ampersands": lambda: "&#x26;" * 35_000,
    "run of escapes": lambda: "\x1b[" * 100_000,
    "run of unicode escapes": lambda: "\\u0022" * 35_000,
    "run of groups of four": lambda: "1234 " * 40_000,
    "run of phone numbers": lambda: "+1 (" * 50_000,
    "run of address parts": lambda: "1.2.3." * 30_000,
    "run of json": lambda: '{"a":' * 40_000,
    "run of new lines": lambda: "\n" * 200_000,
    "run of combining marks": lambda: "a" + "\u0301" * 100_000,
    "run of confusables": lambda: "\u0430\u0435\u043e\u0440" * 50_000,
    "run of flags": lambda: "--token " * 25_000,
}

_FORGERIES: Final[Mapping[str, str]] = {
    "line feed": f"ok\n{_FORGED}",
    "carriage return": f"ok\r{_FORGED}",
    "vertical tab": f"ok\x0b{_FORGED}",
    "next line": f"ok\x85{_FORGED}",
    "line separator": f"ok\u2028{_FORGED}",
    "escape sequence": "ok\x1b[2J\x1b[1;1Hforged",
    "title sequence": "ok\x1b]0;forged\x07",
    "single-byte sequence introducer": "ok\x9b2Jforged",
    "null": "ok\x00forged",
    "right-to-left override": "ok\u202eforged",
    "isolate": "ok\u2066forged\u2069",
    "backspaces": "ok\x08\x08forged",
    "delete": "ok\x7fforged",
}

_KEPT: Final[Mapping[str, Any]] = {
    "none": None,
    "true": True,
    "zero": 0,
    "big integer": 10**300,
    "nan as text": "nan",
    "infinity": float("inf"),
    "decimal": decimal.Decimal("0.10"),
    "fraction": fractions.Fraction(1, 3),
    "complex": 1 + 2j,
    "time": dt.datetime(2026, 3, 4, 10, 11, 12, tzinfo=dt.UTC),
    "duration": dt.timedelta(seconds=5),
    "empty dict": {},
    "empty list": [],
    "empty tuple": (),
    "empty set": set(),
    "empty text": "",
    "tuple": (1, 2),
    "emoji": "🚀 to the moon — naïve café",
}


def probes() -> list[Probe]:
    """Return every hostile payload with what has to hold for it."""
    found = [Probe(name=name, build=build, check=_hidden_and_bounded) for name, build in _OBJECTS.items()]
    found += [Probe(name=name, build=build, check=bounded) for name, build in _SLOW.items()]
    found += [
        Probe(name=f"forged by {name}", build=_constant({"note": text, text: 1}), check=on_one_line)
        for name, text in _FORGERIES.items()
    ]
    found += [
        Probe(name=f"keeps {name}", build=_constant({"value": value}), check=same) for name, value in _KEPT.items()
    ]
    for name, payload in _originals().items():
        found.append(Probe(name=f"leaves its input: {name}", build=_constant(payload), check=unchanged))
    return found


def _originals() -> dict[str, Any]:
    error = ValueError(f"token={SECRET}")
    error.add_note(f"token={SECRET}")
    return {
        "dict": {"token": SECRET, "list": [{"token": SECRET}]},
        "list": [["token", SECRET]],
        "bytearray": bytearray(f"token={SECRET}".encode()),
        "error": error,
        "deque": collections.deque([f"token={SECRET}"]),
    }


def _constant(value: Any) -> Callable[[], Any]:
    return lambda: copy.copy(value)


def _hidden_and_bounded(payload: Any, result: Any) -> bool:
    return hidden(payload, result) and bounded(payload, result)
