"""What the trail signs beside its segments: how far it has come, and which segments it has retired itself.

Each is a file of one JSON line whose last member ``mac`` signs the line without it. A file is replaced as a whole.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import attrs
from attrs import frozen

from recoup_plugins.audit_trail.ageing import is_believable
from recoup_plugins.audit_trail.chain import FORMAT, HIGHEST, is_digest
from recoup_plugins.audit_trail.errors import AuditTrailError, IrregularFile
from recoup_plugins.audit_trail.files import open_to_read, replace_file
from recoup_plugins.audit_trail.sealing import LAST_SEGMENT

if TYPE_CHECKING:
    from pathlib import Path

    from recoup_plugins.audit_trail.sealing import Keyring

_MAC_OPENS = ',"mac":"'
_MAC_CHARACTERS = len(_MAC_OPENS) + 64 + len('"}')
_LONGEST = 4096

S = TypeVar("S", "Head", "Retired")


class BadStatement(AuditTrailError):
    """A statement that is unreadable or not signed by the key."""


@frozen(kw_only=True)
class Head:
    """How far the trail had come when it was signed. Immutable.

    Attributes:
        trail: identifies the trail.
        segment: number of the segment, whose key signs.
        sequence: of the last record; 0 for none.
        hash: of the last record.
        time: when it was signed.
        ahead: by how many seconds the clock was then ahead of the time known to have passed.
    """

    NAME: ClassVar[str] = "HEAD"
    PURPOSE: ClassVar[str] = "head"

    trail: str
    segment: int
    sequence: int
    hash: str
    time: str
    ahead: int = 0


@frozen(kw_only=True)
class Retired:
    """Which segments were removed by retention, all from the first one on. Immutable.

    Attributes:
        trail: identifies the trail.
        segment: number of the segment at work when it was signed, whose key signs.
        through: number of the last segment that was removed.
        sequence: of the last record that was removed.
        hash: of that record, to which the first one that is left is chained.
        time: when it was signed.
    """

    NAME: ClassVar[str] = "RETIRED"
    PURPOSE: ClassVar[str] = "retired"

    trail: str
    segment: int
    through: int
    sequence: int
    hash: str
    time: str


def signed(text: str, keyring: Keyring, segment: int, purpose: str) -> str:
    """Return a JSON object's text with the MAC as its last member."""
    return f'{text[:-1]}{_MAC_OPENS}{keyring.sign(segment, purpose, text.encode("ascii"))}"}}'


def is_signed(text: str, keyring: Keyring, segment: int, purpose: str) -> bool:
    """Tell whether the MAC at the end of a JSON object's text fits."""
    opens = len(text) - _MAC_CHARACTERS
    mac = text[-66:-2]
    if opens <= 0 or text[opens : opens + len(_MAC_OPENS)] != _MAC_OPENS or not is_digest(mac):
        return False
    return keyring.is_signed(segment, purpose, (text[:opens] + "}").encode("ascii"), mac)


def write_statement(directory: Path, statement: Head | Retired, keyring: Keyring, *, durable: bool) -> None:
    """Sign a statement and put it in the place of the one before."""
    members = {"format": FORMAT, "type": statement.PURPOSE, **attrs.asdict(statement)}
    line = signed(json.dumps(members, separators=(",", ":")), keyring, statement.segment, statement.PURPOSE)
    replace_file(directory / statement.NAME, line.encode("ascii") + b"\n", durable=durable)


def read_statement(directory: Path, kind: type[S], keyring: Keyring | None) -> S | None:
    """Return a statement, or None where there is none.

    Args:
        directory: of the trail.
        kind: which one.
        keyring: None leaves the signature unchecked.

    Raises:
        BadStatement: it is unreadable, or its signature does not fit.
        AuditKeyError: the key does not reach back to it.
        OSError: the file can't be read.
    """
    try:
        with open_to_read(directory / kind.NAME) as file:
            line = file.read(_LONGEST)
    except FileNotFoundError:
        return None
    except IrregularFile as failure:
        raise BadStatement(str(failure)) from None
    try:
        text = line.decode("ascii")
        if not text.endswith("\n"):
            raise BadStatement(f"{kind.NAME} was cut off")
        text = text[:-1]
        value = json.loads(text)
        statement = kind(
            **{
                name: _checked(name, value[name])
                for name, attribute in attrs.fields_dict(kind).items()
                if name in value or attribute.default is attrs.NOTHING
            }
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        raise BadStatement(f"{kind.NAME} is unreadable") from None
    if value.get("type") != kind.PURPOSE or value.get("format") != FORMAT:
        raise BadStatement(f"{kind.NAME} is of another type or format")
    if keyring is not None and not is_signed(text, keyring, statement.segment, kind.PURPOSE):
        raise BadStatement(f"{kind.NAME} is not signed by this key: it was changed, or the key is another")
    return statement


def _checked(name: str, value: Any) -> Any:
    """Return a member of a statement if it is of its form; it may be what an attacker wrote."""
    if name in {"segment", "through"}:
        fits = type(value) is int and 1 <= value <= LAST_SEGMENT
    elif name == "sequence":
        fits = type(value) is int and 0 <= value <= HIGHEST
    elif name == "ahead":
        fits = is_believable(value)
    else:
        fits = is_digest(value) if name == "hash" else isinstance(value, str)
    if not fits:
        raise ValueError(name)
    return value
