"""The exception of a circuit that does not admit a call."""

from __future__ import annotations

from recoup import CircuitOpen

_new = CircuitOpen.__new__


def refusal(reason: str, key: str, retry_after: float | None) -> CircuitOpen:
    """Return a new :class:`recoup.CircuitOpen`, the same as its constructor would make.

    The constructors of its classes call each other, which takes longer than all else that an open circuit does.
    """
    error: CircuitOpen = _new(CircuitOpen, reason)
    error.key = key
    error.retry_after = retry_after
    return error
