"""Every error that recoup raises itself.

::

    RecoupError
    ├── ConfigError               a configuration with all its problems
    ├── PluginError               a plugin that can't be used
    │   ├── UnknownPlugin         no plugin goes by that name
    │   ├── PluginLoadError       its entry point can't be imported or built
    │   ├── InvalidPlugin         its hooks don't fit the hookspecs
    │   └── PluginTimeout         it ran over its configured time limit
    ├── PolicyUnavailable         no enabled plugin serves a policy that was asked for
    ├── PolicyMisuse              policies that make no sense together, or for this call
    ├── HandlerStateError         a handler used before start, after close, or from the wrong thread
    ├── OrderNotVerifiable        a lookup by client order id has no conclusive answer
    ├── UnreadableAnswer          a venue answered an order with something else than one; it may have been accepted
    ├── VenueNotRegistered        nobody said where to ask about orders of that venue
    ├── Timeout                   the call was cut off; also a ``TimeoutError``, with ``key`` and ``retry_after``
    └── Refused                   the call was not made; carries ``key`` and ``retry_after``
        ├── BulkheadFull          too many calls are under way
        ├── DeadlineExceeded      it could not have ended before its deadline
        ├── LoadShed              so that calls of higher priority find room
        ├── RateLimited           by a limit on outgoing calls
        ├── CircuitOpen           by an open circuit breaker
        ├── OutcomeUnknown        since the same side effect may have happened already
        ├── HeldBack              by a pacer, for longer than the call's deadline allows
        ├── NotWanted             since it had to wait, and the application does not want it any more
        ├── TradingHalted         since no new orders are taken there
        ├── ResumeRequired        since orders of an earlier process have not been looked into yet
        ├── JournalUnavailable    since it could not be recorded before it is sent
        └── ServiceDegraded       by a fallback that reports degraded service

Exceptions of the application are never wrapped in these: they pass through unchanged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Iterable


class RecoupError(Exception):
    """Root of the tree: whatever recoup itself raises. Can be pickled, so that it passes from worker processes."""

    def __reduce__(self) -> tuple[Any, ...]:
        slots = {name: getattr(self, name) for base in type(self).__mro__ for name in getattr(base, "__slots__", ())}
        return _restore, (type(self), self.args, slots | self.__dict__)


def _restore(kind: type[RecoupError], arguments: tuple[Any, ...], state: dict[str, Any]) -> RecoupError:
    """Build an error anew without its constructor, which takes more than the message."""
    error = kind.__new__(kind, *arguments)
    for name, value in state.items():
        setattr(error, name, value)
    return error


@frozen
class ConfigProblem:
    """One fault in a configuration.

    Attributes:
        path: where, dotted from the root of the file, such as ``error_handling.security.sanitization_level``.
        message: what is wrong and what would be right; holds no secret.
    """

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path or '(file)'}: {self.message}"


class ConfigError(RecoupError):
    """A configuration that can't be used, with every problem found in it.

    Attributes:
        problems: all of them, in the order of the file.
        source: the file's name, or ``"configuration"``.
    """

    def __init__(self, problems: Iterable[ConfigProblem], source: str = "configuration") -> None:
        self.problems = tuple(problems)
        self.source = source
        count = len(self.problems)
        lines = "\n".join(f"  - {problem}" for problem in self.problems)
        super().__init__(f"{source}: {count} problem{'s' if count != 1 else ''}\n{lines}")


class PluginError(RecoupError):
    """A plugin that can't be used.

    Attributes:
        plugin: the name it is registered or configured under.
    """

    def __init__(self, plugin: str, message: str) -> None:
        self.plugin = plugin
        super().__init__(f"plugin {plugin!r}: {message}")


class UnknownPlugin(PluginError):
    """No installed or registered plugin goes by that name."""


class PluginLoadError(PluginError):
    """The entry point can't be imported, or its class can't be built."""


class InvalidPlugin(PluginError):
    """The plugin's hook implementations don't fit the hookspecs."""


class PluginTimeout(PluginError):
    """An implementation ran over the time limit that the configuration sets for its plugin."""


class PolicyUnavailable(RecoupError):
    """No enabled plugin serves the policy configuration that a decorator or guard asks for."""


class PolicyMisuse(RecoupError):
    """Policies that make no sense in their order, or for the call that they are put around."""


class HandlerStateError(RecoupError):
    """The handler was used before it started, after it closed, or from a thread where it can't answer."""


class OrderNotVerifiable(RecoupError):
    """The venue can't say conclusively whether an order with this client order id exists.

    An order port raises it from ``find_order`` where returning ``None`` would claim more than the venue said.
    """


class UnreadableAnswer(RecoupError):
    """A venue answered, and no order could be read in the answer: a page of HTML with status 200, an order without id.

    What the request was about may have happened. A guarded submission or cancel whose order can be looked up raises it
    itself where its result is a mapping whose ``id`` is None or empty, which is what ccxt makes of such answers.

    Attributes:
        client_order_id: the order that it was about, or None.
    """

    def __init__(self, message: str, *, client_order_id: str | None = None) -> None:
        self.client_order_id = client_order_id
        super().__init__(message)


class VenueNotRegistered(RecoupError):
    """Orders are to be looked up at a venue whose ports nobody registered with ``handler.venues``."""


class Refused(RecoupError):
    """A call that was not made.

    Attributes:
        key: what refused it, such as the circuit's name.
        retry_after: seconds until another try makes sense, or None where nobody can tell.
        from_within: whether it came out of the very function that a policy stands around, of a kind that must not
            happen twice: it then tells of another call, within, and nobody knows what the function had done before.
    """

    from_within: bool = False
    # A refusal must cost little, as there are many of them: no dictionary, and no way through other constructors, since
    # BaseException takes the message before this one runs.
    __slots__ = ("key", "retry_after")

    def __init__(self, message: str, *, key: str, retry_after: float | None = None) -> None:  # noqa: ARG002
        self.key = key
        self.retry_after = retry_after


class Timeout(RecoupError, TimeoutError):
    """A time limit was over before the call had ended; nobody knows what it did by then.

    Attributes:
        key: what the limit is kept for.
        retry_after: None; a time limit cannot tell.
        seconds: the limit.
    """

    def __init__(self, message: str, *, key: str, seconds: float) -> None:
        self.key = key
        self.retry_after: float | None = None
        self.seconds = seconds
        super().__init__(message)


class BulkheadFull(Refused):
    """As many calls as ``key`` admits are under way, and as many as may wait are waiting."""


class DeadlineExceeded(Refused):
    """The call could not have ended before the deadline around it."""


class LoadShed(Refused):
    """Too much is under way for a call of this priority."""


class RateLimited(Refused):
    """The limit on calls to ``key`` is reached, and the wait for it would be too long."""


class CircuitOpen(Refused):
    """The circuit breaker for ``key`` is open."""


class OutcomeUnknown(Refused):
    """The same side effect was sent before, nobody could find out what became of it, and it must not happen twice."""


class HeldBack(Refused):
    """A pacer, such as a venue's ban, holds the call back for longer than its deadline allows."""


class NotWanted(Refused):
    """It had to wait, and ``Operation.still_wanted`` says that it is not to be sent any more."""


class TradingHalted(Refused):
    """No new orders are taken in this market, at this venue, or at all; see ``handler.halts``."""


class ResumeRequired(Refused):
    """An earlier process left orders of unknown outcome; nothing new is sent before ``handler.resume()`` has run."""


class JournalUnavailable(Refused):
    """The order could not be recorded before it is sent, so that it would be forgotten with the process."""


class ServiceDegraded(Refused):
    """``FallbackStrategy.RAISE_DEGRADED``: the call failed and the caller is told to run degraded."""
