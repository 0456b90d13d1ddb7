"""Objects that raise, lie, recurse or leak whenever they are asked for anything; only interrupts pass through."""

import json
from collections import UserDict
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime
from enum import Enum
from typing import NamedTuple

import attrs
import pytest

from recoup_plugins.security_sanitizer import SanitizerConfig, SecurityDataSanitizer

SECRET = "AbCdEf123456789xyz"
SANITIZER = SecurityDataSanitizer()
REGISTERED = SecurityDataSanitizer(config=SanitizerConfig(secrets=("another-secret-77",)))
LEAK = f"api_key={SECRET}"


def raising(*_, **__):
    raise ValueError(LEAK)


def hostile_class(*names, base=object):
    return type("Hostile", (base,), dict.fromkeys(names, raising))


class Meta(type):
    def __hash__(cls):
        raise ValueError(LEAK)

    def __eq__(cls, other):
        raise ValueError(LEAK)

    @property
    def __mro__(cls):
        raise ValueError(LEAK)

    @property
    def __name__(cls):
        return LEAK


class WithMeta(metaclass=Meta):
    pass


class ClaimsToBeText:
    @property
    def __class__(self):
        return str


class ClassRaises:
    @property
    def __class__(self):
        raise ValueError(LEAK)


class EverythingRaises:
    def __getattribute__(self, name):
        raise ValueError(LEAK)

    __repr__ = __str__ = __eq__ = __hash__ = __len__ = __iter__ = __bool__ = raising


class Recursive:
    def __repr__(self):
        return repr(self)


class Mutating:
    def __init__(self, payload):
        self.payload = payload

    def __repr__(self):
        self.payload.clear()
        self.payload["added"] = LEAK
        return "mutating"


class SecretRepr(str):
    __slots__ = ()

    def __repr__(self):
        return LEAK


class SecretDict(dict):
    def __repr__(self):
        return LEAK

    def __getattr__(self, name):
        return LEAK


class SecretList(list):
    def __repr__(self):
        return LEAK

    def __iter__(self):
        return iter([LEAK])

    def __len__(self):
        return 10**9


class SecretTime(datetime):
    def __repr__(self):
        return LEAK


class ForgedLength(Mapping):
    def __getitem__(self, key):
        return LEAK

    def __iter__(self):
        return iter(["a"])

    def __len__(self):
        return -1  # noqa: PLE0303 - the lie


class WrongItems(Mapping):
    def __getitem__(self, key):
        raise KeyError(LEAK)

    def __iter__(self):
        return iter(())

    def __len__(self):
        return 1

    def items(self):
        return [LEAK, (1, 2, 3), None]


class RaisingSet(AbstractSet):
    __contains__ = __iter__ = __len__ = raising


class RaisingUserDict(UserDict):
    def items(self):
        raise ValueError(LEAK)

    def __iter__(self):
        raise ValueError(LEAK)


class Hidden(Enum):
    ONE = LEAK


class OddHash:
    def __init__(self):
        self.asked = 0

    def __hash__(self):
        self.asked += 1
        if self.asked > 1:
            raise ValueError(LEAK)
        return 1


class Fake(NamedTuple):
    a: str
    b: int


Fake._fields = ("a", "b", "c")


class One(NamedTuple):
    a: str


class BadMake(One):
    __slots__ = ()

    @classmethod
    def _make(cls, iterable):
        raise ValueError(LEAK)


@attrs.define(repr=False)
class Unreadable:
    a: str = "x"

    def __getattribute__(self, name):
        raise ValueError(LEAK)


def hostile_values():
    text = SecretRepr("plain")
    return [
        hostile_class("__repr__", "__str__", "__format__")(),
        hostile_class("__getattr__", "__getattribute__")(),
        hostile_class("__len__", "__iter__", "__bool__", "__contains__")(),
        hostile_class("items", "keys", "__iter__", "__len__", "get", "__getitem__", base=dict)(api_key=SECRET),
        hostile_class("__iter__", "__len__", "__getitem__", base=list)([LEAK]),
        hostile_class("__iter__", "__len__", "__getitem__", base=tuple)([LEAK]),
        hostile_class("__iter__", "__len__", "__contains__", base=set)([LEAK]),
        hostile_class("__str__", "__repr__", "__len__", "lower", "encode", "translate", base=str)(LEAK),
        hostile_class("__bytes__", "decode", "__getitem__", "__len__", base=bytes)(LEAK.encode()),
        hostile_class("__int__", "__str__", "__repr__", "bit_length", "__lt__", "__le__", base=int)(5),
        hostile_class("__float__", "__str__", "__repr__", "__lt__", base=float)(5.5),
        WithMeta(),
        WithMeta,
        ClaimsToBeText(),
        ClassRaises(),
        EverythingRaises(),
        Recursive(),
        text,
        SecretDict(a=1),
        SecretList([1]),
        SecretTime(2024, 5, 1),
        ForgedLength(),
        WrongItems(),
        RaisingSet(),
        RaisingUserDict({"a": LEAK}),
        Hidden.ONE,
        Fake(LEAK, 2),
        BadMake(LEAK),
        Unreadable(),
        type(f"Forged\nERROR {LEAK}", (), {"__repr__": raising})(),
        type("Named", (), {"__module__": LEAK, "__repr__": raising})(),
        type("Named", (Exception,), {"__module__": 5, "__str__": raising})(LEAK),
    ]


VALUES = hostile_values()


@pytest.mark.parametrize("index", range(len(VALUES)))
@pytest.mark.parametrize("sanitizer", [SANITIZER, REGISTERED], ids=["bare", "registered"])
def test_a_hostile_value_anywhere_neither_raises_nor_leaks(sanitizer, index):
    value = VALUES[index]
    for payload in (value, [value], {"x": value, "kept": 1}, {"password": value}, {"token": value}, ("x", value, 1)):
        for level in ("LOW", "CRITICAL"):
            found = sanitizer.sanitize(payload, level)
            assert SECRET not in repr(found)
            assert SECRET not in json.dumps(found, default=repr)
            assert "\n" not in str(found)
    assert sanitizer.sanitize({"x": value, "kept": 1}, "LOW")["kept"] == 1


def test_hostile_keys_are_shown_as_text():
    odd = OddHash()
    payload = {odd: LEAK, "kept": 1}
    found = SANITIZER.sanitize(payload, "LOW")
    assert found["kept"] == 1
    assert SECRET not in repr(found)


def test_a_repr_that_changes_the_payload_changes_no_more_than_that():
    payload = {"a": 1}
    payload["b"] = Mutating(payload)
    found = SANITIZER.sanitize({"x": payload}, "LOW")
    assert SECRET not in repr(found)


def test_keys_that_coincide_once_cleaned_all_stay():
    payload = {"to a@example.com x": 1, "to b@example.com x": 2, "to c@example.com x": 3}
    found = SANITIZER.sanitize(payload, "MEDIUM")
    assert sorted(found.values()) == [1, 2, 3]


def test_keys_of_every_kind_are_cleaned():
    payload = {
        LEAK: 1,
        LEAK.encode(): 2,
        (LEAK, 1): 3,
        frozenset({LEAK}): 4,
        5: 5,
        1.5: 6,
        None: 7,
        Hidden.ONE: 8,
        object(): 9,
        ("api_key", SECRET): 10,
    }
    found = SANITIZER.sanitize(payload, "LOW")
    assert SECRET not in repr(found)
    assert len(found) == len(payload)
    assert [found[key] for key in (5, 1.5, None)] == [5, 6, 7]


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit, GeneratorExit])
@pytest.mark.parametrize("name", ["__repr__", "items", "__str__"])
def test_an_interrupt_passes_through(interrupt, name):
    def interrupted(*_):
        raise interrupt

    base = {"items": Mapping, "__repr__": object, "__str__": Exception}[name]
    members = {name: interrupted, "__len__": lambda _: 1, "__iter__": None, "__getitem__": None}
    value = type("Interrupting", (base,), members if base is Mapping else {name: interrupted})()
    with pytest.raises(interrupt):
        SANITIZER.sanitize({"x": [value]}, "LOW")


@pytest.mark.parametrize(
    "text",
    [
        "user=bob\r\nERROR forged",
        "a\rb",
        "a\x1b[2J\x1b[31mred\x1b[0m",
        "a\x00b",
        "a\u2028b\u2029c\x85d",
        "a\u202eexe.\u202c",
        "a\ud800b\udfff",
        "a\x08\x08b\x7f\x9b31m",
        "a\ufeff\u200b\u2060b",
        "a\x1b]8;;http://x\x07link\x1b]8;;\x07",
    ],
)
def test_nothing_that_forges_or_disguises_a_line_comes_out(text):
    for payload in (text, {"x": [text]}, {text: 1}, ValueError(text), SecretRepr(text)):
        shown = json.dumps(SANITIZER.sanitize(payload, "LOW"), ensure_ascii=False, default=repr)
        assert not any(
            ord(char) < 32 or 0x7F <= ord(char) < 0xA0 or char in "\u2028\u2029\u202e\u202c\u200b\ufeff"
            for char in shown
        )
        shown.encode()


@pytest.mark.parametrize("glue", ["\x00", "\u200b", "\u2060", "\x1b[0m", "\ud800", "\x08", "\u202e", "\u00ad"])
def test_invisible_characters_inside_do_not_disguise_a_secret(glue):
    sanitizer = SecurityDataSanitizer(config=SanitizerConfig(secrets=(SECRET,)))
    text = f"value {glue.join(SECRET)} here"
    found = sanitizer.sanitize({"x": text, f"pass{glue}word": "hunter2x"}, "LOW")
    assert found["x"] == "value [SECRET] here"
    assert "hunter2x" not in repr(found)


@pytest.mark.parametrize(
    "raw",
    [
        LEAK.encode("utf-16"),
        LEAK.encode("utf-16-le"),
        LEAK.encode("utf-16-be"),
        b"\x00" + LEAK.encode("utf-16-le"),
        b"\xff\xfe\x80" + LEAK.encode() + b"\x00\xff",
        b"\x01\x02\x00" + LEAK.encode() + b"\x00\x03",
        f"pässwörd: x, {LEAK}".encode("latin-1"),
        b"8=FIX.4.4\x01554=" + SECRET.encode() + b"\x0110=1\x01",
    ],
)
def test_a_secret_inside_bytes_is_found_in_any_encoding(raw):
    for value in (raw, bytearray(raw), memoryview(raw), [raw], {"x": raw}, {raw: 1}, ValueError(raw)):
        found = SANITIZER.sanitize(value, "LOW")
        shown = repr(bytes(found) if isinstance(found, memoryview) else found)
        assert SECRET not in shown
        assert SECRET not in shown.replace("\\x00", "")


@pytest.mark.parametrize(
    "raw", [b"", b"\x00", b"\x00" * 8, bytes(range(256)), b"\x89PNG\r\n\x1a\n\x00\x01", b"\xc3\x28"]
)
def test_binary_data_without_a_secret_stays(raw):
    assert SANITIZER.sanitize([raw, bytearray(raw)], "CRITICAL") == [raw, bytearray(raw)]
