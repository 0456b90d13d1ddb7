"""Remembers which orders are being verified, so that no second send of the same intent slips in between."""

from __future__ import annotations

import threading
import weakref
from enum import Enum
from typing import TYPE_CHECKING

from attrs import define

if TYPE_CHECKING:
    from recoup import Call, Operation

IntentKey = tuple[str, str]
"""The venue's key and the client order id."""


class IntentState(Enum):
    """How far an intent is; the values name it in events."""

    SUBMITTED = "submitted"
    UNKNOWN = "unknown"
    """Being verified, or given up on."""
    NOT_FOUND = "not_found"
    """Verified; its own call may send it again."""
    ADOPTED = "adopted"


@define(eq=False)
class _Intent:
    owner: weakref.ref[Call]
    state: IntentState
    verifying: bool
    since: float
    reusable_id: bool
    """Whether the venue would accept the id a second time."""

    @property
    def active(self) -> bool:
        """Whether its own call may be looking it up or sending it again just now."""
        return self.verifying or (self.state is IntentState.NOT_FOUND and self.owner() is not None)


class Intents:
    """The intents in recovery, at most ``capacity``. Thread-safe and task-safe.

    Args:
        capacity: intents kept at most. Whatever is being verified or sent again is never dropped for room.
        hold: seconds for which another send of an intent is held back after its verification has ended.
    """

    def __init__(self, capacity: int, hold: float) -> None:
        self._capacity = capacity
        self._hold = hold
        self._lock = threading.Lock()
        self._intents: dict[IntentKey, _Intent] = {}

    def __len__(self) -> int:
        return len(self._intents)

    def claim(self, key: IntentKey, call: Call, now: float, *, reusable_id: bool) -> IntentState | None:
        """Begin to verify an intent on behalf of a call.

        Returns:
            The state that it had, or None where another call verifies it or is sending it again, or no room is left.
        """
        with self._lock:
            intent = self._intents.get(key)
            if intent is not None and intent.owner() is not call and intent.active:
                return None
            if intent is None and len(self._intents) >= self._capacity and not self._make_room():
                return None
            old = intent.state if intent is not None else IntentState.SUBMITTED
            self._intents[key] = _Intent(weakref.ref(call), IntentState.UNKNOWN, True, now, reusable_id)  # noqa: FBT003
            return old

    def end(self, key: IntentKey, state: IntentState, now: float) -> None:
        """End the verification that :meth:`claim` began."""
        with self._lock:
            if state is IntentState.ADOPTED:
                del self._intents[key]
                return
            intent = self._intents[key]
            intent.state, intent.verifying, intent.since = state, False, now

    def is_verified_by_another(self, key: IntentKey, call: Call) -> bool:
        """Whether some other call's verification of the intent is under way."""
        with self._lock:
            intent = self._intents.get(key)
            return intent is not None and intent.verifying and intent.owner() is not call

    def is_unresolved(self, key: IntentKey) -> bool:
        """Whether an earlier verification of the intent ended unknown."""
        with self._lock:
            intent = self._intents.get(key)
            return intent is not None and not intent.verifying and intent.state is IntentState.UNKNOWN

    def held_for(self, key: IntentKey, operation: Operation, now: float, poll_interval: float) -> float:
        """Return the seconds that a send of the intent must wait, ``poll_interval`` where that can't be foreseen.

        The call that was verified is told by its own ``operation`` object, and passes.
        """
        intent = self._intents.get(key)
        if intent is None:
            return 0.0
        with self._lock:
            if intent.verifying:
                return poll_interval
            left = max(0.0, intent.since + self._hold - now)
            if intent.state is IntentState.UNKNOWN:
                return left if intent.reusable_id else 0.0
            owner = intent.owner()
            resent_by_another = owner is not None and owner.operation is not operation
            return min(left, poll_interval) if resent_by_another else 0.0

    def _make_room(self) -> bool:
        idle = [key for key, intent in self._intents.items() if not intent.active]
        # An id that the venue itself refuses a second time needs the least protection, then the oldest.
        idle.sort(key=lambda key: (self._intents[key].reusable_id, self._intents[key].since))
        for key in idle[: max(1, self._capacity // 10)]:
            del self._intents[key]
        return bool(idle)
