"""What the journal keeps of a call, and in which words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import evolve

from recoup import Intent, IntentState
from recoup_plugins.recovery_journal.errors import JournalError

if TYPE_CHECKING:
    from datetime import datetime

    from recoup import Call, Host, IntentId

_LONGEST_TEXT = 500


def intent_id(call: Call, component: str) -> IntentId:
    """Return what a call is told apart by."""
    operation = call.operation
    return operation.key or component, operation.client_order_id or ""


def intent_of(call: Call, component: str, now: datetime, host: Host) -> Intent | None:
    """Return what is recorded of a call, or None for one that could not be found again."""
    intent = Intent.of(call, component, now)
    if intent is None:
        return None
    return evolve(intent, component=clean(component, host), name=clean(call.name, host))


def end_of(call: Call, error: BaseException | None) -> tuple[IntentState, str]:
    """Return what a call's end says of its intent, and one line about it that holds nothing of the error's message."""
    if call.stood_in:
        return IntentState.FAILED, "it failed, and something stands in for its result"
    if error is None:
        return IntentState.ACCEPTED, ""
    if call.unresolved:
        return IntentState.UNKNOWN, f"the call ended with {type(error).__name__}"
    return IntentState.FAILED, f"the call failed with {type(error).__name__}"


def check_text(intent: Intent) -> None:
    """Refuse what the database can't hold, before it spoils a transaction that others share.

    Raises:
        JournalError: a text is no text.
    """
    for text in (*intent.id, intent.symbol, intent.parent, intent.exposure and intent.exposure.symbol):
        try:
            (text or "").encode("utf-8")
        except UnicodeEncodeError:
            raise JournalError(f"{text!r} holds half a surrogate pair, which is no text") from None


def clean(text: str, host: Host) -> str:
    """Return text as it may be kept: sanitized, one line, and without what no encoding takes."""
    line = " ".join(str(host.sanitize(text)).split())
    return line.encode("utf-8", "backslashreplace").decode("utf-8")[:_LONGEST_TEXT]
