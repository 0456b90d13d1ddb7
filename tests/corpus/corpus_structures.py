"""Payloads that are no text: nested containers, pairs, objects of every make and exceptions of real clients."""

from __future__ import annotations

import collections
import dataclasses
import enum
import hashlib
import types
import typing
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs
from corpus_material import WORDS, Material
from corpus_model import Case

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclasses.dataclass
class Settings:
    api_key: str
    mode: str = "live"


@dataclasses.dataclass(frozen=True, slots=True)
class FrozenSettings:
    apiSecret: str  # noqa: N815 - what it is called is the point
    mode: str = "live"


@attrs.define
class Credentials:
    passphrase: str
    mode: str = "live"


@attrs.frozen
class Hidden:
    token: str = attrs.field(repr=False)
    mode: str = "live"


class Login(typing.NamedTuple):
    password: str
    mode: str = "live"


class Plain:
    """An object with nothing but attributes."""

    def __init__(self, secret: str) -> None:
        self.secret = secret
        self.mode = "live"

    def __repr__(self) -> str:
        return f"Plain(secret={self.secret!r}, mode={self.mode!r})"


class Telling:
    """An object whose text gives a secret away."""

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def __str__(self) -> str:
        return f"client live with token {self._secret}"

    __repr__ = __str__


class VenueError(Exception):
    """An exception that carries what was sent."""

    def __init__(self, message: str, *, request: Any) -> None:
        super().__init__(message)
        self.request = request


class Text(str):
    """A subclass of text."""

    __slots__ = ()


def structure_cases() -> Iterator[Case]:
    """Return every structure with four names and secrets."""
    for place, name in enumerate(("api_key", "secretKey", "PASSPHRASE", "X-Auth-Token")):
        material = Material(f"structure-{name}")
        named = (*_named(name, material), *_valued(name, material), *_contained(name, material))
        for kind, payload, secret in named:
            yield Case(kind=f"structure-{kind}", level="LOW", payload=payload, secrets=secret, context="live")
        for kind, payload, secret in _objects(material):
            yield Case(kind=f"object-{kind}", level="LOW", payload=payload, secrets=secret, context="live")
        for kind, error, secret in _errors(name, material):
            yield Case(kind=f"error-{kind}", level="LOW", payload=error, secrets=secret, context="refused")
        for kind, key, secret in _keys(material, place):
            yield Case(
                kind=f"key-{kind}", level="LOW", payload={key: secret, "mode": "live"}, secrets=secret, context="live"
            )
    yield from _sensitive_values()


def _named(name: str, material: Material) -> Iterator[tuple[str, Any, str | tuple[str, ...]]]:
    def new() -> str:
        return material.alnum(20)

    secret = new()
    yield "deep", {"a": [{"b": ({"c": {name: secret}},)}], "mode": "live"}, secret
    secret = new()
    yield "pair-list", [[name, secret], ["mode", "live"]], secret
    secret = new()
    yield "pair-tuple", ((name, secret), ("mode", "live")), secret
    secret = new()
    yield "pair-bytes", [(name.encode(), secret.encode()), (b"mode", b"live")], secret
    secret = new()
    yield "name-value", [{"name": name, "value": secret}, {"name": "mode", "value": "live"}], secret
    secret = new()
    yield "key-value", {"items": [{"key": name, "value": secret}, {"key": "mode", "value": "live"}]}, secret
    secret = new()
    yield "header-value", {"Name": name, "Value": secret, "mode": "live"}, secret
    secret = new()
    yield "flat-list", {"argv": ["bot", f"--{name}", secret, "--mode", "live"]}, secret
    secret = new()
    yield "flag-list", {"argv": ["bot", f"--{name}={secret}", "--mode=live"]}, secret
    secret = new()
    yield "raw-headers", {"raw": [name, secret, "Accept", "live"]}, secret


def _valued(name: str, material: Material) -> Iterator[tuple[str, Any, str | tuple[str, ...]]]:
    def new() -> str:
        return material.alnum(20)

    first, second = new(), new()
    yield "value-list", {name: [first, second], "mode": "live"}, (first, second)
    first, second = new(), new()
    yield "value-map", {name: {"old": first, "new": {"x": second}}, "mode": "live"}, (first, second)
    secret = material.digits(12)
    yield "value-number", {name: int(secret), "mode": "live"}, secret
    secret = f"{material.digits(5)}.{material.digits(6)}"
    yield "value-decimal", {name: Decimal(secret), "mode": "live"}, secret
    secret = new()
    yield "value-bytes", {name: secret.encode(), "mode": "live"}, secret
    yield "value-memory", {name: memoryview(secret.encode()), "mode": "live"}, secret
    secret = material.uuid()
    yield "value-uuid", {name: UUID(secret), "mode": "live"}, secret
    secret = "correct horse " + material.lower(5)
    yield "value-words", {name: secret, "mode": "live"}, secret
    secret = "".join(material.random.choices(WORDS, k=2))
    yield "value-plain-word", {name: secret, "mode": "live"}, secret


def _contained(name: str, material: Material) -> Iterator[tuple[str, Any, str]]:
    secret = material.alnum(20)
    yield "ordered", collections.OrderedDict([(name, secret), ("mode", "live")]), secret
    yield "defaultdict", collections.defaultdict(str, {name: secret, "mode": "live"}), secret
    yield "proxy", types.MappingProxyType({name: secret, "mode": "live"}), secret
    yield "chain-map", collections.ChainMap({"mode": "live"}, {name: secret}), secret
    yield "user-dict", collections.UserDict({name: secret, "mode": "live"}), secret
    yield "deque", collections.deque([{name: secret}, "live"]), secret
    yield "namespace", types.SimpleNamespace(**{name.replace("-", "_"): secret, "mode": "live"}), secret
    yield "frozenset", {"live": frozenset({(name, secret)})}, secret
    yield "text-subclass", {Text(name): Text(secret), "mode": "live"}, secret
    yield "bytes-key", {name.encode(): secret, "mode": "live"}, secret
    yield "tuple-key", {("account", name): secret, "mode": "live"}, secret
    yield "json-in-json", {"body": f'{{"inner":"{{\\"{name}\\":\\"{secret}\\",\\"mode\\":\\"live\\"}}"}}'}, secret
    yield "json-bytes", {"body": f'{{"{name}":"{secret}","mode":"live"}}'.encode()}, secret
    yield "form-bytes", {"body": f"{name}={secret}&mode=live".encode()}, secret
    yield "dict-view", {"live": {name: secret}.items()}, secret
    yield "generator-list", {"headers": [f"{name}: {secret}", "mode: live"]}, secret
    yield "log-record-args", {"msg": f"{name}=%s mode=live", "args": (secret,)}, secret
    yield "dotted", {f"exchange.{name}": secret, "mode": "live"}, secret
    yield "rows", {"live": [["venue", "secret"], ["okx", secret]]}, secret
    yield "field-type", {"type": "password", "value": secret, "mode": "live"}, secret
    yield "login-option", ["live", "curl", "-u", f"feed:{secret}"], secret
    yield "default", {"name": "api_secret", "default": secret, "mode": "live"}, secret
    yield "fix-fields", {"35": "A", "554": secret, "58": "live"}, secret
    yield "fix-pairs", [(35, "A"), (554, secret), (58, "live")], secret
    yield "alone", {"keys": {"private": _key_of(secret)}, "mode": "live"}, _key_of(secret)
    yield "indexed", {f"accounts[0][{name}]": secret, "mode": "live"}, secret


def _key_of(secret: str) -> str:
    """Return a private key made of a secret: 32 octets in base 16."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _objects(material: Material) -> Iterator[tuple[str, Any, str]]:
    secret = material.alnum(20)
    yield "dataclass", Settings(secret), secret
    yield "dataclass-frozen", FrozenSettings(secret), secret
    yield "attrs", Credentials(secret), secret
    yield "attrs-hidden", Hidden(secret), secret
    yield "named-tuple", Login(secret), secret
    yield "plain", {"client": Plain(secret), "mode": "live"}, secret
    yield "telling", Telling(secret), secret
    yield "nested", {"settings": [Settings(secret), Credentials(secret)]}, secret
    yield "enum", {"mode": "live", "password": enum.Enum("Kind", {"ONE": secret}).ONE}, secret  # type: ignore[attr-defined]
    yield "namespace-value", {"mode": "live", "token": types.SimpleNamespace(value=secret)}, secret
    yield "type-of-dict", {"password": {"value": secret, "type": "text"}, "mode": "live"}, secret
    yield "exception-in-list", [ValueError(f"token={secret}"), "live"], secret


def _errors(name: str, material: Material) -> Iterator[tuple[str, BaseException, str]]:
    secret = material.alnum(20)
    yield "text", ValueError(f"refused {name}={secret}"), secret
    yield "pairs", ValueError("refused", {name: secret}), secret
    yield "tuple", ValueError("refused", (name, secret)), secret
    yield "attribute", VenueError("refused", request={"headers": {name: secret}}), secret
    yield "cause", _chained(KeyError(f"{name}: {secret}"), explicit=True), secret
    yield "context", _chained(KeyError(f"{name}: {secret}"), explicit=False), secret
    noted = ValueError("refused")
    noted.add_note(f"sent {name}: {secret}")
    yield "note", noted, secret
    group = ExceptionGroup("refused", [OSError(f"{name}={secret}"), ExceptionGroup("x", [ValueError({name: secret})])])
    yield "group", group, secret
    yield "bytes", ValueError("refused", f"{name}: {secret}".encode()), secret
    yield "nested", RuntimeError("refused", ValueError(f"{name}={secret}")), secret
    yield "json", RuntimeError(f'refused {{"{name}":"{secret}"}}'), secret
    yield "os-error", FileNotFoundError(2, f"refused {name}={secret}", "/srv/bot/x"), secret


def _chained(cause: Exception, *, explicit: bool) -> Exception:
    try:
        try:
            raise cause
        except type(cause) as error:
            if explicit:
                raise RuntimeError("refused") from error
            raise RuntimeError("refused")  # noqa: B904 - the context is the point
    except RuntimeError as error:
        return error


def _keys(material: Material, place: int) -> Iterator[tuple[str, str, str]]:
    name = ("apiKey", "password", "secretKey", "accessToken")[place]
    spelt = {
        "spaced": " " + name + " ",
        "upper": name.upper(),
        "fullwidth": name.translate({code: code + 0xFEE0 for code in range(0x21, 0x7F)}),
        "cyrillic": name.translate(str.maketrans("aeopcs", "\u0430\u0435\u043e\u0440\u0441\u0455")),
        "greek": name.translate(str.maketrans("oau", "\u03bf\u03b1\u03c5")),
        "zero-width": "\u200b".join(name),
        "soft-hyphen": name[:4] + "\u00ad" + name[4:],
        "combining": name[:2] + "\u0301" + name[2:],
        "mathematical": "".join(chr(0x1D41A + ord(char) - 97) if char.islower() else char for char in name),
        "quoted": f'"{name}"',
        "prefixed": f"BINANCE_SPOT_{name}",
        "suffixed": f"{name}2",
        "old": f"old_{name}",
        "header": f"X-Venue-{name}",
        "colon": f"{name}:",
        "plural": f"{name}s",
        "bom": f"\ufeff{name}",
        "slashed": f"/config/{name}",
    }
    for kind, key in spelt.items():
        yield kind, key, material.alnum(20)


def _sensitive_values() -> Iterator[Case]:
    material = Material("captured")
    for number in range(4):
        secret = material.alnum(28)
        for kind, payload in _captured(secret).items():
            yield Case(
                kind=f"captured-{kind}",
                level="LOW",
                payload=payload,
                secrets=secret,
                context="api.venue.io" if number else (),
            )


def _captured(secret: str) -> dict[str, Any]:
    """Return what real clients raise and hold."""
    import aiohttp
    import httpx
    import requests
    from multidict import CIMultiDict, CIMultiDictProxy
    from yarl import URL

    url = f"https://api.venue.io/v1/me?token={secret}&s=BTC"
    headers = {"Authorization": f"Bearer {secret}", "Accept": "*/*"}
    request = httpx.Request("GET", "https://api.venue.io/v1/me", headers=headers)
    prepared = requests.Request(
        "POST", "https://api.venue.io/v1/me", headers=headers, data={"secret": secret}
    ).prepare()
    info = aiohttp.RequestInfo(URL(url), "GET", CIMultiDictProxy(CIMultiDict(headers)), URL(url))
    response = requests.Response()
    response.status_code, response.url, response.request = 401, url, prepared
    return {
        "httpx-status": httpx.HTTPStatusError(
            f"401 for {url}", request=request, response=httpx.Response(401, request=request)
        ),
        "httpx-connect": httpx.ConnectError(f"refused {url}", request=request),
        "httpx-headers": {"host": "api.venue.io", "headers": request.headers},
        "httpx-url": {"url": httpx.URL(url)},
        "requests-error": requests.HTTPError(f"403 for url: {url}", request=prepared, response=response),
        "requests-prepared": {"url": "https://api.venue.io", "headers": prepared.headers, "body": prepared.body},
        "aiohttp-response": aiohttp.ClientResponseError(info, (), status=401, message="refused api.venue.io"),
        "aiohttp-info": {"request": info},
        "yarl-url": {"url": URL(url)},
        "multidict": {"host": "api.venue.io", "headers": CIMultiDict(headers)},
    }
