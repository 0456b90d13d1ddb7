"""The audit trail as a plugin on ``monitor``."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, ClassVar

from recoup import PluginEvent, hookimpl
from recoup_plugins.audit_trail.checkpoints import Checkpoints
from recoup_plugins.audit_trail.config import KINDS, AuditTrailConfig
from recoup_plugins.audit_trail.encoding import EventEncoder
from recoup_plugins.audit_trail.errors import AuditTrailError, AuditWriteError
from recoup_plugins.audit_trail.writer import Trail

if TYPE_CHECKING:
    from recoup import Event, Host

REPORT_SECONDS = 20.0
"""Between two failures that are raised: an observer that fails five times within a minute is disabled for good, and
the trail must go on as soon as the disk does. What fails in between is counted, and told by the next one."""
OPEN_SECONDS = 1.0
"""Between two attempts to open a trail that can't be opened."""
_WAITING = 256
_LIFE_CYCLE = frozenset({"registered", "unregistered", "started", "stopped"})


class AuditTrail:
    """Records every event in a chain of hashes that is signed. Thread-safe and task-safe.

    The trail is opened by :meth:`start`, or by the first event that is not about plugins coming and going; what those
    say before is kept, 256 of them at most, and recorded then. So a handler that is only looked at writes nothing.

    Args:
        config: where, by which key, and for how long.
        host: gives the clock and the sanitizer.

    Attributes:
        trail: what writes; its ``tip`` is the head to be noted elsewhere.
    """

    Config: ClassVar[type[AuditTrailConfig]] = AuditTrailConfig
    enabled_by_default: ClassVar[bool] = False

    def __init__(self, config: AuditTrailConfig, host: Host) -> None:
        self.trail = Trail(config, host.clock, lambda text: str(host.sanitize(text)))
        self._config = config
        self._clock = host.clock
        self._encoder = EventEncoder(config.max_record_bytes)
        self._kinds = frozenset(config.events or KINDS)
        self._lock = threading.RLock()  # a signal handler may come in
        self._early: deque[Event] = deque(maxlen=_WAITING)
        self._checkpoints: Checkpoints | None = None
        self._is_stopped = False
        self._unsettled: AuditWriteError | None = None
        self._open_failure: Exception | None = None
        self._report_at = float("-inf")
        self._open_at = float("-inf")

    def start(self) -> None:
        """Open the trail.

        Raises:
            AuditTrailError: the key or the directory is not fit for use, or somebody else writes to it.
            OSError: a file can't be read or written.
        """
        self._is_stopped = False
        self._open()

    def stop(self) -> None:
        """Record the end, sign it and close the trail.

        Raises:
            OSError: the end can't be written.
        """
        with self._lock:
            self._is_stopped = True
            checkpoints, self._checkpoints = self._checkpoints, None
        if checkpoints is not None:
            checkpoints.end()
        self.trail.close()

    @hookimpl
    def monitor(self, event: Event) -> None:
        """Append a record for the event.

        Raises:
            AuditWriteError: it could not be written, or not forced to the disk. At most every 20 seconds; the records
                lost in between are counted in ``lost``, and by the trail when it can write again.
            AuditTrailError: the trail has been stopped.
        """
        if event.kind not in self._kinds:
            return
        if not self.trail.is_open:
            if isinstance(event, PluginEvent) and event.fault in _LIFE_CYCLE:
                if not self._is_stopped:
                    self._early.append(event)
                return
            if self._is_stopped:
                raise AuditTrailError(f"an event of kind {event.kind!r} came after the audit trail was stopped")
        try:
            self._record(event)
        except AuditWriteError:
            if self._is_to_be_told():
                raise

    def _record(self, event: Event) -> None:
        try:
            members = self._encoder.members(event)
            if not self.trail.is_open:
                self._open_again()
        except Exception as failure:
            raise self.trail.lose(failure) from failure
        self.trail.append("event", members)
        unsettled, self._unsettled = self._unsettled, None
        if unsettled is not None:
            raise unsettled

    def _open_again(self) -> None:
        now = self._clock.monotonic()
        with self._lock:
            if now < self._open_at and self._open_failure is not None:
                raise AuditTrailError(str(self._open_failure))
            self._open_at = now + OPEN_SECONDS
        try:
            self._open()
        except (OSError, AuditTrailError) as failure:
            self._open_failure = failure
            raise

    def _open(self) -> None:
        with self._lock:
            self.trail.open()
            if self._checkpoints is None and self._config.sync_seconds > 0:
                self._checkpoints = Checkpoints(self.trail, self._config.sync_seconds, self._fail_later)
            early, self._early = self._early, deque(maxlen=_WAITING)
        for event in early:
            self.trail.append("event", self._encoder.members(event))

    def _fail_later(self, failure: Exception) -> None:
        """Keep what went wrong in the background for the next call, which can raise it."""
        self._unsettled = self.trail.unsettled(failure)

    def _is_to_be_told(self) -> bool:
        now = self._clock.monotonic()
        with self._lock:
            if now < self._report_at:
                return False
            self._report_at = now + REPORT_SECONDS
            return True
