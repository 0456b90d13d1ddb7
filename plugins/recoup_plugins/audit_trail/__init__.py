"""An append-only trail of every event, in which nothing can be changed without being found."""

from recoup_plugins.audit_trail.config import AuditTrailConfig, FsyncPolicy
from recoup_plugins.audit_trail.errors import (
    AuditKeyError,
    AuditTrailError,
    AuditTrailLocked,
    AuditTrailRemoved,
    AuditWriteError,
    IrregularFile,
)
from recoup_plugins.audit_trail.plugin import AuditTrail

__all__ = [
    "AuditKeyError",
    "AuditTrail",
    "AuditTrailConfig",
    "AuditTrailError",
    "AuditTrailLocked",
    "AuditTrailRemoved",
    "AuditWriteError",
    "FsyncPolicy",
    "IrregularFile",
]
