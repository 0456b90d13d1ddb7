"""Which operations are told apart.

An operation's name may hold what a client sends, such as the path of his request. Whoever makes up names must not get a
fresh allowance with each, nor fill what is kept of operations, nor the labels of what is told of them.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from attrs import define, field

from recoup_plugins.security_rate_limiter.gcra import TICKS_PER_SECOND
from recoup_plugins.security_rate_limiter.tables import LiveTable

if TYPE_CHECKING:
    from collections.abc import Callable

OTHERS = "(others)"
_KEPT = 3_600 * TICKS_PER_SECOND
_RENEWED = 60 * TICKS_PER_SECOND
_MAX_COMPONENTS = 256
_MAX_LOGINS = 8


@define
class _Names:
    """The names of one component: when each may be forgotten."""

    logins: LiveTable[int]
    others: LiveTable[int]
    expires: int = 0


@define
class OperationNames:
    """Tells a bounded number of operations of each component apart. Thread-safe and task-safe.

    Names that the configuration gives a limit are always told apart. Of others ``max_names`` of each component are, the
    first that come, and eight more that prove who somebody is. Further ones share a name, in each of both kinds. A
    name's place is free again after an hour without use.

    Args:
        is_given: whether an operation of a component is named in the configuration.
        login_part: what of a name says that an operation proves who somebody is; "" for others.
        max_names: operations of one component that are told apart.
    """

    _is_given: Callable[[str, str], bool]
    _login_part: Callable[[str], str]
    _max_names: int
    _components: LiveTable[_Names] = field(init=False, factory=lambda: LiveTable(_MAX_COMPONENTS, _expiry))
    _lock: threading.Lock = field(init=False, factory=threading.Lock)

    def find(self, component: str, operation: str, now: int) -> str:
        """Return the name under which an operation is followed."""
        names = self._components.get(component)
        if names is not None:
            until = names.others.get(operation) or names.logins.get(operation)
            if until is not None and until - now > _KEPT - _RENEWED:
                return operation
        if self._is_given(component, operation):
            return operation
        part = self._login_part(operation)
        with self._lock:
            if self._keep(component, operation, now, is_login=bool(part)):
                return operation
        # It has the part in it, so that it is taken for what those are that share it.
        return f"(others: {part})" if part else OTHERS

    def _keep(self, component: str, operation: str, now: int, *, is_login: bool) -> bool:
        names = self._components.get(component)
        if names is None:
            names = _Names(LiveTable(_MAX_LOGINS, _itself), LiveTable(self._max_names, _itself))
            if not self._components.put(component, names, now):
                return False
        names.expires = max(names.expires, now + _KEPT)
        return (names.logins if is_login else names.others).put(operation, now + _KEPT, now)


def _expiry(names: _Names) -> int:
    return names.expires


def _itself(until: int) -> int:
    return until
