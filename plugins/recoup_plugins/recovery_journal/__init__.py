"""What was to be sent and what became of it, written down before it is sent, so that a crash forgets no order."""

from recoup_plugins.recovery_journal.config import OnFailure, RecoveryJournalConfig, Synchronous
from recoup_plugins.recovery_journal.errors import JournalDamaged, JournalError, JournalLocked
from recoup_plugins.recovery_journal.plugin import RecoveryJournal

__all__ = [
    "JournalDamaged",
    "JournalError",
    "JournalLocked",
    "OnFailure",
    "RecoveryJournal",
    "RecoveryJournalConfig",
    "Synchronous",
]
