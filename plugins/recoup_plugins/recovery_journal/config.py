"""What the journal is told."""

from __future__ import annotations

from enum import Enum
from math import inf
from typing import Any

from attrs import field, frozen
from attrs.validators import and_, ge, gt, instance_of, le, lt, min_len

_CENTURY = 3.2e9
_SECONDS: Any = [instance_of((int, float)), gt(0), lt(inf)]


class Synchronous(Enum):
    """How far a record has come before the order is sent; SQLite's ``PRAGMA synchronous`` in WAL mode.

    ``FULL``: on the disk; it survives a loss of power (one ``fsync`` for each group of records). ``NORMAL``: with the
    operating system; it survives the end of the process, and a loss of power may take the last records.
    """

    FULL = "full"
    NORMAL = "normal"


class OnFailure(Enum):
    """What becomes of an order that can't be recorded: ``REFUSE`` it, or ``SEND`` it and tell a human."""

    REFUSE = "refuse"
    SEND = "send"


@frozen(kw_only=True)
class RecoveryJournalConfig:
    """Settings of the journal. Immutable; all times in seconds.

    Attributes:
        path: the file; made with mode 0600 where it does not exist. Its directory must exist.
        synchronous: how far a record has come before the order is sent.
        on_failure: what becomes of an order that can't be recorded.
        max_batch: records in one transaction at most.
        max_unresolved: orders of unknown outcome, those under way included, above which new ones are not recorded.
        retain_seconds: age at which a resolved record is removed.
        max_resolved: resolved records kept at most; the oldest go first.
        settle_time: for how long "not found" must persist before an order that the journal holds unresolved may be
            sent, where no other plugin has found out.
        poll_interval: between two such lookups.
        lookup_timeout: most that such a lookup takes altogether.
        write_timeout: of real time after which an order whose record is not durable counts as one that can't be
            recorded.
        busy_timeout: for how long a transaction waits for ``recoup journal`` to end its own.

    Raises:
        ValueError: a value is out of its range, or ``lookup_timeout`` leaves no room for ``settle_time``.
    """

    path: str = field(validator=and_(instance_of(str), min_len(1)))
    synchronous: Synchronous = field(default=Synchronous.FULL, validator=instance_of(Synchronous))
    on_failure: OnFailure = field(default=OnFailure.REFUSE, validator=instance_of(OnFailure))
    max_batch: int = field(default=256, validator=[instance_of(int), ge(1), le(10_000)])
    max_unresolved: int = field(default=10_000, validator=[instance_of(int), ge(1)])
    retain_seconds: float = field(default=2_592_000.0, validator=[*_SECONDS, le(_CENTURY)])
    max_resolved: int = field(default=100_000, validator=[instance_of(int), ge(1)])
    settle_time: float = field(default=30.0, validator=_SECONDS)
    poll_interval: float = field(default=2.0, validator=_SECONDS)
    lookup_timeout: float = field(default=120.0, validator=_SECONDS)
    write_timeout: float = field(default=10.0, validator=_SECONDS)
    busy_timeout: float = field(default=5.0, validator=_SECONDS)

    def __attrs_post_init__(self) -> None:
        if self.lookup_timeout < self.settle_time + self.poll_interval:
            raise ValueError(
                f"lookup_timeout ({self.lookup_timeout:g}) must leave room for settle_time ({self.settle_time:g}) and "
                f"one poll_interval ({self.poll_interval:g})"
            )
