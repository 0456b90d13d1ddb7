"""The seed's protocol for recovery strategies."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable


@runtime_checkable
class RecoveryStrategy(Protocol):
    """A way to recover from an error, independent of the hooks.

    Pass one to :meth:`ErrorHandler.handle_error` as ``recovery_strategy``. ``context`` is
    :meth:`ErrorContext.to_dict` with sensitive data included, since recovery works on real order ids, and with
    ``classification`` and ``may_send_again`` beside it.
    """

    @property
    def max_attempts(self) -> int:
        """How many recoveries are tried at most for one context."""
        ...

    def can_recover(self, error: Exception, context: dict[str, Any]) -> bool:
        """Say whether :meth:`recover` has a chance; quick, and without side effects."""
        ...

    async def recover(self, error: Exception, context: dict[str, Any]) -> Any:
        """Recover. False means that it did not; any other value is the recovered value; raising means failure."""
        ...
