"""What the audit trail raises.

::

    RecoupError
    └── AuditTrailError        a trail that can't be used as asked
        ├── AuditTrailLocked   somebody else writes to it
        ├── AuditKeyError      the key is missing, too short, readable by others, or of a later segment
        ├── AuditWriteError    records could not be written; carries ``lost``
        ├── AuditTrailRemoved  somebody removed what is written to
        └── IrregularFile      a directory, link or device stands where a file should
"""

from __future__ import annotations

from recoup import RecoupError


class AuditTrailError(RecoupError):
    """A trail that can't be opened, verified or exported as asked."""


class AuditTrailLocked(AuditTrailError):
    """Another process or handler writes to the same trail."""


class AuditKeyError(AuditTrailError):
    """The key can't be had, is too weak, or does not reach back far enough."""


class AuditTrailRemoved(AuditTrailError):
    """The open segment, or the whole directory, was removed while it was written to."""


class IrregularFile(AuditTrailError):
    """Something that is no plain file stands in the place of one of the trail's."""


class AuditWriteError(AuditTrailError):
    """Records could not be written or made durable.

    Attributes:
        lost: records lost since the last one that was written; the trail will say so itself.
    """

    def __init__(self, message: str, *, lost: int) -> None:
        self.lost = lost
        super().__init__(message)
