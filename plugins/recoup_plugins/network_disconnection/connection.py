"""One connection: whether orders may go, and who brings it back."""

from __future__ import annotations

import threading
from enum import Enum
from typing import TYPE_CHECKING

from attrs import define, field

if TYPE_CHECKING:
    from recoup_plugins.network_disconnection.queue import OrderQueue


class ConnectionPhase(Enum):
    """Where a connection stands; the values name it in events.

    ============  ===========  ==============================================  ============
    phase         new orders   what happened                                   next phase
    ============  ===========  ==============================================  ============
    UP            go           the connection is lost                          DOWN
    DOWN          wait         somebody begins to bring it back                RECONNECTING
    RECONNECTING  wait         every step has succeeded                        FLUSHING
    RECONNECTING  wait         it took longer than ``give_up_after``           FAILED
    RECONNECTING  wait         whoever brought it back was cancelled           DOWN
    FLUSHING      wait behind  no order waits any more                         UP
    FLUSHING      wait behind  the connection is lost again                    DOWN
    FAILED        are refused  somebody begins to bring it back                RECONNECTING
    ============  ===========  ==============================================  ============
    """

    UP = "up"
    DOWN = "down"
    RECONNECTING = "reconnecting"
    FLUSHING = "flushing"
    FAILED = "failed"


_MOVES = {
    ConnectionPhase.UP: {ConnectionPhase.DOWN},
    ConnectionPhase.DOWN: {ConnectionPhase.RECONNECTING},
    ConnectionPhase.RECONNECTING: {ConnectionPhase.FLUSHING, ConnectionPhase.FAILED, ConnectionPhase.DOWN},
    ConnectionPhase.FLUSHING: {ConnectionPhase.UP, ConnectionPhase.DOWN},
    ConnectionPhase.FAILED: {ConnectionPhase.RECONNECTING},
}


@define(eq=False)
class Connection:
    """The state of one connection. Thread-safe and task-safe.

    Attributes:
        key: the venue's.
        queue: orders that wait for it.
        phase: where it stands.
        lost_again: whether it was reported as lost while somebody brought it back.
    """

    key: str
    queue: OrderQueue
    phase: ConnectionPhase = ConnectionPhase.UP
    lost_again: bool = False
    _lock: threading.Lock = field(factory=threading.Lock, init=False)

    def move(self, new: ConnectionPhase) -> ConnectionPhase | None:
        """Go to another phase, if the table has it.

        Returns:
            The phase before, or None where nothing changed.
        """
        with self._lock:
            if new not in _MOVES[self.phase]:
                return None
            old, self.phase = self.phase, new
            return old
