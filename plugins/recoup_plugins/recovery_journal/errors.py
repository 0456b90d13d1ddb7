"""What the journal raises beside ``ResumeRequired`` and ``JournalUnavailable``, which refuse an order.

::

    RecoupError
    └── JournalError         a journal that can't be used as asked
        ├── JournalLocked    another process writes to it
        └── JournalDamaged   the file is no journal, or is damaged
"""

from __future__ import annotations

from recoup import RecoupError


class JournalError(RecoupError):
    """A journal that can't be opened, read or changed as asked."""


class JournalLocked(JournalError):
    """Another process or handler writes to the same journal."""


class JournalDamaged(JournalError):
    """The file is no journal, or is damaged; it is left as it is."""
