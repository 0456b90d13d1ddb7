"""Every container and value keeps its type and shape, and no input is changed or used up."""

import asyncio
import copy
import functools
import io
import re
import threading
import time
import types
import weakref
from array import array
from collections import ChainMap, Counter, OrderedDict, UserDict, UserList, UserString, defaultdict, deque
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum, IntEnum, IntFlag, StrEnum
from fractions import Fraction
from http.cookies import SimpleCookie
from ipaddress import ip_address, ip_network
from pathlib import PurePosixPath
from types import MappingProxyType, SimpleNamespace
from typing import NamedTuple, TypedDict
from urllib.parse import urlsplit
from uuid import UUID
from zoneinfo import ZoneInfo

import attrs
import pytest

from recoup_plugins.security_sanitizer import SecurityDataSanitizer

SECRET = "AbCdEf123456789xyz"
SANITIZER = SecurityDataSanitizer()


def clean(payload, level="LOW"):
    return SANITIZER.sanitize(payload, level)


class Settings(dict):
    """A dict that overrides nothing."""


class Prices(list):
    """A list that overrides nothing."""


class Symbol(str):
    __slots__ = ()


class Point(NamedTuple):
    x: int
    label: str


class Login(TypedDict):
    user: str
    password: str


class Side(Enum):
    BUY = "buy"


class Code(IntEnum):
    REJECTED = 2010


class Permission(IntFlag):
    READ = 1
    TRADE = 2


class State(StrEnum):
    OPEN = "open"


def factory():
    return SECRET


@pytest.mark.parametrize(
    "value",
    [
        {"a": 1},
        OrderedDict(b=1, a=2),
        Counter({"BUY": 2}),
        defaultdict(list, {"a": [1]}),
        MappingProxyType({"a": 1}),
        ChainMap({"a": 1}, {"b": 2}),
        UserDict({"a": 1}),
        Settings(a=1),
        Login(user="bob", password=""),
        [1, "x"],
        Prices([1.5, 2.5]),
        UserList([1, 2]),
        (1, "x"),
        Point(1, "x"),
        deque([1, 2], maxlen=3),
        {1, "x"},
        frozenset({1, 2}),
        b"\x00\x01\xff",
        b"plain",
        bytearray(b"\x00plain"),
        array("d", [1.5, 2.5]),
        array("b", [1, 2]),
        Symbol("BTC/USDT"),
        SimpleNamespace(symbol="BTC/USDT", tries=3),
        Side.BUY,
        Code.REJECTED,
        Permission.READ | Permission.TRADE,
        State.OPEN,
        Decimal("1.50"),
        Fraction(1, 3),
        1 + 2j,
        float("inf"),
        2**64,
        True,
        None,
        Ellipsis,
        range(3),
        datetime(2024, 5, 1, tzinfo=UTC),
        date(2024, 5, 1),
        timedelta(seconds=1),
        ZoneInfo("UTC"),
        UUID("550e8400-e29b-41d4-a716-446655440000"),
        PurePosixPath("/srv/bot/app.py"),
        ip_address("203.0.113.7"),
        ip_network("203.0.113.0/24"),
        re.compile(r"\d{3}"),
        urlsplit("https://api.example.com/v1?symbol=BTCUSDT"),
        time.gmtime(0),
    ],
    ids=lambda value: f"{type(value).__name__}",
)
def test_what_holds_no_secret_comes_out_equal_and_of_its_type(value):
    found = clean([value])[0]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    "value",
    [
        OrderedDict(api_key=SECRET),
        defaultdict(factory, {"api_key": SECRET}),
        defaultdict(functools.partial(dict, token=SECRET)),
        Counter({f"api_key={SECRET}": 2}),
        MappingProxyType({"api_key": SECRET}),
        ChainMap({"api_key": SECRET}, {"x": {"password": SECRET}}),
        UserDict({"api_key": SECRET}),
        UserList([f"password={SECRET}"]),
        UserString(f"password={SECRET}"),
        Settings(api_key=SECRET),
        Prices([f"api_key={SECRET}"]),
        Symbol(f"api_key={SECRET}"),
        SimpleNamespace(api_key=SECRET, nested=SimpleNamespace(password=SECRET)),
        deque([f"api_key={SECRET}"]),
        frozenset({f"api_key={SECRET}"}),
        {"a": 1, "api_key": SECRET}.items(),
        {"x": f"api_key={SECRET}"}.values(),
        {f"api_key={SECRET}": 1}.keys(),
        memoryview(f"api_key={SECRET}".encode()),
        bytearray(f"api_key={SECRET}".encode()),
        array("B", f"api_key={SECRET}".encode()),
        array("u", f"api_key={SECRET}"),
        functools.partial(print, f"api_key={SECRET}", password=SECRET),
        PurePosixPath(f"/run/api_key={SECRET}"),
        re.compile(f"api_key={SECRET}"),
        slice(f"api_key={SECRET}", None),
        urlsplit(f"https://bob:{SECRET}@api.example.com/v1?apiKey={SECRET}&x=1#token={SECRET}"),
        types.MappingProxyType({"deep": [{"Authorization": f"Bearer {SECRET}"}]}),
        {("api_key", SECRET)},
        {("api_key", SECRET): 1},
        {b"X-MBX-APIKEY": SECRET},
        {b"x": f"password={SECRET}".encode()},
        ("X-API-KEY", SECRET),
        (SECRET, "api_key"),
        [SECRET, "password"],
        {SECRET: "api_key"},
        {"value": SECRET, "name": "api_secret"},
    ],
    ids=lambda value: f"{type(value).__name__}",
)
def test_a_secret_in_any_shape_is_hidden(value):
    for payload in (value, [value], {"x": value}, (value, 1)):
        assert SECRET not in repr(clean(payload))


def test_kept_types_hold_clean_members():
    assert clean(OrderedDict(b=1, api_key=SECRET)) == OrderedDict(b=1, api_key="[API_KEY]")
    assert clean(defaultdict(list, {"token": SECRET})).default_factory is list
    assert clean(defaultdict(factory, a=1)).default_factory is None
    assert clean(Settings(token=SECRET)) == Settings(token="[TOKEN]")
    assert type(clean(Settings(token=SECRET))) is Settings
    assert type(clean(Symbol(f"api_key={SECRET}"))) is Symbol
    assert clean(bytearray(f"api_key={SECRET}".encode())) == bytearray(b"api_key=[API_KEY]")
    assert clean(SimpleNamespace(password=SECRET)) == SimpleNamespace(password="[PASSWORD]")
    assert bytes(clean(memoryview(f"api_key={SECRET}".encode()))) == b"api_key=[API_KEY]"


def test_the_parts_of_a_url_lose_its_credentials():
    found = clean(urlsplit(f"https://bob:{SECRET}@api.example.com/v1?apiKey={SECRET}&symbol=BTCUSDT"))
    assert found.netloc == "[CREDENTIALS]@api.example.com"
    assert found.query.endswith("&symbol=BTCUSDT")


def test_an_enum_member_with_a_secret_as_its_value_becomes_its_name():
    class Keys(Enum):
        LIVE = f"api_key={SECRET}"

    class Loud(Enum):
        ONE = 1

        def __str__(self):
            return f"api_key={SECRET}"

    assert clean([Keys.LIVE]) == [f"{Keys.__module__}.{Keys.__qualname__}.LIVE"]
    assert SECRET not in repr(clean(Loud.ONE))


def test_iterators_files_and_generators_are_named_and_not_used_up():
    def generate():
        yield SECRET

    generator = generate()
    iterator = iter([SECRET, 2])
    file = io.StringIO(f"api_key={SECRET}")
    binary = io.BytesIO(SECRET.encode())
    found = clean([generator, iterator, file, binary, map(str, iterator), zip(iterator, iterator, strict=False)])
    assert SECRET not in repr(found)
    assert next(generator) == SECRET
    assert list(iterator) == [SECRET, 2]
    assert (file.tell(), binary.tell()) == (0, 0)


def test_properties_are_not_called():
    calls = []

    class Client:
        @property
        def text(self):
            calls.append(1)
            raise RuntimeError

        def __getattr__(self, name):
            calls.append(name)
            raise AttributeError(name)

    @attrs.define
    class Response:
        status: int

        @property
        def body(self):
            calls.append(1)

    clean([Client(), Response(200)])
    assert calls == []


def test_what_runs_or_locks_is_described():
    async def work():
        await asyncio.sleep(0)

    coroutine = work()
    lock = threading.Lock()
    variable = ContextVar("api_key", default=SECRET)
    values = [coroutine, lock, threading.current_thread(), lambda: SECRET, threading, print, Side, variable]
    values += [weakref.ref(Side), object(), types.SimpleNamespace, work.__code__]
    found = clean(values)
    coroutine.close()
    assert len(found) == len(values)
    assert all(isinstance(item, str) for item in found)
    assert SECRET not in repr(found)
    assert not lock.locked()


def test_a_context_variable_names_its_value():
    context = __import__("contextvars").copy_context()
    context.run(ContextVar("password").set, SECRET)
    variable = ContextVar("api_key")
    context.run(variable.set, SECRET)
    assert SECRET not in repr(clean(context))


def test_an_object_that_prints_its_secret_under_another_name_loses_it():
    class Session:
        def __init__(self):
            self.api_secret = SECRET

        def __repr__(self):
            return f"<Session with {self.api_secret}>"

    class Slotted:
        __slots__ = ("password", "unset")

        def __init__(self):
            self.password = SECRET

        def __repr__(self):
            return f"Slotted({self.password})"

    assert clean(Session()) == "<Session with [SECRET]>"
    assert clean(Slotted()) == "Slotted([PASSWORD])"


def test_a_value_hidden_in_one_place_is_hidden_in_every_other():
    payload = {"message": f"no account for {SECRET} yet", "api_key": SECRET, "path": f"/v1/{SECRET}/orders"}
    found = clean(payload)
    assert found == {"message": "no account for [API_KEY] yet", "api_key": "[API_KEY]", "path": "/v1/[API_KEY]/orders"}


def test_an_ordinary_word_under_a_secret_name_stays_elsewhere():
    assert clean({"password": "production", "stage": "production"})["stage"] == "production"


def test_dataclasses_with_secrets_and_shapes_within():
    @dataclass
    class Inner:
        token: str
        symbol: str

    @dataclass(slots=True)
    class Outer:
        inner: Inner
        headers: dict

    found = clean(Outer(Inner(SECRET, "BTC/USDT"), {"X-API-KEY": SECRET}))
    assert found["inner"]["symbol"] == "BTC/USDT"
    assert SECRET not in repr(found)


def test_cookies_and_environment_lose_their_values(monkeypatch):
    import os

    cookie = SimpleCookie({"session_token": SECRET, "theme": "dark"})
    monkeypatch.setenv("BOT_API_SECRET", SECRET)
    assert SECRET not in repr(clean(cookie))
    assert SECRET not in repr(clean(os.environ))


def test_every_container_is_left_as_it_was():
    payload = {
        "list": [1, {"api_key": SECRET}, (SECRET, "x")],
        "set": {1, f"password={SECRET}"},
        "deque": deque([SECRET], maxlen=2),
        "default": defaultdict(list, {"token": [SECRET]}),
        "counter": Counter([SECRET]),
        "bytes": bytearray(f"api_key={SECRET}".encode()),
        "namespace": SimpleNamespace(api_key=SECRET),
        "array": array("u", f"api_key={SECRET}"),
        "ordered": OrderedDict(a=1, api_key=SECRET),
    }
    before = copy.deepcopy(payload)
    found = clean(payload, "CRITICAL")
    assert payload == before
    assert found["list"] is not payload["list"]


def test_nothing_of_the_result_is_the_inputs_own_container():
    payload = {"a": [1], "b": {"c": {1}}, "d": deque([1]), "e": bytearray(b"x"), "f": array("i", [1])}
    found = clean(payload)
    assert found == payload
    for key, value in payload.items():
        assert found[key] is not value


def test_a_name_that_a_key_is_given_does_not_hide_the_key():
    payload = {"column_00012": "api_key", "field-123456789": "password", "SHEET2024ROW15": "token"}
    assert clean(payload) == payload


def test_a_user_hidden_by_name_stays_part_of_other_words():
    assert clean({"user": "binance01", "exchange": "binance01"}, "HIGH")["exchange"] == "binance01"
