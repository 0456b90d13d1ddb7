"""How far a request got, from what ccxt's error was raised from."""

from __future__ import annotations

from enum import Enum

_MAX_DEPTH = 8

_NEVER_SENT = frozenset(
    {
        "aiohttp.ClientConnectorError",
        "aiohttp.ConnectionTimeoutError",
        "builtins.ConnectionRefusedError",
        "requests.ConnectTimeout",
        "socket.gaierror",
        "urllib3.ConnectTimeoutError",
        "urllib3.NewConnectionError",
    }
)
_CERTIFICATE = frozenset({"aiohttp.ServerFingerprintMismatch", "ssl.SSLCertVerificationError"})
_BROKE_OFF = frozenset(
    {
        "aiohttp.ClientPayloadError",
        "http.IncompleteRead",
        "requests.ChunkedEncodingError",
        "requests.ContentDecodingError",
        "urllib3.IncompleteRead",
    }
)
_TRANSPORT = frozenset({"aiohttp.ClientError", "builtins.TimeoutError", "requests.RequestException"})


class Stage(Enum):
    """How far the request got."""

    NEVER_SENT = "never_sent"
    CERTIFICATE = "certificate"
    """It was not sent either, since the venue could not prove who it is."""
    UNDER_WAY = "under_way"
    """The transport failed at a point where the venue may have read the request."""
    BROKE_OFF = "broke_off"
    """An answer began and did not end."""
    ANSWERED = "answered"
    """The transport has nothing to complain of."""


def stage_of(error: BaseException) -> Stage:
    """Follow ``__cause__`` and the reasons that requests and urllib3 carry.

    The certificate check comes first: its error counts as a connector's as well.
    """
    names: list[frozenset[str]] = []
    found = error.__cause__
    while found is not None and len(names) < _MAX_DEPTH:
        names.append(_names(type(found)))
        found = _behind(found)
    if any(kind & _CERTIFICATE for kind in names):
        return Stage.CERTIFICATE
    if any(kind & _NEVER_SENT for kind in names):
        return Stage.NEVER_SENT
    if any(kind & _BROKE_OFF for kind in names):
        return Stage.BROKE_OFF
    if any(kind & _TRANSPORT and "requests.HTTPError" not in kind for kind in names):
        return Stage.UNDER_WAY
    return Stage.ANSWERED


def _behind(error: BaseException) -> BaseException | None:
    for reason in (error.__cause__, getattr(error, "reason", None), *error.args[:1]):
        if isinstance(reason, BaseException):
            return reason
    return None


def _names(kind: type) -> frozenset[str]:
    return frozenset(f"{base.__module__.partition('.')[0]}.{base.__name__}" for base in kind.__mro__)
