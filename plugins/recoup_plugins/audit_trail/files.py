"""Files that only their owner can read, appended to or replaced as a whole."""

from __future__ import annotations

import errno
import os
import re
import stat
from contextlib import suppress
from typing import TYPE_CHECKING, BinaryIO

from recoup_plugins.audit_trail.errors import AuditTrailError, IrregularFile

if TYPE_CHECKING:
    from pathlib import Path

_NAME = re.compile(r"audit-(\d{8})\.jsonl\Z", re.ASCII)
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
_MODE = 0o600


def segment_name(number: int) -> str:
    """Return the file name of a segment."""
    return f"audit-{number:08d}.jsonl"


def segment_numbers(directory: Path) -> list[int]:
    """Return the numbers in the names of the segments that are there, sorted."""
    return sorted(int(match[1]) for name in os.listdir(directory) if (match := _NAME.match(name)))  # noqa: PTH208 - names only


def open_to_read(path: Path) -> BinaryIO:
    """Open a file of the trail; never waits for what a pipe put in its place would send.

    Raises:
        IrregularFile: it is a directory, a symbolic link or a device.
        OSError: it can't be opened.
    """
    irregular = f"{path} is no plain file, as the trail would have written"
    try:
        descriptor = os.open(path, os.O_RDONLY | _NO_FOLLOW | getattr(os, "O_NONBLOCK", 0))
    except OSError as failure:
        if failure.errno in {errno.ELOOP, errno.ENXIO}:
            raise IrregularFile(irregular) from None
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise IrregularFile(irregular)
    return os.fdopen(descriptor, "rb")


def make_directory(directory: Path) -> None:
    """Make the directory of a trail for its owner alone.

    Raises:
        AuditTrailError: it exists and others may enter it.
        OSError: it can't be made.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    mode = stat.S_IMODE(directory.stat().st_mode)
    if os.name == "posix" and mode & 0o077:
        raise AuditTrailError(f"the audit trail's directory {directory} is open to others (mode {mode:04o}): chmod 700")


def sync_directory(directory: Path) -> None:
    """Force the names in a directory to the disk, where the system can."""
    if os.name != "posix":
        return
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def replace_file(path: Path, content: bytes, *, durable: bool) -> None:
    """Replace a file as a whole, so that after a crash either the old or the new content is there."""
    beside = path.with_name(path.name + ".tmp")
    with suppress(FileNotFoundError):
        beside.unlink()
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_FOLLOW, _MODE)
    try:
        _write_all(descriptor, content)
        if durable:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
    beside.replace(path)
    if durable:
        sync_directory(path.parent)


class AppendFile:
    """A file that grows by whole pieces: one that can't be written entirely is taken back. Not thread-safe.

    Args:
        path: the file.
        create: whether it must be new; else it must exist.

    Attributes:
        size: bytes of whole pieces.

    Raises:
        OSError: it can't be opened, or is a symbolic link.
    """

    def __init__(self, path: Path, *, create: bool) -> None:
        flags = os.O_WRONLY | os.O_APPEND | _NO_FOLLOW | (os.O_CREAT | os.O_EXCL if create else 0)
        self._descriptor = os.open(path, flags, _MODE)
        self._is_torn = False
        self.size = os.fstat(self._descriptor).st_size

    def append(self, piece: bytes) -> None:
        """Append a piece, or leave the file as it was.

        Raises:
            OSError: it can't be written; where not even the torn piece could be taken back, that is done before the
                next one.
        """
        if self._is_torn:
            self._take_back()
        self._is_torn = True
        try:
            _write_all(self._descriptor, piece)
        except OSError:
            with suppress(OSError):
                self._take_back()
            raise
        self.size += len(piece)
        self._is_torn = False

    def sync(self) -> None:
        """Force what was appended to the disk."""
        os.fsync(self._descriptor)

    @property
    def is_removed(self) -> bool:
        """Whether somebody has removed the file, so that what is appended is gone when it is closed."""
        return os.fstat(self._descriptor).st_nlink == 0

    def close(self) -> None:
        """Close the file. A second time does nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _take_back(self) -> None:
        os.ftruncate(self._descriptor, self.size)
        self._is_torn = False

    def __del__(self) -> None:
        if hasattr(self, "_descriptor"):  # or it could not be opened
            self.close()


def _write_all(descriptor: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]
