"""Looks for registered values in a whole payload at once, since most payloads hold none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from recoup_plugins.security_sanitizer.registered import RegisteredValues

_BYTES: Final = 256
_APART: Final = "\n"
"""What stands between the texts of two containers, so that no value is found that begins in one and ends in another."""


def holds_registered(
    registered: RegisteredValues,
    containers: Iterable[list[Any]],
    trusted: Iterable[str],
    usual: Callable[[str], object],
) -> bool:
    """Tell whether a registered value is split over texts of one container, or stands where nobody else looks.

    Args:
        registered: the values that are looked for.
        containers: what each container of a payload holds.
        trusted: texts that nobody else looks at.
        usual: tells of a text that nobody else looks at it.
    """
    if registered.holds_numbers and registered.may_be_among(
        item for held in containers for item in held if type(item) is int or type(item) is float
    ):
        return True
    trusted = [*trusted, *(bytes(held).decode("latin-1") for held in containers if held and _are_bytes(held))]
    texts = [item for held in (*containers, trusted) for item in (*held, _APART) if type(item) is str]
    if not registered.may_hold(texts):
        return False
    groups = [[item for item in held if type(item) is str] for held in containers]
    trusted += filter(usual, texts)
    return any(map(registered.spans, trusted)) or any(map(registered.split_over, groups))


def _are_bytes(held: list[Any]) -> bool:
    """Tell whether items, of which there are some, may be bytes as numbers."""
    return type(held[0]) is int and all(type(item) is int and 0 <= item < _BYTES for item in held)
