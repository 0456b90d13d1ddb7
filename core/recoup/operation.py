"""The call that failed: what it does to the world, and how to find out whether it did."""

from __future__ import annotations

import math
import re
from collections import Counter
from enum import Enum, IntEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define, field, frozen

from recoup.deadline import ambient_deadline

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from recoup.exposure import Exposure
    from recoup.policies import PolicyConfig
    from recoup.ports import OrderPort, VenuePort

P = TypeVar("P")


class OperationKind(Enum):
    """What repeating a call could do; it decides the retry rule."""

    READ = "read"
    """Changes nothing; may always be repeated."""
    IDEMPOTENT_WRITE = "idempotent_write"
    """Repeating it leaves the same state as doing it once."""
    SUBMIT = "submit"
    """Creates something each time: an order, a transfer, a withdrawal."""
    AMEND = "amend"
    """Changes an order; a repetition may apply twice."""
    CANCEL = "cancel"
    """Cancels an order; a repetition is harmless, but races with fills."""
    UNSPECIFIED = "unspecified"
    """Nobody said. Treated like a side effect."""

    @property
    def repeatable(self) -> bool:
        """Whether the call may be sent again while its outcome is unknown."""
        return self in _REPEATABLE

    @property
    def is_side_effect(self) -> bool:
        """Whether it is known to be something that must not happen twice."""
        return self in _SIDE_EFFECTS

    @classmethod
    def from_name(cls, name: str) -> OperationKind:
        """Infer the kind from a function's name, such as ``fetch_ticker`` or ``createOrder``.

        The verb at the beginning counts, and each verb behind an ``or`` or ``and``; of several kinds, the one that does
        more. A name that no table knows gives UNSPECIFIED, which is treated like a side effect.
        """
        return _kind_of_name(name)


class Priority(IntEnum):
    """What goes first when not everything can: the greater, the sooner."""

    LOW = 0
    """What can wait or be missed, such as market data."""
    NORMAL = 1
    HIGH = 2
    """What earns or costs money, such as a new order."""
    CRITICAL = 3
    """What makes a position safe, such as a cancel."""

    @classmethod
    def of_kind(cls, kind: OperationKind) -> Priority:
        """Return the priority of an operation that says nothing of its own."""
        return _PRIORITY_OF_KIND.get(kind, cls.NORMAL)


_PRIORITY_OF_KIND = {
    OperationKind.READ: Priority.LOW,
    OperationKind.SUBMIT: Priority.HIGH,
    OperationKind.AMEND: Priority.HIGH,
    OperationKind.CANCEL: Priority.CRITICAL,
}


@lru_cache(maxsize=1024)
def _kind_of_name(name: str) -> OperationKind:
    words = _words(name)
    verbs = [word for before, word in zip(["and", *words], words, strict=False) if before in _JOINTS]
    kinds = [_KIND_OF_VERB.get(verb, OperationKind.UNSPECIFIED) for verb in verbs]
    if verbs[:1] == ["close"] and _TRADED.intersection(words):
        return OperationKind.SUBMIT  # a position is closed by an order
    return max(kinds, key=_BY_EFFECT.index, default=OperationKind.UNSPECIFIED)


def may_be_order(name: str) -> bool:
    """Say whether a function's name leaves room for an order: a lambda has none, or a word of it submits or amends."""
    return "<lambda>" in name or any(
        word.startswith("order") or word in _SIDES or _KIND_OF_VERB.get(word) in _SIDE_EFFECTS for word in _words(name)
    )


def _words(name: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(name.rpartition(".")[2])]


_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_JOINTS = frozenset({"and", "or", "then"})
_TRADED = frozenset({"position", "positions", "trade", "trades", "order", "orders", "long", "short"})
_SIDES = frozenset({"long", "short"})
_REPEATABLE = frozenset({OperationKind.READ, OperationKind.IDEMPOTENT_WRITE, OperationKind.CANCEL})
_SIDE_EFFECTS = frozenset({OperationKind.SUBMIT, OperationKind.AMEND})
_BY_EFFECT = (
    OperationKind.READ,
    OperationKind.IDEMPOTENT_WRITE,
    OperationKind.CANCEL,
    OperationKind.UNSPECIFIED,
    OperationKind.AMEND,
    OperationKind.SUBMIT,
)
_KIND_OF_VERB = {
    verb: kind
    for kind, verbs in {
        OperationKind.READ: "fetch get load list read query select watch find lookup ping probe check describe poll",
        OperationKind.IDEMPOTENT_WRITE: "connect reconnect subscribe unsubscribe authenticate login set put close",
        OperationKind.SUBMIT: (
            "create place submit send post buy sell withdraw transfer deposit open execute insert new order trade swap "
            "stake unstake liquidate pay repay borrow redeem mint"
        ),
        OperationKind.AMEND: "edit amend modify replace",
        OperationKind.CANCEL: "cancel",
    }.items()
    for verb in verbs.split()
}


def _is_kind(_: object, attribute: Any, value: Any) -> None:
    if not isinstance(value, OperationKind):
        raise TypeError(f"Operation.{attribute.name} must be a kind such as OperationKind.READ, got {value!r}")


def _is_text(_: object, attribute: Any, value: Any) -> None:
    if value is None:
        return
    if not isinstance(value, str):
        raise TypeError(f"Operation.{attribute.name} must be text or None, got {type(value).__name__}")
    if not value:
        raise ValueError(f"Operation.{attribute.name} is empty; give None where there is none")


def _is_deadline(_: object, attribute: Any, value: Any) -> None:
    if value is None:
        return
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise TypeError(f"Operation.{attribute.name} must be a number of seconds or None, got {value!r}")
    if math.isnan(value) or value < 0:
        raise ValueError(f"Operation.{attribute.name} must be 0 seconds or more, got {value}; None sets no limit")


def _is_priority(_: object, attribute: Any, value: Any) -> None:
    if value is not None and not isinstance(value, Priority):
        raise TypeError(f"Operation.{attribute.name} must be a priority such as Priority.HIGH or None, got {value!r}")


def _is_weight(_: object, attribute: Any, value: Any) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"Operation.{attribute.name} must be a whole number, got {value!r}")
    if value < 1:
        raise ValueError(f"Operation.{attribute.name} must be 1 or more, got {value}")


@frozen(kw_only=True)
class Operation:
    """What the application says of a call before it makes it. Immutable.

    Attributes:
        kind: what repeating it could do.
        client_order_id: the id that the application gave the order, by which it can be found again.
        symbol: the market, as the order port takes it.
        orders: where to look the order up; without it, an unknown outcome stays unknown.
        venue: where to ask about the venue's status and clock.
        key: names the resource that gates and limits are kept for, such as ``"binance:account-1"``.
        deadline: seconds from the first attempt after which nothing is sent again, or None for no limit.
        priority: what goes first when not everything can; by default the kind says it.
        weight: what the call counts for in the venue's request limits.
        exposure: what an order puts at risk; reserved in ``handler.exposures`` while its outcome is unknown.
        verify: how to find out whether it happened, where no order port can tell: called without arguments, it
            returns the result, or None only where the other side answered that it did not happen.
        still_wanted: asked before an attempt for which the call had to wait, such as for the end of a maintenance: an
            order may have become too old, or its price may have gone. False keeps it from being sent (``NotWanted``).
        parent: client order id of the order that this one completes, or None.
        reduces_risk: whether it makes a position safer, such as an order that only closes one. Like a cancel it goes
            first, and neither a halt, a circuit breaker nor a budget keeps it from being sent.

    Raises:
        TypeError: a value is of a type that its field does not take.
        ValueError: a text is empty, or the deadline is negative or not a number.
    """

    kind: OperationKind = field(default=OperationKind.UNSPECIFIED, validator=_is_kind)
    client_order_id: str | None = field(default=None, validator=_is_text)
    symbol: str | None = field(default=None, validator=_is_text)
    orders: OrderPort | None = None
    venue: VenuePort | None = None
    key: str | None = field(default=None, validator=_is_text)
    deadline: float | None = field(default=None, validator=_is_deadline)
    priority: Priority | None = field(default=None, validator=_is_priority)
    weight: int = field(default=1, validator=_is_weight)
    exposure: Exposure | None = None
    verify: Callable[[], Any | Awaitable[Any]] | None = None
    still_wanted: Callable[[], bool | Awaitable[bool]] | None = None
    parent: str | None = field(default=None, validator=_is_text)
    reduces_risk: bool = False

    @property
    def urgency(self) -> Priority:
        """Its priority, or what its kind and its effect on risk say where it states none."""
        if self.priority is not None:
            return self.priority
        return Priority.CRITICAL if self.reduces_risk else Priority.of_kind(self.kind)

    @property
    def is_vital(self) -> bool:
        """Whether it makes a position safer, so that neither a circuit breaker nor a retry budget may hold it back."""
        return self.reduces_risk or self.kind is OperationKind.CANCEL or self.priority is Priority.CRITICAL


@define(kw_only=True, eq=False)
class Call:
    """A guarded call under way: what it is, and what recovery has done for it so far.

    One call belongs to one task or thread at a time; it is not shared.

    Attributes:
        operation: what the application says of it.
        component: where in the application.
        name: what is called, for the operator.
        key: what is called, for whatever is kept for each function.
        function: the function itself.
        args: its positional arguments.
        kwargs: its keyword arguments.
        policies: the policy configurations that the guard was given.
        started: :meth:`Clock.monotonic` of the first attempt.
        attempts: calls made so far, the first included.
        answers: how often each plugin, by name, has answered for this call.
        last_answer: the plugin whose answer led to the attempt that failed now, or None for the first.
        gates: keys of the gates that already count this call's failures.
        may_repeat: False where the guard takes no ``Recovery.retry`` for an answer.
        escalates: False where its errors are nothing for a human, as of a lookup within a recovery.
        unresolved: whether an attempt was made of which nobody knows yet what became.
        stood_in: whether its result only stands in for one: it failed, and is known not to have been executed.
        quiet: True where its errors reach no ``monitor`` and no ``analyze``, escalations excepted.
    """

    operation: Operation = field(factory=Operation)
    component: str = ""
    name: str = ""
    key: str = ""
    function: Callable[..., Any] | None = None
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(factory=dict)
    policies: tuple[PolicyConfig, ...] = ()
    started: float = 0.0
    attempts: int = 0
    answers: Counter[str] = field(factory=Counter)
    last_answer: str | None = None
    gates: frozenset[str] = frozenset()
    may_repeat: bool = True
    quiet: bool = False
    escalates: bool = True
    unresolved: bool = False
    stood_in: bool = False

    def policy(self, kind: type[P]) -> P | None:
        """Return the guard's configuration of that type, or None where it has none."""
        for policy in self.policies:
            if isinstance(policy, kind):
                return policy
        return None

    def remaining(self, now: float) -> float | None:
        """Return the seconds left until its own deadline or the one around it, the nearer; None without either.

        Negative once it has passed.
        """
        around = ambient_deadline.get()
        if self.operation.deadline is None:
            return None if around is None else around - now
        own = self.started + self.operation.deadline
        return (own if around is None else min(own, around)) - now
