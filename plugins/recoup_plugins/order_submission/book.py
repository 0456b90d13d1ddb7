"""What is known of each submission, and what follows when that changes: events, exposures, checks in the background."""

from __future__ import annotations

import itertools
import threading
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from recoup import IntentFinding, IntentState, StateEvent
from recoup_plugins.order_submission.intents import IntentKey, Intents, SendState
from recoup_plugins.order_submission.submission import Submission, has_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from recoup import Call, Host


class Book:
    """The submissions of one handler. Thread-safe and task-safe.

    An exposure is reserved and given back while the intent is held, so that of two calls for one intent neither undoes
    what the other does.

    Args:
        host: the handler.
        capacity: intents kept at most.

    Attributes:
        intents: what is known of each.
        watch: told each submission that nobody holds and whose outcome nobody knows.
    """

    def __init__(self, host: Host, capacity: int) -> None:
        self._host = host
        self.intents = Intents(capacity)
        self.watch: Callable[[Submission], None] = lambda _: None
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._nameless: WeakKeyDictionary[Call, IntentKey] = WeakKeyDictionary()

    def key(self, call: Call, component: str) -> IntentKey | None:
        """Return what a call's intent is told apart by; None where it has no id and has not failed yet."""
        operation = call.operation
        if has_id(operation):
            assert operation.client_order_id is not None  # or it would not have
            return operation.key or component, operation.client_order_id
        with self._lock:
            return self._nameless.get(call)

    def submission(self, call: Call, component: str) -> Submission:
        """Return what a call has sent; it gets a name of its own where it has none that others share."""
        key = self.key(call, component)
        if key is None:
            with self._lock:
                name = f"{call.name or call.operation.kind.value}#{next(self._numbers)}"
                key = self._nameless[call] = (call.operation.key or component, name)
        return Submission.of_call(key, call, component, self._host.clock)

    def doubt(self, submission: Submission) -> None:
        """Reserve what a submission may have put at risk. For whoever holds it."""
        if (exposure := submission.operation.exposure) is not None:
            self._host.exposures.reserve(*submission.key, exposure)

    def end(self, submission: Submission, holder: object, state: SendState | None, detail: str) -> bool:
        """Say what a call knows of its submission now; as :meth:`Intents.end`, with all that follows.

        Returns:
            Whether the holder had a say.
        """
        key = submission.key
        if not self.intents.holds(key, holder):
            return False
        if state is SendState.UNKNOWN:
            self.doubt(submission)
        else:
            self._host.exposures.release(*key)
        # Nobody sends again what has no id, so that nothing is remembered of it once it is known.
        forgotten = state is SendState.ACCEPTED and submission.intent != key
        old = self.intents.end(key, holder, None if forgotten else state)
        if old is not None:
            self._publish(key, old, state or SendState.NOT_FOUND, detail)
        if state is SendState.UNKNOWN:
            self.watch(submission)
        return True

    def release(self, key: IntentKey, call: Call, state: SendState | None) -> None:
        """Say what the end of a call tells of its intent: accepted, or None where it was not executed."""
        if self.intents.holds(key, call):
            self._host.exposures.release(*key)
            self.intents.end(key, call, state)

    def settle(self, submission: Submission, order: Any, *, found: bool, detail: str) -> None:
        """Tell the journals what was found out of a submission outside the call that sent it."""
        if submission.intent is not None:
            state = IntentState.ACCEPTED if found else IntentState.FAILED
            self._host.settle(submission.intent, IntentFinding(state=state, order=order, detail=detail))

    def conclude(self, submission: Submission, holder: object, order: Any, *, found: bool, detail: str) -> None:
        """Say what was found out of an unknown submission outside its own call, and tell the journals."""
        self.settle(submission, order, found=found, detail=detail)
        self._host.exposures.release(*submission.key)
        remembered = found and submission.intent == submission.key
        self.intents.end(submission.key, holder, SendState.ACCEPTED if remembered else None)
        new = SendState.ACCEPTED if found else SendState.NOT_FOUND
        self._publish(submission.key, SendState.UNKNOWN, new, detail)

    def adopt(self, submission: Submission, order: Any) -> None:
        """Take note that an order was seen at the venue by the way; it may have been of unknown outcome."""
        holder = object()
        if self.intents.check(submission.key, holder):
            self.conclude(submission, holder, order, found=True, detail="seen at the venue")

    def verifying(self, submission: Submission, old: SendState) -> None:
        """Tell that a call looks its submission up."""
        self._publish(submission.key, old, SendState.VERIFYING, "")

    def _publish(self, key: IntentKey, old: SendState, new: SendState, detail: str) -> None:
        self._host.publish(StateEvent(subject=f"order:{key[1]}", old=old.value, new=new.value, detail=detail))
