"""The ways in which a secret gets into an application's error handling, each with the lines that hold one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from corpus_holes import fill
from corpus_material import Material
from corpus_model import Carrier

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_LINES: Final = (
    "GET /api/v3/account?timestamp=1700000000000&signature=<hex> X-MBX-APIKEY: <key>",
    '{"op":"login","args":[{"apiKey":"<uuid>","passphrase":"<pass>","sign":"<b64>"}]}',
    "postgresql://bot:<key>@db:5432/ticks",
    "Authorization: Bearer <jwt>",
    "secret=<secret>",
    "-----BEGIN PRIVATE KEY-----\n<b64>\n<b64>\n-----END PRIVATE KEY-----",
    "https://hooks.slack.com/services/T00000000/B00000000/<key>",
    "8=FIX.4.4|35=A|554=<pass>|10=1|",
)


class Rejected(Exception):
    """An application's own error, which holds on to what was sent."""

    def __init__(self, message: str, **sent: Any) -> None:
        super().__init__(message)
        self.sent = sent


def _plain(text: str) -> Exception:
    return ValueError(text)


def _in_arguments(text: str) -> Exception:
    return ValueError("refused", {"sent": [text]}, (text,))


def _in_cause(text: str) -> Exception:
    error = RuntimeError("refused")
    error.__cause__ = KeyError(text)
    return error


def _in_context(text: str) -> Exception:
    error = RuntimeError("refused")
    error.__context__ = ConnectionError(text)
    return error


def _in_note(text: str) -> Exception:
    error = RuntimeError("refused")
    error.add_note(f"sent {text}")
    return error


def _in_group(text: str) -> Exception:
    return ExceptionGroup("refused", [ValueError(text), ExceptionGroup("inner", [OSError(5, text)])])


def _in_attribute(text: str) -> Exception:
    return Rejected("refused", body=text, headers=[("x-sent", text)])


def _in_bytes(text: str) -> Exception:
    return ValueError("refused", text.encode())


def _raised(text: str) -> Exception:
    try:
        raise ConnectionError(f"refused {text}")
    except ConnectionError as error:
        return error


def _evaluated(text: str) -> Exception:
    try:
        eval(compile(f"1 / 0  # {text.splitlines()[0]}", f"<{text.splitlines()[0]}>", "eval"))
    except ZeroDivisionError as error:
        return error
    raise AssertionError


_ERRORS: Final[dict[str, Callable[[str], Exception]]] = {
    "message": _plain,
    "arguments": _in_arguments,
    "cause": _in_cause,
    "context": _in_context,
    "note": _in_note,
    "group": _in_group,
    "attribute": _in_attribute,
    "bytes": _in_bytes,
    "stack trace": _raised,
    "file name of a frame": _evaluated,
}

_DETAILS: Final[dict[str, Callable[[str], dict[str, Any]]]] = {
    "detail": lambda text: {"details": {"sent": text}},
    "nested detail": lambda text: {"details": {"request": {"parts": [("body", [text])]}}},
    "detail's key": lambda text: {"details": {text: 1}},
    "detail in bytes": lambda text: {"details": {"body": text.encode()}},
    "exception as detail": lambda text: {"details": {"last": ValueError(text)}},
    "user": lambda text: {"user_id": text},
    "symbol": lambda text: {"symbol": text},
    "order id": lambda text: {"order_id": text},
}


def carriers() -> Iterator[Carrier]:
    """Return every way with every line."""
    for name, raising in _ERRORS.items():
        material = Material(name)
        for line in _LINES:
            text, secrets = fill(line, material)
            yield Carrier(name=name, error=_bound(raising, text), details={}, secrets=secrets)
    for name, details in _DETAILS.items():
        material = Material(name)
        for line in _LINES:
            text, secrets = fill(line, material)
            yield Carrier(name=name, error=_bound(_plain, "refused"), details=details(text), secrets=secrets)


def _bound(raising: Callable[[str], Exception], text: str) -> Callable[[], Exception]:
    return lambda: raising(text)
