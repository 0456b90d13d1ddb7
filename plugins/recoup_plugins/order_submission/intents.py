"""Remembers which orders were sent and what is known of them, so that no second send of an intent slips in."""

from __future__ import annotations

import threading
from collections import OrderedDict
from enum import Enum
from typing import TYPE_CHECKING

from attrs import define

if TYPE_CHECKING:
    from recoup import Call

IntentKey = tuple[str, str]
"""The venue's key and the client order id."""


class IntentState(Enum):
    """What is known of an intent; the values name it in events.

    ==============  ======  =============================================  =====================================
    state           held    what happened                                  next state
    ==============  ======  =============================================  =====================================
    (no entry)      no      a call sends it                                SUBMITTED
    SUBMITTED       yes     the call succeeded                             ACCEPTED
    SUBMITTED       yes     the call failed and was not executed           (no entry)
    SUBMITTED       yes     it failed otherwise                            VERIFYING
    SUBMITTED       yes     it ended without anybody knowing its outcome   UNKNOWN
    VERIFYING       yes     the venue has the order                        ACCEPTED
    VERIFYING       yes     the venue knows no such order                  NOT_FOUND
    VERIFYING       yes     nobody could find out, or it was broken off    UNKNOWN; ACCEPTED if it was so before
    NOT_FOUND       yes     its call sends it and ends                     as from SUBMITTED
    UNKNOWN         no      another call is to send it                     VERIFYING
    ACCEPTED        no      another call is to send it                     VERIFYING
    ==============  ======  =============================================  =====================================

    A held intent belongs to one call, and every other call that is to send it waits.
    """

    SUBMITTED = "submitted"
    VERIFYING = "verifying"
    NOT_FOUND = "not_found"
    UNKNOWN = "unknown"
    ACCEPTED = "accepted"


@define(eq=False)
class _Intent:
    holder: Call | None
    state: IntentState
    reusable_id: bool
    """Whether the venue would accept the id a second time."""


class Intents:
    """The intents that were sent, at most ``capacity``. Thread-safe and task-safe.

    Where room is needed, the intent goes that was accepted longest ago; without one, an unknown one, first of those
    whose id the venue itself refuses a second time. What a call holds never goes.

    Args:
        capacity: intents kept at most.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._lock = threading.Lock()
        self._open: dict[IntentKey, _Intent] = {}
        self._accepted: OrderedDict[IntentKey, None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._open) + len(self._accepted)

    def state(self, key: IntentKey) -> IntentState | None:
        """Return what is known of an intent, or None where it was not sent."""
        with self._lock:
            intent = self._open.get(key)
            if intent is not None:
                return intent.state
            return IntentState.ACCEPTED if key in self._accepted else None

    def send(self, key: IntentKey, call: Call, *, reusable_id: bool) -> bool:
        """Have a call hold an intent that was not sent before.

        Returns:
            Whether it may be sent; False where there is an entry already, or no room for one.
        """
        with self._lock:
            return self._send(key, call, reusable_id)

    def send_or_verify(self, key: IntentKey, call: Call, *, reusable_id: bool) -> IntentState | None:
        """Have a call hold an intent, which it may send or must verify first.

        Returns:
            SUBMITTED where it may be sent; UNKNOWN or ACCEPTED where it was that and is being verified from now on;
            None where another call holds it or there is no room.
        """
        with self._lock:
            if self._send(key, call, reusable_id):
                return IntentState.SUBMITTED
            return self._verify(key, call, reusable_id)

    def verify(self, key: IntentKey, call: Call, *, reusable_id: bool) -> IntentState | None:
        """Have a call verify an intent of which one send failed.

        Returns:
            The state that it had, or None where another call holds it or there is no room.
        """
        with self._lock:
            self._send(key, call, reusable_id)
            return self._verify(key, call, reusable_id)

    def end(self, key: IntentKey, call: Call, state: IntentState | None) -> IntentState | None:
        """Say what is known of an intent now; a call that does not hold it has no say.

        Args:
            key: the intent.
            call: who says so. With VERIFYING, NOT_FOUND and SUBMITTED it goes on holding the intent.
            state: the new one, or None to forget it: it was not executed.

        Returns:
            The state that it had, or None where the call does not hold it.
        """
        with self._lock:
            intent = self._open.get(key)
            if intent is None or intent.holder is not call:
                return None
            old = intent.state
            if state is None or state is IntentState.ACCEPTED:
                del self._open[key]
                if state is not None:
                    self._accepted[key] = None
                return old
            intent.state = state
            if state is IntentState.UNKNOWN:
                intent.holder = None
            return old

    def _send(self, key: IntentKey, call: Call, reusable_id: bool) -> bool:  # noqa: FBT001 - keyword in the public ones
        if key in self._open or key in self._accepted or not self._has_room():
            return False
        self._open[key] = _Intent(call, IntentState.SUBMITTED, reusable_id)
        return True

    def _verify(self, key: IntentKey, call: Call, reusable_id: bool) -> IntentState | None:  # noqa: FBT001 - as above
        if key in self._accepted:
            del self._accepted[key]
            self._open[key] = _Intent(call, IntentState.VERIFYING, reusable_id)
            return IntentState.ACCEPTED
        intent = self._open.get(key)
        if intent is None or (intent.holder is not None and intent.holder is not call):
            return None
        old, intent.state, intent.holder = intent.state, IntentState.VERIFYING, call
        return old

    def _has_room(self) -> bool:
        if len(self) < self._capacity:
            return True
        if self._accepted:
            self._accepted.popitem(last=False)
            return True
        idle = [key for key, intent in self._open.items() if intent.holder is None]
        if idle:
            # The table is in the order of sending, and of equals min gives the first.
            del self._open[min(idle, key=lambda key: self._open[key].reusable_id)]
        return bool(idle)
