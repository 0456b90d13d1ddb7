"""The trail as it is written: one chain over all segments, by one writer."""

from __future__ import annotations

import os
import secrets
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from recoup_plugins.audit_trail.ageing import AgeClock
from recoup_plugins.audit_trail.chain import FORMAT, GENESIS, Tip, body, finish
from recoup_plugins.audit_trail.config import FsyncPolicy
from recoup_plugins.audit_trail.durability import Durability
from recoup_plugins.audit_trail.encoding import plain_members, timestamp
from recoup_plugins.audit_trail.errors import AuditTrailError, AuditTrailLocked, AuditTrailRemoved, AuditWriteError
from recoup_plugins.audit_trail.files import AppendFile, make_directory, segment_name, sync_directory
from recoup_plugins.audit_trail.lock import TrailLock
from recoup_plugins.audit_trail.losses import Losses
from recoup_plugins.audit_trail.merkle import Frontier
from recoup_plugins.audit_trail.resume import read_end, take_up
from recoup_plugins.audit_trail.retention import overdue, sealed_segments
from recoup_plugins.audit_trail.sealing import keyring_of, replace_key
from recoup_plugins.audit_trail.statements import Head, Retired, signed, write_statement

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from recoup import Clock
    from recoup_plugins.audit_trail.config import AuditTrailConfig
    from recoup_plugins.audit_trail.retention import SealedSegment
    from recoup_plugins.audit_trail.sealing import Keyring


class Trail:
    """Writes one trail. Thread-safe and task-safe.

    A record is with the operating system when :meth:`append` returns, so it outlives the process; with
    ``FsyncPolicy.ALWAYS`` it is on the disk. The order of the lines is the order of the chain, so one lock is held over
    the write into the operating system's memory and over the change of segments; threads that wait for the disk share
    one call.

    Args:
        config: where, how large, for how long.
        clock: gives the time of the records.
        sanitize: cleans text that comes from the system.
    """

    def __init__(self, config: AuditTrailConfig, clock: Clock, sanitize: Callable[[str], str]) -> None:
        self._config = config
        self._clock = clock
        self._directory = Path(config.directory)
        self._is_durable = config.fsync is not FsyncPolicy.NEVER
        self._max_age = None if config.rotate_seconds is None else timedelta(seconds=config.rotate_seconds)
        self._losses = Losses(sanitize)
        # The first is held over a write, the second over a call for the disk; in this order where both are held. A
        # signal handler may come in while its own thread holds them, so they let it, and `_alone` turns it away.
        self._appending = threading.RLock()
        self._syncing = threading.RLock()
        self._is_appending = False
        self._lock: TrailLock | None = None
        self._owner = 0
        self._keyring: Keyring | None = None
        self._trail = ""
        self._tip = Tip(0, 0, GENESIS)
        self._signed = 0
        self._disk = Durability(self._not_forced)
        self._file: AppendFile | None = None
        self._followed = 0
        self._frontier = Frontier()
        self._opened = datetime.min.replace(tzinfo=UTC)
        self._age = AgeClock(clock, None, 0, config.retain_seconds)

    @property
    def is_open(self) -> bool:
        """Whether this process has the trail open."""
        return self._lock is not None

    @property
    def tip(self) -> Tip:
        """Where the chain ends."""
        return self._tip

    @property
    def lost(self) -> int:
        """Records that were lost and of which the trail does not tell yet."""
        return self._losses.lost

    def open(self) -> None:
        """Lock the trail, repair what a crash tore, and record how it was found. A second time does nothing.

        Raises:
            AuditTrailError: the key or the directory is not fit for use, or somebody else writes to it.
            OSError: a file can't be read or written.
        """
        with self._appending:
            if self._lock is not None:
                return
            make_directory(self._directory)
            lock = TrailLock(self._directory)
            try:
                self._keyring = keyring_of(self._config)
                self._begin(self._keyring)
            except BaseException:
                self._close_file()
                lock.release()
                raise
            self._lock, self._owner = lock, os.getpid()

    def append(self, kind: str, members: str) -> None:
        """Append one record, after one that tells of a gap where there is one.

        Args:
            kind: its type.
            members: the rest of it, JSON without the braces around it.

        Raises:
            AuditWriteError: it is lost, or it is written and something else that is due can't be done.
        """
        try:
            self._check_owner()
            with self._alone():
                has_turned = self._turn_over(len(members))
                self._write([*self._clock_step(), (kind, members)])
                sequence, failures = self._tip.sequence, self._disk.failures
        except (OSError, AuditTrailError) as failure:
            raise self.lose(failure) from failure
        try:
            if has_turned:
                self._retire()
            self._vouch(sequence, failures)
        except (OSError, AuditTrailError) as failure:
            raise self.unsettled(failure, sequence) from failure

    def lose(self, failure: Exception) -> AuditWriteError:
        """Count a record that can't be written, and return the error that says so."""
        lost = self._losses.add(self._now(), failure, lost=1)
        return AuditWriteError(
            f"the audit trail in {self._directory} can't be written: {failure}; records lost: {lost:,}", lost=lost
        )

    def unsettled(self, failure: Exception, sequence: int | None = None) -> AuditWriteError:
        """Note that records may not be on the disk, or are not signed, and return the error that says so.

        Where the segment was removed, the trail is let go of, and can be opened again.

        Args:
            failure: why.
            sequence: of the record; None for the last one.
        """
        if isinstance(failure, AuditTrailRemoved):
            self._abandon()
        is_told = self._disk.told >= (self._tip.sequence if sequence is None else sequence)
        lost = self._losses.add(self._now(), failure, unsynced=0 if is_told else 1)
        return AuditWriteError(f"the audit trail in {self._directory} can't be settled: {failure}", lost=lost)

    def checkpoint(self) -> None:
        """Force what was written to the disk, unless never wanted, and sign how far the trail has come.

        Raises:
            AuditTrailRemoved: the segment is no longer there; :meth:`unsettled` lets go of it.
            OSError: it can't be done.
        """
        with self._syncing:
            tip, file, keyring = self._tip, self._file, self._keyring
            if file is None or keyring is None or os.getpid() != self._owner:
                return
            if file.is_removed:
                raise AuditTrailRemoved(f"somebody has removed {segment_name(tip.segment)} while it was written to")
            if tip.sequence == self._signed:
                return
            if self._is_durable:
                self._disk.force(file, tip.sequence)
            self._sign(tip, keyring)

    def close(self) -> None:
        """Record the end, sign it and let the next one write. A second time does nothing.

        Raises:
            AuditTrailError, OSError: the end can't be written; the trail is let go all the same.
        """
        with self._appending:
            if self._lock is None or os.getpid() != self._owner:
                return
            try:
                self._catch_up()
                if self._file is None:
                    self._turn_over(0)
                self._write([("stop", plain_members(segment=self._tip.segment))])
                self.checkpoint()
            finally:
                with self._syncing:
                    self._close_file()
                self._lock.release()
                self._lock = None

    def _abandon(self) -> None:
        """Let go of a trail that was removed, without a word in it, so that it can be opened anew."""
        with self._appending, self._syncing:
            self._disk.give_up()
            self._close_file()
            if self._lock is not None:
                self._lock.release()
                self._lock = None

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep other threads out, and this one from coming in a second time."""
        with self._appending:
            if self._is_appending:
                raise AuditTrailError("it is called from within itself, as a signal handler may")
            self._is_appending = True
            try:
                yield
            finally:
                self._is_appending = False

    def _check_owner(self) -> None:
        if self._lock is None:
            raise AuditTrailError("it is not open")
        if os.getpid() != self._owner:
            raise AuditTrailLocked("the trail was opened before a fork, and belongs to the parent process")

    def _begin(self, keyring: Keyring) -> None:
        found = take_up(self._directory, keyring, durable=self._is_durable)
        notes = found.notes
        if self._tip.sequence > found.tip.sequence:
            # Removed, or set back to an older state, since this very process last wrote.
            notes = {"missing": self._tip.sequence - found.tip.sequence} | notes
        self._trail = found.trail or secrets.token_hex(8)
        self._tip, self._frontier = found.tip, found.frontier
        self._age = AgeClock(self._clock, found.latest, found.ahead, self._config.retain_seconds)
        self._owner = os.getpid()
        self._signed = 0
        self._disk.begin(found.tip.sequence)
        if found.trail is None:
            # From here on the absence of a head can only mean that it was removed.
            write_statement(
                self._directory,
                Head(trail=self._trail, segment=1, sequence=0, hash=GENESIS, time=self._now()),
                keyring,
                durable=self._is_durable,
            )
        if found.opened is None:
            self._open_segment(max(self._tip.segment + 1, keyring.first))
        else:
            self._file = AppendFile(self._directory / segment_name(self._tip.segment), create=False)
            self._opened, self._followed = found.opened, self._file.size
        self._write([("start", plain_members(format=FORMAT, segment=self._tip.segment, **notes))])
        self.checkpoint()

    def _write(self, records: Sequence[tuple[str, str]]) -> None:
        """Append records in one piece; where it can't be written, nothing has changed."""
        assert self._file is not None
        gap = self._losses.statement()
        if gap is not None:
            records = [("gap", gap[0]), *records]
        lines, hashes = [], []
        sequence, previous, time = self._tip.sequence, self._tip.hash, self._now()
        for kind, members in records:
            sequence += 1
            line, previous = finish(body(sequence, time, kind, members, previous))
            lines.append(line)
            hashes.append(previous)
        self._file.append(b"".join(lines))
        self._tip = Tip(self._tip.segment, sequence, previous)
        for item in hashes:
            self._frontier.add(item)
        self._followed = self._file.size
        if gap is not None:
            self._losses.stated(gap[1], gap[2])

    def _catch_up(self) -> None:
        """Take up what was written when an interrupt, such as Ctrl-C, came between a line and the note of it."""
        if self._file is None or self._file.size == self._followed:
            return
        last, self._frontier = read_end(self._directory, self._tip.segment)
        self._tip = Tip(self._tip.segment, last.sequence, last.computed)
        self._followed = self._file.size
        if last.kind == "seal":
            with self._syncing:
                self._end_segment()

    def _clock_step(self) -> list[tuple[str, str]]:
        step = self._age.step()
        return [] if step is None else [("clock", plain_members(ahead=step[0], step=step[1]))]

    def _turn_over(self, coming: int) -> bool:
        """Begin the next segment if this one has its size or its age, or a change was left half done; say whether."""
        self._catch_up()
        if self._file is not None:
            is_full = self._file.size + coming > self._config.rotate_bytes and self._frontier.size > 1
            is_old = self._max_age is not None and abs(self._clock.now() - self._opened) >= self._max_age  # or set back
            if not is_full and not is_old:
                return False
            with self._syncing:
                self._seal()
        with self._syncing:
            self._open_segment(self._tip.segment + 1)
        return True

    def _seal(self) -> None:
        assert self._file is not None
        assert self._keyring is not None
        tip = self._tip
        members = plain_members(
            segment=tip.segment,
            records=self._frontier.size,
            root=self._frontier.root(),
            ahead=self._age.ahead() or None,
        )
        unsigned = body(tip.sequence + 1, self._now(), "seal", members, tip.hash)
        line, digest = finish(signed(unsigned, self._keyring, tip.segment, "seal"))
        self._file.append(line)
        self._tip = Tip(tip.segment, tip.sequence + 1, digest)
        self._end_segment()

    def _end_segment(self) -> None:
        """Close the segment that was sealed: whatever fails from here on, nothing more may come into it."""
        assert self._file is not None
        file, self._file = self._file, None
        try:
            if self._is_durable:
                self._disk.force(file, self._tip.sequence)
        finally:
            file.close()

    def _open_segment(self, number: int) -> None:
        assert self._keyring is not None
        self._keyring.key(number)  # where there is none, nothing is begun
        moment = self._clock.now()
        members = plain_members(format=FORMAT, trail=self._trail, segment=number)
        line, digest = finish(body(self._tip.sequence + 1, timestamp(moment), "segment", members, self._tip.hash))
        path = self._directory / segment_name(number)
        before = self._tip, self._frontier
        file = AppendFile(path, create=True)
        try:
            file.append(line)
            if self._is_durable:
                file.sync()
                sync_directory(self._directory)
            self._tip, self._frontier = Tip(number, self._tip.sequence + 1, digest), Frontier()
            self._frontier.add(digest)
            self._opened, self._followed, self._file = moment, file.size, file
        except BaseException:
            self._file = None
            self._tip, self._frontier = before
            file.close()
            path.unlink()
            raise
        self._sign(self._tip, self._keyring)

    def _retire(self) -> None:
        with self._alone():
            if self._keyring is None or self._file is None:
                return
            sealed = sealed_segments(self._directory, self._tip.segment, self._keyring)
            due = overdue(sealed, self._config, self._age)
            if due:
                self._remove(due)

    def _remove(self, due: Sequence[SealedSegment]) -> None:
        assert self._keyring is not None
        last = due[-1]
        self._write([("retired", plain_members(segments=[due[0].number, last.number], through=last.sequence))])
        statement = Retired(
            trail=self._trail,
            segment=self._tip.segment,
            through=last.number,
            sequence=last.sequence,
            hash=last.hash,
            time=self._now(),
        )
        write_statement(self._directory, statement, self._keyring, durable=self._is_durable)
        for segment in due:
            (self._directory / segment_name(segment.number)).unlink()

    def _vouch(self, sequence: int, failures: int) -> None:
        """Have a record signed or on the disk, as configured, unless somebody has done it along with his own.

        Args:
            sequence: of the record.
            failures: calls for the disk that had failed when it was written.
        """
        is_to_be_signed = self._config.sync_seconds == 0
        if not is_to_be_signed and self._config.fsync is not FsyncPolicy.ALWAYS:
            return
        with self._syncing:
            if is_to_be_signed:
                self.checkpoint()
            elif self._disk.synced < sequence and self._file is not None:
                self._disk.force(self._file, self._tip.sequence)
            done = self._signed if is_to_be_signed else self._disk.synced
            if done < sequence or failures != self._disk.failures:
                raise AuditTrailError(f"record {sequence:,} may not be on the disk: somebody else's call for it failed")

    def _not_forced(self, failure: OSError, records: int) -> None:
        self._losses.add(self._now(), failure, unsynced=records)

    def _sign(self, tip: Tip, keyring: Keyring) -> None:
        head = Head(
            trail=self._trail,
            segment=tip.segment,
            sequence=tip.sequence,
            hash=tip.hash,
            time=self._now(),
            ahead=self._age.ahead(),
        )
        write_statement(self._directory, head, keyring, durable=self._is_durable)
        # After the head, and with each one, so that a crash or a full disk in between leaves no earlier key for long.
        if self._config.forward_secure and keyring.first < tip.segment:
            replace_key(self._config.key_file or "", keyring, tip.segment)
        self._signed = tip.sequence

    def _close_file(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            file.close()

    def _now(self) -> str:
        return timestamp(self._clock.now())
