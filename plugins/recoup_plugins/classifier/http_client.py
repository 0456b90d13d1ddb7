"""httpx, httpcore, aiohttp, requests and urllib3.

What counts is the stage: an error while connecting means that nothing was sent, any later one that the request may have
been acted upon.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import evolve

from recoup import ErrorSeverity, FailureReason, FailureStage
from recoup_plugins.classifier.http_status import by_status
from recoup_plugins.classifier.network import (
    ANSWER_TIMED_OUT,
    CONNECT_TIMEOUT,
    CONNECTION_LOST,
    NOT_CONNECTED,
    NOT_SENDABLE,
    TLS_REFUSED,
    UNREADABLE,
)
from recoup_plugins.classifier.os_error import WHILE_CONNECTING
from recoup_plugins.classifier.rule import Table, verdict

if TYPE_CHECKING:
    from recoup import Classification
    from recoup_plugins.classifier.rule import Inquiry

_REDIRECTED = verdict(FailureReason.BAD_RESPONSE, retryable=False, known=False)
_MISUSED = verdict(FailureReason.PROGRAMMING, ErrorSeverity.MEDIUM, retryable=False, known=False)


def _connecting(error: Any, inquiry: Inquiry) -> Classification:
    """Nothing was sent; a failed certificate check further down makes it permanent as well."""
    number = getattr(error, "errno", None)
    if number in WHILE_CONNECTING:
        return WHILE_CONNECTING[number]
    cause = inquiry.nested(error.__cause__ or error.__context__)
    return TLS_REFUSED if cause is TLS_REFUSED else NOT_CONNECTED


def _pool(error: Any, inquiry: Inquiry) -> Classification:
    """Take the reason that urllib3 wrapped; requests keeps it as its first argument."""
    reason = getattr(error, "reason", None) or (error.args[0] if error.args else None)
    return inquiry.nested(reason) or inquiry.nested(error.__cause__ or error.__context__) or CONNECTION_LOST


_BROKE_OFF = evolve(CONNECTION_LOST, stage=FailureStage.ANSWER_BEGUN)


def _protocol(error: Any, inquiry: Inquiry) -> Classification:  # noqa: ARG001 - shape of an inspector
    """One class of h11's serves for no answer and for half a one; only its text tells them apart."""
    text = str(error)
    return _BROKE_OFF if "message body" in text or "incomplete" in text else CONNECTION_LOST


HTTPX: Table = {
    "httpx.CloseError": CONNECTION_LOST,
    "httpx.ConnectError": _connecting,
    "httpx.ConnectTimeout": CONNECT_TIMEOUT,
    "httpx.DecodingError": UNREADABLE,
    "httpx.HTTPStatusError": by_status,
    "httpx.InvalidURL": NOT_SENDABLE,
    "httpx.LocalProtocolError": NOT_SENDABLE,
    "httpx.NetworkError": CONNECTION_LOST,
    "httpx.PoolTimeout": CONNECT_TIMEOUT,
    "httpx.ProxyError": NOT_CONNECTED,
    "httpx.RemoteProtocolError": _protocol,
    "httpx.RequestError": CONNECTION_LOST,
    "httpx.StreamError": _MISUSED,
    "httpx.TimeoutException": ANSWER_TIMED_OUT,
    "httpx.TooManyRedirects": _REDIRECTED,
    "httpx.UnsupportedProtocol": NOT_SENDABLE,
    "httpcore.ConnectError": _connecting,
    "httpcore.ConnectTimeout": CONNECT_TIMEOUT,
    "httpcore.LocalProtocolError": NOT_SENDABLE,
    "httpcore.NetworkError": CONNECTION_LOST,
    "httpcore.PoolTimeout": CONNECT_TIMEOUT,
    "httpcore.ProtocolError": _protocol,
    "httpcore.ProxyError": NOT_CONNECTED,
    "httpcore.TimeoutException": ANSWER_TIMED_OUT,
    "httpcore.UnsupportedProtocol": NOT_SENDABLE,
}

AIOHTTP: Table = {
    "aiohttp.ClientConnectionError": CONNECTION_LOST,
    "aiohttp.ClientConnectorCertificateError": TLS_REFUSED,
    "aiohttp.ClientConnectorError": _connecting,
    "aiohttp.ClientError": CONNECTION_LOST,
    "aiohttp.ClientPayloadError": UNREADABLE,
    "aiohttp.ClientResponseError": by_status,
    "aiohttp.ConnectionTimeoutError": CONNECT_TIMEOUT,
    "aiohttp.ContentTypeError": UNREADABLE,
    "aiohttp.InvalidURL": NOT_SENDABLE,
    "aiohttp.NonHttpUrlClientError": NOT_SENDABLE,
    "aiohttp.RedirectClientError": _REDIRECTED,
    "aiohttp.ServerDisconnectedError": CONNECTION_LOST,
    "aiohttp.ServerFingerprintMismatch": TLS_REFUSED,
    "aiohttp.ServerTimeoutError": ANSWER_TIMED_OUT,
    "aiohttp.TooManyRedirects": _REDIRECTED,
}

REQUESTS: Table = {
    "requests.ChunkedEncodingError": UNREADABLE,
    "requests.ConnectTimeout": CONNECT_TIMEOUT,
    "requests.ConnectionError": _pool,
    "requests.ContentDecodingError": UNREADABLE,
    "requests.HTTPError": by_status,
    "requests.InvalidHeader": NOT_SENDABLE,
    "requests.InvalidJSONError": UNREADABLE,
    "requests.InvalidSchema": NOT_SENDABLE,
    "requests.InvalidURL": NOT_SENDABLE,
    "requests.MissingSchema": NOT_SENDABLE,
    "requests.ProxyError": NOT_CONNECTED,
    "requests.RequestException": CONNECTION_LOST,
    "requests.SSLError": _pool,
    "requests.StreamConsumedError": _MISUSED,
    "requests.Timeout": ANSWER_TIMED_OUT,
    "requests.TooManyRedirects": _REDIRECTED,
}

URLLIB3: Table = {
    "urllib3.ClosedPoolError": NOT_SENDABLE,
    "urllib3.ConnectTimeoutError": CONNECT_TIMEOUT,
    "urllib3.DecodeError": UNREADABLE,
    "urllib3.EmptyPoolError": CONNECT_TIMEOUT,
    "urllib3.HTTPError": CONNECTION_LOST,
    "urllib3.IncompleteRead": UNREADABLE,
    "urllib3.InvalidHeader": UNREADABLE,
    "urllib3.LocationValueError": NOT_SENDABLE,
    "urllib3.MaxRetryError": _pool,
    "urllib3.NewConnectionError": NOT_CONNECTED,
    "urllib3.ProtocolError": CONNECTION_LOST,
    "urllib3.ProxyError": NOT_CONNECTED,
    "urllib3.SSLError": _pool,
    "urllib3.TimeoutError": ANSWER_TIMED_OUT,
    "urllib.HTTPError": by_status,
}

TABLE: Table = {**HTTPX, **AIOHTTP, **REQUESTS, **URLLIB3}
