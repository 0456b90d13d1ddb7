"""sqlite3, asyncpg, psycopg and SQLAlchemy, by result code and SQLSTATE where there is one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from recoup import ErrorCategory, ErrorSeverity, FailureReason
from recoup_plugins.classifier.rule import Table, verdict

if TYPE_CHECKING:
    from recoup import Classification
    from recoup_plugins.classifier.rule import Inquiry, Inspector


def _database(
    reason: FailureReason,
    severity: ErrorSeverity = ErrorSeverity.MEDIUM,
    category: ErrorCategory = ErrorCategory.DATABASE,
    *,
    retryable: bool = False,
    known: bool = True,
) -> Classification:
    return verdict(reason, severity, category, retryable=retryable, known=known)


_BUSY = _database(FailureReason.OTHER, retryable=True)
_BAD_DATA = _database(FailureReason.INVALID_REQUEST, ErrorSeverity.LOW, ErrorCategory.VALIDATION)
_BAD_STATEMENT = _database(FailureReason.PROGRAMMING)
_DENIED = _database(FailureReason.PERMISSION, ErrorSeverity.HIGH, ErrorCategory.CONFIGURATION)
_UNAUTHENTICATED = _database(FailureReason.AUTHENTICATION, ErrorSeverity.HIGH, ErrorCategory.CONFIGURATION)
_UNUSABLE = _database(FailureReason.OTHER, ErrorSeverity.HIGH, ErrorCategory.CONFIGURATION)
_CORRUPT = _database(FailureReason.OTHER, ErrorSeverity.CRITICAL, known=False)
_FULL = _database(FailureReason.RESOURCE_EXHAUSTED, ErrorSeverity.CRITICAL)
_OVERLOADED = _database(FailureReason.RESOURCE_EXHAUSTED, ErrorSeverity.HIGH, retryable=True)
_LOST = _database(FailureReason.CONNECTION_LOST, retryable=True, known=False)
_NOT_CONNECTED = _database(FailureReason.CONNECTION_FAILED, retryable=True)
_CANCELLED = _database(FailureReason.TIMEOUT, retryable=True)
_UNKNOWN = _database(FailureReason.OTHER, known=False)

SQLITE = {
    1: _BAD_STATEMENT,
    3: _DENIED,
    5: _BUSY,
    6: _BUSY,
    7: _FULL,
    8: _UNUSABLE,
    9: _CANCELLED,
    10: _database(FailureReason.OTHER, ErrorSeverity.CRITICAL, known=False),
    11: _CORRUPT,
    13: _FULL,
    14: _UNUSABLE,
    15: _BUSY,
    17: _BUSY,
    18: _BAD_DATA,
    19: _BAD_DATA,
    20: _BAD_DATA,
    21: _BAD_STATEMENT,
    23: _DENIED,
    25: _BAD_STATEMENT,
    26: _CORRUPT,
}
"""Primary result codes (https://www.sqlite.org/rescode.html)."""

SQLSTATE = {
    "08001": _NOT_CONNECTED,
    "08004": _NOT_CONNECTED,
    "08": _LOST,
    "0A": _BAD_STATEMENT,
    "21": _BAD_STATEMENT,
    "22": _BAD_DATA,
    "23": _BAD_DATA,
    # A read-only answer comes from a replica: after a failover the next connection meets the primary.
    "25006": _BUSY,
    "25": _BAD_STATEMENT,
    "28": _UNAUTHENTICATED,
    "3D": _UNUSABLE,
    "40003": _UNKNOWN,
    "40002": _BAD_DATA,
    "40": _BUSY,
    "42501": _DENIED,
    "42": _BAD_STATEMENT,
    "53100": _FULL,
    "53": _OVERLOADED,
    "54": _BAD_DATA,
    "55P03": _BUSY,
    "55": _UNUSABLE,
    "57014": _CANCELLED,
    "57P03": _database(FailureReason.MAINTENANCE, ErrorSeverity.HIGH, retryable=True),
    "57": _LOST,
    "58": _database(FailureReason.OTHER, ErrorSeverity.CRITICAL, known=False),
    "XX": _CORRUPT,
}
"""SQLSTATE, or its class of two characters (PostgreSQL documentation, appendix A)."""


def _sqlite(error: Any, inquiry: Inquiry) -> Classification | None:  # noqa: ARG001 - shape of an inspector
    code = getattr(error, "sqlite_errorcode", None)
    return SQLITE.get(code & 0xFF) if isinstance(code, int) else None


def _sqlstate(error: Any, inquiry: Inquiry) -> Classification | None:  # noqa: ARG001 - shape of an inspector
    state = getattr(error, "sqlstate", None)
    return SQLSTATE.get(state) or SQLSTATE.get(state[:2]) if isinstance(state, str) else None


def _driver(error: Any, inquiry: Inquiry) -> Classification | None:
    """Take what the driver said, unless SQLAlchemy saw the connection go."""
    if getattr(error, "connection_invalidated", False):
        return _LOST
    return inquiry.nested(getattr(error, "orig", None))


def _first(inspect: Inspector, otherwise: Classification) -> Inspector:
    """Ask an inspector, and answer for it where it has nothing to go by."""

    def answer(error: Any, inquiry: Inquiry) -> Classification:
        return inspect(error, inquiry) or otherwise

    return answer


TABLE: Table = {
    "asyncpg.InterfaceError": _BAD_STATEMENT,
    "asyncpg.PostgresError": _first(_sqlstate, _UNKNOWN),
    "psycopg.DataError": _first(_sqlstate, _BAD_DATA),
    "psycopg.Error": _first(_sqlstate, _UNKNOWN),
    "psycopg.IntegrityError": _first(_sqlstate, _BAD_DATA),
    "psycopg.OperationalError": _first(_sqlstate, _LOST),
    "psycopg.ProgrammingError": _first(_sqlstate, _BAD_STATEMENT),
    "sqlalchemy.DBAPIError": _first(_driver, _UNKNOWN),
    "sqlalchemy.DataError": _first(_driver, _BAD_DATA),
    "sqlalchemy.DisconnectionError": _LOST,
    "sqlalchemy.IntegrityError": _first(_driver, _BAD_DATA),
    "sqlalchemy.NoResultFound": _database(FailureReason.OTHER, ErrorSeverity.LOW),
    "sqlalchemy.OperationalError": _first(_driver, _LOST),
    "sqlalchemy.ProgrammingError": _first(_driver, _BAD_STATEMENT),
    "sqlalchemy.SQLAlchemyError": _BAD_STATEMENT,
    "sqlalchemy.StatementError": _first(_driver, _BAD_STATEMENT),
    "sqlalchemy.TimeoutError": _database(FailureReason.TIMEOUT, ErrorSeverity.HIGH, retryable=True),
    "sqlite3.Error": _first(_sqlite, _UNKNOWN),
    "sqlite3.InterfaceError": _BAD_STATEMENT,
    "sqlite3.ProgrammingError": _BAD_STATEMENT,
}
