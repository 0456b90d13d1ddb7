"""What the audit trail is told."""

from __future__ import annotations

from enum import Enum
from typing import Any, get_args

from attrs import field, frozen
from attrs.validators import and_, deep_iterable, ge, instance_of, le, min_len, optional

from recoup import Event

KINDS: tuple[str, ...] = tuple(kind.kind for kind in get_args(Event))
"""Every kind of event."""


_CENTURY = 3.2e9


class FsyncPolicy(Enum):
    """When records are forced from the operating system's memory to the disk.

    ``ALWAYS`` before ``monitor`` returns, one call for all threads that wait; ``INTERVAL`` every ``sync_seconds``;
    ``NEVER`` leaves it to the operating system. All three survive the end of the process.
    """

    ALWAYS = "always"
    INTERVAL = "interval"
    NEVER = "never"


def _known_kinds(_: Any, __: Any, value: Any) -> None:
    for kind in value:
        if kind not in KINDS:
            raise ValueError(f"there is no kind of event {kind!r}; the kinds are {', '.join(KINDS)}")


def _positive_or_none(_: Any, attribute: Any, value: Any) -> None:
    if value is not None and not 0 < value <= _CENTURY:
        raise ValueError(
            f"{attribute.name} must be above 0 and at most {_CENTURY:.0f} seconds, got {value}; null for no limit"
        )


@frozen(kw_only=True)
class AuditTrailConfig:
    """Settings of the audit trail. Immutable.

    Attributes:
        directory: where the segments are; made with mode 0700 where it does not exist.
        key_file: file with the signing key, at least 32 bytes, readable by its owner only.
        key_env: or the name of the environment variable with the key.
        forward_secure: whether the key in ``key_file`` is replaced by its successor with each new segment.
        rotate_bytes: size above which a segment is sealed and the next one begun.
        rotate_seconds: age at which it is, with the next record; None for no limit.
        retain_segments: sealed segments that are kept; None for all.
        retain_seconds: age since its seal at which a segment is removed; None for never.
        retain_bytes: bytes of all sealed segments together; None for no limit.
        fsync: when records are forced to the disk.
        sync_seconds: how often the head is signed, and with ``interval`` the disk forced; 0 with each record.
        events: kinds of events that are recorded; empty for all.
        max_record_bytes: longest record; longer ones are cut and say so.

    Raises:
        ValueError: there is no key or there are two, or a key that moves on is in the environment.
    """

    directory: str = field(validator=and_(instance_of(str), min_len(1)))
    key_file: str | None = field(default=None, validator=optional(and_(instance_of(str), min_len(1))))
    key_env: str | None = field(default=None, validator=optional(and_(instance_of(str), min_len(1))))
    forward_secure: bool = field(default=False, validator=instance_of(bool))
    rotate_bytes: int = field(default=16_777_216, validator=[instance_of(int), ge(4096)])
    rotate_seconds: float | None = field(default=86_400.0, validator=_positive_or_none)
    retain_segments: int | None = field(default=None, validator=optional(and_(instance_of(int), ge(1))))
    retain_seconds: float | None = field(default=None, validator=_positive_or_none)
    retain_bytes: int | None = field(default=None, validator=optional(and_(instance_of(int), ge(4096))))
    fsync: FsyncPolicy = field(default=FsyncPolicy.INTERVAL, validator=instance_of(FsyncPolicy))
    sync_seconds: float = field(default=1.0, validator=[ge(0), le(_CENTURY)])
    events: tuple[str, ...] = field(default=(), validator=[deep_iterable(instance_of(str)), _known_kinds])
    max_record_bytes: int = field(default=32_768, validator=[instance_of(int), ge(4096)])

    def __attrs_post_init__(self) -> None:
        if (self.key_file is None) == (self.key_env is None):
            raise ValueError("audit_trail needs a signing key: give either key_file or key_env")
        if self.forward_secure and self.key_file is None:
            raise ValueError("forward_secure replaces the key as it goes, which needs key_file instead of key_env")
