"""The shapes of the corpus: what is hidden in what, what has to stay, and what must not break."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import field, frozen

if TYPE_CHECKING:
    from collections.abc import Callable


def _strings(values: str | tuple[str, ...]) -> tuple[str, ...]:
    return (values,) if isinstance(values, str) else tuple(values)


@frozen(kw_only=True)
class Case:
    """A payload with secrets in it. Immutable, hence thread-safe and task-safe.

    Attributes:
        kind: what is hidden, or what it hides in.
        level: the lowest level at which it has to be hidden.
        payload: text, a nested structure or an exception.
        secrets: what must not survive, neither as it is, nor decoded, nor eight characters of a long one.
        context: what has to survive.
        registered: values that the application registered.
    """

    kind: str
    level: str
    payload: Any
    secrets: tuple[str, ...] = field(converter=_strings)
    context: tuple[str, ...] = field(default=(), converter=_strings)
    registered: tuple[str, ...] = field(default=(), converter=_strings)


@frozen(kw_only=True)
class Benign:
    """A payload that has to stay as it is, up to a level. Immutable, hence thread-safe and task-safe.

    Attributes:
        kind: what looks like a secret in it, or where it is from.
        level: the highest level at which it stays.
        payload: text or a nested structure.
    """

    kind: str
    level: str
    payload: Any


@frozen(kw_only=True)
class Probe:
    """A hostile payload. Immutable, hence thread-safe and task-safe.

    Attributes:
        name: what is hostile about it.
        build: makes the payload.
        check: returns whether what came of the payload is acceptable, for the payload and the result.
        seconds: how long it may take.
    """

    name: str
    build: Callable[[], Any]
    check: Callable[[Any, Any], bool]
    seconds: float = 2.0


@frozen(kw_only=True)
class Carrier:
    """A way in which secrets travel through the whole of an application's error handling.

    Immutable, hence thread-safe and task-safe.

    Attributes:
        name: what carries them.
        error: makes the exception.
        details: what the application says beside it.
        secrets: what must not leave.
        level: the level that the application runs at.
    """

    name: str
    error: Callable[[], Exception]
    details: dict[str, Any]
    secrets: tuple[str, ...] = field(converter=_strings)
    level: str = "HIGH"
