"""Remembers which orders were sent and what is known of them, so that no second send of an intent slips in."""

from __future__ import annotations

import threading
from collections import OrderedDict
from enum import Enum

from attrs import define

IntentKey = tuple[str, str]
"""The venue's key and the client order id, or a name of its own for what has none."""


class SendState(Enum):
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
    VERIFYING       yes     it knows no such order, says the call          NOT_FOUND
    VERIFYING       yes     it knows no such order, and no call is left    (no entry)
    VERIFYING       yes     nobody could find out, or it was broken off    UNKNOWN; ACCEPTED if it was so before
    NOT_FOUND       yes     its call sends it and ends                     as from SUBMITTED
    UNKNOWN         no      another call is to send it, or it is checked   VERIFYING
    ACCEPTED        no      another call is to send it                     VERIFYING
    ==============  ======  =============================================  =====================================

    A held intent belongs to one call or check, and every other call that is to send it waits.
    """

    SUBMITTED = "submitted"
    VERIFYING = "verifying"
    NOT_FOUND = "not_found"
    UNKNOWN = "unknown"
    ACCEPTED = "accepted"


@define(eq=False)
class _Intent:
    holder: object | None
    state: SendState
    contradicted: bool = False
    """Whether the venue once said that it exists."""


class Intents:
    """The intents that were sent, at most ``capacity``. Thread-safe and task-safe.

    Where room is needed, the intent goes that was accepted longest ago. What somebody holds or is unknown never goes:
    a second send of it would find nothing that forbids it.

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

    @property
    def is_stuck(self) -> bool:
        """Whether every place is taken by an unknown intent that nobody looks up, so that no wait makes room."""
        with self._lock:
            return len(self._open) >= self._capacity and all(intent.holder is None for intent in self._open.values())

    def state(self, key: IntentKey) -> SendState | None:
        """Return what is known of an intent, or None where it was not sent."""
        with self._lock:
            intent = self._open.get(key)
            if intent is not None:
                return intent.state
            return SendState.ACCEPTED if key in self._accepted else None

    def send(self, key: IntentKey, holder: object) -> bool:
        """Have a call hold an intent that was not sent before.

        Returns:
            Whether it may be sent; False where there is an entry already, or no room for one.
        """
        with self._lock:
            return self._send(key, holder)

    def send_or_verify(self, key: IntentKey, holder: object) -> SendState | None:
        """Have a call hold an intent, which it may send or must verify first.

        Returns:
            SUBMITTED where it may be sent; UNKNOWN or ACCEPTED where it was that and is being verified from now on;
            None where somebody else holds it or there is no room.
        """
        with self._lock:
            if self._send(key, holder):
                return SendState.SUBMITTED
            return self._verify(key, holder)

    def verify(self, key: IntentKey, holder: object) -> SendState | None:
        """Have a call verify an intent of which one send failed, or which an earlier process sent.

        Returns:
            The state that it had, or None where somebody else holds it or there is no room.
        """
        with self._lock:
            self._send(key, holder)
            return self._verify(key, holder)

    def check(self, key: IntentKey, holder: object) -> bool:
        """Have a check hold an intent, if it is unknown and nobody else does."""
        with self._lock:
            intent = self._open.get(key)
            if intent is None or intent.state is not SendState.UNKNOWN:
                return False
            intent.state, intent.holder = SendState.VERIFYING, holder
            return True

    def end(self, key: IntentKey, holder: object, state: SendState | None) -> SendState | None:
        """Say what is known of an intent now; whoever does not hold it has no say.

        Args:
            key: the intent.
            holder: who says so. With VERIFYING, NOT_FOUND and SUBMITTED it goes on holding the intent.
            state: the new one, or None to forget it: it was not executed.

        Returns:
            The state that it had, or None where somebody else holds it, or nobody.
        """
        with self._lock:
            intent = self._open.get(key)
            if intent is None or intent.holder is not holder:
                return None
            old = intent.state
            if state is None or state is SendState.ACCEPTED:
                del self._open[key]
                if state is not None:
                    self._accepted[key] = None
                return old
            intent.state = state
            if state is SendState.UNKNOWN:
                intent.holder = None
            return old

    def is_open(self, key: IntentKey) -> bool:
        """Say whether an intent was sent and nobody has found out yet what became of it."""
        with self._lock:
            return key in self._open

    def forget(self, key: IntentKey) -> None:
        """Drop an unknown intent that nobody could ever send again."""
        with self._lock:
            intent = self._open.get(key)
            if intent is not None and intent.holder is None:
                del self._open[key]

    def holds(self, key: IntentKey, holder: object) -> bool:
        """Say whether somebody holds an intent."""
        with self._lock:
            intent = self._open.get(key)
            return intent is not None and intent.holder is holder

    def contradict(self, key: IntentKey, holder: object) -> None:
        """Take note that the venue said it exists, so that to find nothing proves nothing any more."""
        with self._lock:
            intent = self._open.get(key)
            if intent is not None and intent.holder is holder:
                intent.contradicted = True

    def is_contradicted(self, key: IntentKey) -> bool:
        """Say whether the venue once said that it exists."""
        with self._lock:
            intent = self._open.get(key)
            return intent is not None and intent.contradicted

    def _send(self, key: IntentKey, holder: object) -> bool:
        if key in self._open or key in self._accepted or not self._has_room():
            return False
        self._open[key] = _Intent(holder, SendState.SUBMITTED)
        return True

    def _verify(self, key: IntentKey, holder: object) -> SendState | None:
        if key in self._accepted:
            del self._accepted[key]
            self._open[key] = _Intent(holder, SendState.VERIFYING, contradicted=True)
            return SendState.ACCEPTED
        intent = self._open.get(key)
        if intent is None or (intent.holder is not None and intent.holder is not holder):
            return None
        old, intent.state, intent.holder = intent.state, SendState.VERIFYING, holder
        return old

    def _has_room(self) -> bool:
        if len(self) < self._capacity:
            return True
        if self._accepted:
            self._accepted.popitem(last=False)
            return True
        return False
