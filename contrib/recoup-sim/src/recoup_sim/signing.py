"""Keys, signatures and timestamps, checked as the venue checks them.

Source: Binance spot API, "Request security" and "Timing security": the signature is HMAC-SHA256 over
the query string followed by the body, without the signature itself; a timestamp may lie up to one
second ahead of the server and up to ``recvWindow`` behind it.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from attrs import field, frozen

from recoup_sim.answers import VenueError, missing_parameter

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_RECV_WINDOW_MS = 5_000
MAX_RECV_WINDOW_MS = 60_000
MAX_AHEAD_MS = 1_000
_MAX_FIELDS = 50


@frozen
class Credentials:
    """The key pair that the venue accepts. A value, so safe to share between threads and tasks.

    Attributes:
        api_key: Sent in the ``X-MBX-APIKEY`` header.
        secret: Signs requests; never sent and never shown.
    """

    api_key: str = field(repr=False)
    secret: str = field(repr=False)


@frozen(kw_only=True)
class SignedRequest:
    """What of a request takes part in authentication. A value, so safe to share between threads and tasks.

    Attributes:
        query: The raw query string.
        body: The raw body.
        api_key: The ``X-MBX-APIKEY`` header; empty when absent.
    """

    query: str
    body: str
    api_key: str = field(repr=False)


def parse_parameters(query: str, body: str) -> dict[str, str]:
    """Return the parameters of the query string and of the form body.

    Raises:
        VenueError: -1101 when there are too many, or one comes twice.
    """
    try:
        pairs = [*parse_qsl(query, max_num_fields=_MAX_FIELDS), *parse_qsl(body, max_num_fields=_MAX_FIELDS)]
    except ValueError:
        raise VenueError(-1101, "Too many parameters sent for this endpoint.") from None
    parameters = dict(pairs)
    if len(parameters) < len(pairs):
        raise VenueError(-1101, "Duplicate values for a parameter detected.")
    return parameters


def authenticate(
    request: SignedRequest, parameters: Mapping[str, str], *, credentials: Credentials, server_ms: int
) -> None:
    """Refuse a request that isn't signed by the key's owner, now.

    Raises:
        VenueError: -2014 without a key, -2015 for an unknown key, -1102 without signature or timestamp,
            -1022 for a wrong signature, -1021 for a timestamp out of bounds, -1131 for a ``recvWindow`` too long.
    """
    if not request.api_key:
        raise VenueError(-2014, "API-key format invalid.", status=401)
    if not hmac.compare_digest(request.api_key.encode(), credentials.api_key.encode()):
        raise VenueError(-2015, "Invalid API-key, IP, or permissions for action.", status=401)
    _check_timestamp(parameters, server_ms)
    signature = parameters.get("signature")
    if not signature:
        raise missing_parameter("signature")
    payload = _without_signature(request.query) + _without_signature(request.body)
    expected = hmac.new(credentials.secret.encode(), payload.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected.encode(), signature.lower().encode()):
        raise VenueError(-1022, "Signature for this request is not valid.")


def _check_timestamp(parameters: Mapping[str, str], server_ms: int) -> None:
    timestamp = _milliseconds(parameters, "timestamp")
    if timestamp is None:
        raise missing_parameter("timestamp")
    window = _milliseconds(parameters, "recvWindow")
    if window is not None and window > MAX_RECV_WINDOW_MS:
        raise VenueError(-1131, "recvWindow must be less than 60000.")
    if timestamp > server_ms + MAX_AHEAD_MS:
        raise VenueError(-1021, f"Timestamp for this request was {MAX_AHEAD_MS}ms ahead of the server's time.")
    if server_ms - timestamp > (DEFAULT_RECV_WINDOW_MS if window is None else window):
        raise VenueError(-1021, "Timestamp for this request is outside of the recvWindow.")


def _milliseconds(parameters: Mapping[str, str], name: str) -> int | None:
    text = parameters.get(name)
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 19:  # noqa: PLR2004 - digits of a 64-bit integer
        raise VenueError(-1100, f"Illegal characters found in parameter '{name}'; legal range is '^[0-9]{{1,20}}$'.")
    return int(text)


def _without_signature(raw: str) -> str:
    return "&".join(part for part in raw.split("&") if not part.startswith("signature="))
