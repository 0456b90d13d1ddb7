"""The last good results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import frozen

from recoup import LRUCache, call_key

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from recoup import Clock


@frozen
class Result:
    """One good result. Immutable.

    Attributes:
        value: what the call returned, the same object.
        age: seconds since then.
    """

    value: Any
    age: float


class LastResults:
    """Last good result of each call, by function and arguments. Thread-safe and task-safe.

    Functions are told apart by identity, bound methods by their object, so that two accounts or two closures never see
    each other's results. Arguments are compared by value and type. A call with an unhashable argument, or none of whose
    function is known, is not kept. Values are kept as they are, not copied: whoever changes one changes what is given
    out later.

    Args:
        max_results: results kept at most; the one used longest ago goes first.
        max_age: seconds after which a result is gone, or None for no limit.
        clock: where the time comes from.
    """

    def __init__(self, *, max_results: int, max_age: float | None, clock: Clock) -> None:
        self._clock = clock
        self._results: LRUCache[Hashable, tuple[Any, float]] = LRUCache(max_results, max_age, clock=clock)

    def keep(self, function: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any], value: Any) -> None:
        """Keep a good result in place of an older one."""
        key = _key(function, args, kwargs)
        if key is not None:
            self._results.set(key, (value, self._clock.monotonic()))

    def last(self, function: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Result | None:
        """Return the last good result of the same call, or None."""
        key = _key(function, args, kwargs)
        found = None if key is None else self._results.get(key)
        return None if found is None else Result(found[0], self._clock.monotonic() - found[1])


def _key(function: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Hashable | None:
    if function is None:
        return None
    key = call_key(function, args, kwargs)
    try:
        hash(key)
    except TypeError:
        return None
    return key
