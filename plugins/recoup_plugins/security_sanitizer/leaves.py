"""Copies of values without members: text, bytes, numbers, enum members, and what is known by its text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from recoup_plugins.security_sanitizer.allowance import OVERLAP
from recoup_plugins.security_sanitizer.levels import Level
from recoup_plugins.security_sanitizer.objects import exact_text, type_name
from recoup_plugins.security_sanitizer.octets import clean_octets
from recoup_plugins.security_sanitizer.remake import text_like

if TYPE_CHECKING:
    from recoup_plugins.security_sanitizer.structure import Walk

_MOST_DIGITS: Final = 1024
_STANDARD: Final = ("datetime", "uuid", "zoneinfo", "builtins")


def copy_text(walk: Walk, value: Any, _: int) -> Any:
    """Return sanitized text, of the class of a str subclass that overrides nothing."""
    if not issubclass(type(value), str):
        return walk.text(exact_text(value.data))
    return text_like(value, walk.text(exact_text(value)))


def copy_octets(walk: Walk, value: Any, _: int) -> Any:
    """Return sanitized bytes, as ``bytes``, ``bytearray`` or ``memoryview``."""
    most = walk.allowance.characters + OVERLAP
    if type(value) is memoryview:
        if value.nbytes > most:
            return f"[CUT memoryview of {value.nbytes} bytes]"
        raw, size = value.tobytes(), value.nbytes
    else:
        base = bytes if issubclass(type(value), bytes) else bytearray
        size = base.__len__(value)
        raw = bytes(base.__getitem__(value, slice(most)))
    cleaned = _octets_within(walk, raw, size)
    if issubclass(type(value), bytearray):
        return bytearray(cleaned)
    return memoryview(cleaned) if type(value) is memoryview else cleaned


def _octets_within(walk: Walk, raw: bytes, size: int) -> bytes:
    allowed = min(walk.allowance.characters, size)
    walk.allowance.characters -= allowed
    cleaned = clean_octets(raw, walk.clean_trace)
    if walk.registered and cleaned == raw and walk.registered.spans(raw.decode("latin-1")):
        return b"[SECRET]"
    return cleaned if allowed == size else cleaned[:allowed] + b"[CUT %d bytes]" % (size - allowed)


def copy_array(walk: Walk, value: Any, _: int) -> Any:
    """Return a copy of an array, or its bytes without what was hidden in them."""
    size = len(value) * value.itemsize
    if size > walk.allowance.characters:
        return f"[CUT array of {len(value)} items]"
    if value.typecode == "u":
        return walk.text(value.tounicode())
    raw = value.tobytes()
    cleaned = _octets_within(walk, raw, size)
    return value[:] if cleaned == raw else cleaned


def copy_symbol(walk: Walk, value: Any, depth: int) -> Any:
    """Return an enum member as it is, unless its value or what it says of itself holds something to hide."""
    inner = value._value_
    told = inner if type(inner) in (str, bytes, tuple) else None
    if told is not None and walk.value(told, depth) != told:
        return f"{type_name(value)}.{exact_text(value._name_)}"
    return copy_spoken(walk, value, depth)


def copy_spoken(walk: Walk, value: Any, _: int) -> Any:
    """Return an immutable value as it is, or as its sanitized text where that holds something to hide."""
    for render in (str, repr):
        told = exact_text(render(value))
        if (shown := walk.text(told)) != told:
            return shown
    return value


def copy_harmless(walk: Walk, value: Any, depth: int) -> Any:
    """Return a value of a standard class as it is, unless it is registered; of another by what it says of itself."""
    if type(value).__module__ not in _STANDARD:
        return copy_spoken(walk, value, depth)
    told = (str(value), repr(value)) if walk.registered else ()
    return copy_spoken(walk, value, depth) if any(map(walk.registered.spans, told)) else value


def copy_number(walk: Walk, value: Any, _: int) -> Any:
    """Return a number of a class of its own as a plain one."""
    return walk.number(int.__int__(value) if issubclass(type(value), int) else float.__float__(value))


def copy_decimal(walk: Walk, value: Any, _: int) -> Any:
    """Return a decimal as it is, unless it is registered or too long to print."""
    told = value.__str__() if type(value) is not value.__class__ else str(value)
    if len(told) > _MOST_DIGITS:
        return f"[CUT Decimal of {len(told)} digits]"
    return "[SECRET]" if walk.registered and walk.registered.is_number(told) else value


def copy_address(walk: Walk, value: Any, depth: int) -> Any:
    """Return an IP address as it is, below HIGH."""
    return walk.placeholder("IP", str(value)) if walk.level >= Level.HIGH else copy_spoken(walk, value, depth)
