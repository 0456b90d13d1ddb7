"""What the venue sends back: an answer, or a refusal that becomes one."""

from __future__ import annotations

import enum
import json
import math
from typing import Any

from attrs import Factory, frozen


class Delivery(enum.Enum):
    """How an answer travels; everything but ``WHOLE`` leaves the client without one."""

    WHOLE = "whole"
    RESET = "reset"
    HANG = "hang"
    TRUNCATED = "truncated"


@frozen(kw_only=True)
class Answer:
    """An HTTP answer as data. A value, so safe to share between threads and tasks.

    Attributes:
        status: HTTP status; also set where it is never delivered, for the ledger.
        body: The bytes of the body.
        content_type: MIME type of the body.
        headers: Further headers.
        delivery: How far the answer gets.
    """

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    headers: dict[str, str] = Factory(dict)
    delivery: Delivery = Delivery.WHOLE


def json_answer(payload: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> Answer:
    """Return ``payload`` as a JSON answer; amounts in it are strings already."""
    return Answer(status=status, body=json.dumps(payload, separators=(",", ":")).encode(), headers=headers or {})


def html_answer(title: str, *, status: int = 200, headers: dict[str, str] | None = None) -> Answer:
    """Return the page that a proxy in front of the venue shows instead of the venue's JSON."""
    page = f"<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"
    return Answer(status=status, body=page.encode(), content_type="text/html", headers=headers or {})


class VenueError(Exception):
    """A refusal in the venue's dialect: HTTP status, negative code, message.

    The codes and texts are those of Binance's spot error-code page. Used within one request; not shared.

    Attributes:
        code: The venue's code, for example -2010.
        message: The ``msg`` of the body.
        status: The HTTP status.
        headers: Headers of the refusal, ``Retry-After`` for one.
    """

    def __init__(self, code: int, message: str, *, status: int = 400, headers: dict[str, str] | None = None) -> None:
        super().__init__(f"{status} {code} {message}")
        self.code = code
        self.message = message
        self.status = status
        self.headers = headers or {}

    def answer(self) -> Answer:
        """Return the JSON error body ``{"code": ..., "msg": ...}`` as an answer."""
        return json_answer({"code": self.code, "msg": self.message}, status=self.status, headers=self.headers)


def missing_parameter(name: str) -> VenueError:
    """Return the refusal of a request that lacks a mandatory parameter (-1102)."""
    return VenueError(-1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")


def filter_failure(name: str) -> VenueError:
    """Return the refusal of an order that a symbol filter stopped (-1013)."""
    return VenueError(-1013, f"Filter failure: {name}")


def duplicate_order() -> VenueError:
    """Return the refusal of an order whose client id the venue has already (-2010)."""
    return VenueError(-2010, "Duplicate order sent.")


def would_match() -> VenueError:
    """Return the refusal of an order that must not take, but would (-2010)."""
    return VenueError(-2010, "Order would immediately match and take.")


def retry_after_header(seconds: float) -> dict[str, str]:
    """Return ``Retry-After`` in whole seconds, at least one."""
    return {"Retry-After": str(max(1, math.ceil(seconds)))}


def insufficient_balance() -> VenueError:
    """Return the refusal of an order the account can't pay for (-2010)."""
    return VenueError(-2010, "Account has insufficient balance for requested action.")
