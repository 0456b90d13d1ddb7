"""Exceptions, also those that real clients raise, keep their story and lose every secret on the way."""

import json
import sqlite3
import traceback

import aiohttp
import attrs
import ccxt
import httpx
import pytest
import redis
import requests
import sqlalchemy
import websockets.exceptions
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from recoup_plugins.security_sanitizer import SecurityDataSanitizer

SECRET = "AbCdEf123456789xyz"
ADDRESS = f"https://api.example.com/v1/order?symbol=BTCUSDT&apiKey={SECRET}&signature={SECRET}"
LOGIN = f"https://bob:{SECRET}@api.example.com/v1"
HEADERS = {"X-MBX-APIKEY": SECRET, "Authorization": f"Bearer {SECRET}", "Content-Type": "application/json"}
SANITIZER = SecurityDataSanitizer()


def clean(payload, level="LOW"):
    return SANITIZER.sanitize(payload, level)


class Custom(Exception):
    def __init__(self, code, *, url, key):
        super().__init__(code)
        self.url = url
        self.api_key = key

    def __str__(self):
        return f"[{self.args[0]}] at {self.url} with {self.api_key}"


class Slotted(Exception):
    __slots__ = ("password",)


@attrs.define(auto_exc=True)
class AttrsError(Exception):
    symbol: str
    token: str


class Raising(Exception):
    def __str__(self):
        raise ValueError(SECRET)

    __repr__ = __str__

    @property
    def args(self):
        raise ValueError(SECRET)

    @property
    def __cause__(self):
        raise ValueError(SECRET)

    @property
    def __dict__(self):
        raise ValueError(SECRET)


class Lying(Exception):
    def __str__(self):
        return f"all fine, token={SECRET}"


def aiohttp_error():
    headers = CIMultiDictProxy(CIMultiDict(HEADERS))
    info = aiohttp.RequestInfo(URL(ADDRESS), "POST", headers, URL(LOGIN))
    return aiohttp.ClientResponseError(info, (), status=401, message=f"bad key {SECRET}", headers=headers)


def httpx_error():
    request = httpx.Request("POST", ADDRESS, headers=HEADERS, json={"apiKey": SECRET})
    response = httpx.Response(401, request=request, headers={"Set-Cookie": f"session={SECRET}"}, text=SECRET)
    try:
        response.raise_for_status()
    except httpx.HTTPStatusError as error:
        return error


def requests_error():
    request = requests.Request("POST", ADDRESS, headers=HEADERS, data={"password": SECRET}).prepare()
    response = requests.Response()
    response.status_code, response.request, response.url, response.reason = 401, request, ADDRESS, "Unauthorized"
    try:
        response.raise_for_status()
    except requests.HTTPError as error:
        return error


def ccxt_error():
    body = json.dumps({"code": -2015, "msg": "Invalid API-key", "apiKey": SECRET})
    return ccxt.AuthenticationError(f"binance POST {ADDRESS} 401 Unauthorized {body}")


def sqlalchemy_error():
    engine = sqlalchemy.create_engine("sqlite://")
    with engine.connect() as connection:
        try:
            connection.exec_driver_sql("INSERT INTO keys (exchange, api_key) VALUES (?, ?)", ("binance", SECRET))
        except sqlalchemy.exc.DBAPIError as error:
            error.orig.args = (*error.orig.args, f"Key (api_key)=({SECRET}) already exists.")
            return error


def chained():
    try:
        try:
            raise KeyError(f"token={SECRET}")
        except KeyError as inner:
            raise ConnectionError(ADDRESS) from inner
    except ConnectionError as outer:
        outer.add_note(f"password: {SECRET}")
        outer.request = {"headers": HEADERS}
        return outer


ERRORS = {
    "custom": lambda: Custom(401, url=ADDRESS, key=SECRET),
    "slots": lambda: setattr(error := Slotted("x"), "password", SECRET) or error,
    "attrs": lambda: AttrsError("BTC/USDT", SECRET),
    "raising": lambda: Raising(f"api_key={SECRET}"),
    "lying": lambda: Lying(f"api_key={SECRET}"),
    "group": lambda: ExceptionGroup("two", [ValueError(f"secret={SECRET}"), ExceptionGroup("one", [chained()])]),
    "base group": lambda: BaseExceptionGroup(f"token={SECRET}", [KeyboardInterrupt(f"secret={SECRET}")]),
    "chain": chained,
    "unicode": lambda: UnicodeDecodeError("utf-8", f"api_key={SECRET}\xff".encode("latin-1"), 0, 1, "bad"),
    "os": lambda: FileNotFoundError(2, "No such file", f"/run/token={SECRET}"),
    "stop": lambda: StopIteration({"api_key": SECRET}),
    "exit": lambda: SystemExit(f"api_key={SECRET}"),
    "sqlite": lambda: sqlite3.OperationalError(f"near: api_key='{SECRET}'"),
    "aiohttp": aiohttp_error,
    "httpx": httpx_error,
    "requests": requests_error,
    "ccxt": ccxt_error,
    "sqlalchemy": sqlalchemy_error,
    "redis": lambda: redis.exceptions.ConnectionError(f"Error 111 connecting to redis://:{SECRET}@localhost:6379/0"),
    "websockets": lambda: websockets.exceptions.InvalidURI(f"wss://x.example.com/ws?listenKey={SECRET}", "bad"),
}


@pytest.mark.parametrize("name", ERRORS)
@pytest.mark.parametrize("level", ["LOW", "CRITICAL"])
def test_no_secret_of_an_error_survives(name, level):
    error = ERRORS[name]()
    for payload in (error, {"error": error, "extra": [error.__cause__ if name != "raising" else None]}, [error]):
        found = clean(payload, level)
        assert SECRET not in repr(found)
        assert SECRET not in json.dumps(found, default=repr)


@pytest.mark.parametrize("name", [name for name in ERRORS if name != "raising"])
def test_a_formatted_traceback_of_an_error_is_clean(name):
    error = ERRORS[name]()
    lines = "".join(traceback.format_exception(error))
    found = SANITIZER.sanitize_stack_trace(lines, "LOW")
    if name not in ("custom", "sqlalchemy", "aiohttp", "attrs"):  # a bare value in prose has nothing to be known by
        assert SECRET not in found
    assert type(error).__name__ in found


def test_what_an_operator_needs_is_still_there():
    found = clean(aiohttp_error())
    assert found["type"] == "aiohttp.client_exceptions.ClientResponseError"
    assert found["attributes"]["status"] == 401
    info = found["attributes"]["request_info"]
    headers = info["headers"] if isinstance(info, dict) else info.headers
    assert headers["Content-Type"] == "application/json"
    assert headers["X-MBX-APIKEY"] == "[API_KEY]"
    found = clean(sqlalchemy_error())
    assert "INSERT INTO keys (exchange, api_key)" in found["message"]
    assert found["attributes"]["params"] == "[PARAMETERS]"
    assert clean(ccxt_error())["type"] == "ccxt.base.errors.AuthenticationError"


def test_parameters_of_a_statement_that_names_nothing_sensitive_stay():
    engine = sqlalchemy.create_engine("sqlite://")
    with engine.connect() as connection, pytest.raises(sqlalchemy.exc.DBAPIError) as caught:
        connection.exec_driver_sql("INSERT INTO orders (symbol, side) VALUES (?, ?)", ("BTC/USDT", "buy"))
    assert clean(caught.value)["attributes"]["params"] == ("BTC/USDT", "buy")


def test_headers_and_urls_of_clients_are_clean_wherever_they_are():
    payload = [
        CIMultiDict(HEADERS),
        httpx.Headers(HEADERS),
        requests.structures.CaseInsensitiveDict(HEADERS),
        URL(ADDRESS),
        URL(LOGIN),
        httpx.URL(ADDRESS),
        httpx.URL(LOGIN),
        httpx.Request("GET", ADDRESS, headers=HEADERS),
        httpx.QueryParams({"apiKey": SECRET}),
        requests.Request("GET", ADDRESS, headers=HEADERS).prepare(),
        sqlalchemy.engine.make_url(f"postgresql://bot:{SECRET}@db/trades"),
    ]
    for item in payload:
        assert SECRET not in repr(clean(item)), item
        assert SECRET not in repr(clean({"x": [item]})), item


def test_headers_that_come_twice_all_stay():
    found = clean(CIMultiDict([("Set-Cookie", f"session={SECRET}"), ("Via", "a"), ("Via", "b")]))
    assert SECRET not in repr(found)
    assert {"a", "b"} <= set(found.values())


def test_a_url_without_a_secret_stays_itself():
    url = URL("https://api.example.com/v1/order?symbol=BTCUSDT")
    assert clean([url])[0] is url


def test_a_chain_of_ten_thousand_causes_is_cut():
    error = ValueError("first")
    for _ in range(10_000):
        following = ValueError(f"token={SECRET}")
        following.__cause__ = error
        error = following
    found = repr(clean(error))
    assert SECRET not in found
    assert "[CUT" in found


def test_an_error_itself_is_left_as_it_was():
    error = chained()
    before = (error.args, dict(vars(error)), error.__cause__, error.__traceback__)
    clean(error)
    assert (error.args, dict(vars(error)), error.__cause__, error.__traceback__) == before
