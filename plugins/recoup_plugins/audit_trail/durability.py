"""Which records are on the disk, and of which nobody can say so any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define, field

if TYPE_CHECKING:
    from collections.abc import Callable

    from recoup_plugins.audit_trail.files import AppendFile


@define
class Durability:
    """Follows the calls for the disk. Not thread-safe; its owner holds a lock.

    A call that fails says so once: the system may drop what it could not write, and have no objection the next time.
    So whoever waits for a record that was written before a failure goes by ``failures``, not by the next call.

    Args:
        failed: told of a failure, and of how many records nobody knows since.

    Attributes:
        synced: number of the last record that is on the disk.
        told: number of the last record of which ``failed`` was told.
        failures: calls that have failed.
    """

    _failed: Callable[[OSError, int], None]
    synced: int = field(init=False, default=0)
    told: int = field(init=False, default=0)
    failures: int = field(init=False, default=0)

    def begin(self, sequence: int) -> None:
        """Begin anew with a trail that was taken up; nothing is known of its records."""
        self.synced, self.told = 0, sequence

    def force(self, file: AppendFile, sequence: int) -> None:
        """Force a segment to the disk that ends with the given record.

        Raises:
            OSError: it can't be done; ``failed`` has been told.
        """
        try:
            file.sync()
        except OSError as failure:
            self.failures += 1
            unknown = sequence - max(self.synced, self.told)
            self.told = max(self.told, sequence)
            self._failed(failure, max(0, unknown))
            raise
        self.synced = sequence

    def give_up(self) -> None:
        """Have everybody told who waits for a record of a trail that is let go of."""
        self.failures += 1
