"""The roles that a plugin may play beside the hooks, and what it makes of a policy configuration."""

from __future__ import annotations

from enum import Enum, Flag, auto
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from attrs import frozen

from recoup.operation import OperationKind, Priority

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

    from recoup.errors import Refused
    from recoup.exposure import IntentId
    from recoup.intents import Intent, IntentFinding
    from recoup.operation import Call, Operation
    from recoup.outcome import Recovery
    from recoup.reconciliation import Reconciliation


@frozen(kw_only=True)
class Scope:
    """What a policy is made for: one function, or whatever goes by one name. Immutable.

    Attributes:
        key: what is kept apart from everything else, such as a circuit or a limit.
        component: where in the application.
        name: what is called, for the operator.
        kind: what repeating the call could do.
        is_assumed: whether nobody said so, nor the function's name: it is taken to be repeatable since it is retried.
        priority: what goes first when not everything can.
        weight: what a call counts for in the venue's request limits.
    """

    key: str
    component: str = "application"
    name: str = "call"
    kind: OperationKind = OperationKind.UNSPECIFIED
    is_assumed: bool = False
    priority: Priority = Priority.NORMAL
    weight: int = 1

    @property
    def is_vital(self) -> bool:
        """Whether the call makes a position safer, so that neither a breaker nor a retry budget may hold it back."""
        return self.kind is OperationKind.CANCEL or self.priority is Priority.CRITICAL


class Turnstile(Protocol):
    """Policy that admits calls and does not mind how they end, such as a rate limit. Thread-safe and task-safe.

    One that can make a call wait has two more methods, ``wait`` (a coroutine function) and ``wait_sync``: where
    ``acquire`` gives None, they are called for the permit.
    """

    @property
    def key(self) -> str:
        """What admissions are kept apart for."""
        ...

    def acquire(self) -> Any:
        """Let one call through and return its permit, without waiting.

        Raises:
            Refused: the call must not be made.
        """
        ...


class Gate(Turnstile, Protocol):
    """Policy that admits calls and is told how they end, such as a circuit breaker. Thread-safe and task-safe."""

    def release(self, permit: Any, error: BaseException | None) -> None:
        """Take note of how the call with this permit ended. A cancellation counts as neither success nor failure.

        Called once for every permit, in the task or thread that acquired it. What it raises replaces the error.
        """
        ...


class Rescuing(Protocol):
    """One failed call that a rescue has taken on. Belongs to one task or thread, and is run once."""

    def run(self, inner: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Return a result in place of the failure.

        Args:
            inner: what the rescue stands around; may be called again.
            args: the call's positional arguments.
            kwargs: its keyword arguments.

        Raises:
            Exception: what the last attempt raised, unchanged.
        """
        ...

    async def run_async(
        self, inner: Callable[..., Awaitable[Any]], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """As :meth:`run`, for coroutine functions."""
        ...


class StandingPermit(Protocol):
    """What a :class:`StandingGate` admits a call with."""

    def note(self, failures: int) -> object:
        """Take note that the call has succeeded, which is told as 0; called in place of ``release`` without an error.

        The number is there so that this may be a method written in C, such as the ``append`` of a deque.
        """
        ...


class StandingGate(Gate, Protocol):
    """Gate that admits most calls alike, and refuses many alike, such as a circuit breaker: neither should cost much.

    Its ``acquire`` gives a :class:`StandingPermit` as well.

    Attributes:
        standing: the permit of whoever comes, read in place of a call of ``acquire``; None where that has to be asked.
    """

    standing: StandingPermit | None

    def refuses(self) -> Any:
        """Return None where ``acquire`` is to decide on a call, else why it is refused. Asked without ``standing``."""
        ...

    def refusal(self, reason: Any) -> Refused:
        """Return a new error for what :meth:`refuses` has said."""
        ...


class NestingGate(Gate, Protocol):
    """Gate of which two may stand around one call, and the inner take over what the outer has found out.

    As the inner one does not put back what it found when the call succeeds, the outer one does so for both.
    """

    def within(self, outer: Any) -> Gate:
        """Return what stands in this gate's place within another of its class.

        Its ``acquire`` is given the outer one's permit, or None where that has none, as it failed.
        """
        ...

    def resume(self, permit: Any) -> None:
        """Put back what one within may have left, since a policy between the two acts on a failure now."""
        ...


class RetrySeries(Protocol):
    """How one call, or one block, is repeated. Belongs to one task or thread.

    A rescue that repeats calls has a method ``series`` that returns one, so that blocks can be repeated as well.
    """

    def delay_after(self, error: Exception) -> float | None:
        """Return the seconds to wait before the next attempt, or None where the error stands."""
        ...

    def pause(self, delay: float) -> None:
        """Wait for the next attempt in the calling thread, having told whoever wants to know of it."""
        ...

    async def pause_async(self, delay: float) -> None:
        """As :meth:`pause`, in a task."""
        ...

    def succeeded(self) -> None:
        """Take note that the last attempt has succeeded."""
        ...


class Rescue(Protocol):
    """Policy that only acts once a call has failed, such as a retry: it costs nothing before. Thread-safe.

    One that counts successes has an attribute ``passed`` besides: called without arguments after each call that has
    succeeded at once. It must not raise, and what it costs, every call costs.
    """

    def begin(self, error: Exception) -> Rescuing | None:
        """Take a failure on, or return None to let it pass unchanged. Quick, without I/O."""
        ...


class Wrapper(Protocol):
    """Policy that stands around the call from beginning to end, such as a cache. Thread-safe and task-safe."""

    def call(self, inner: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Return the call's result, or one in its place.

        Args:
            inner: what the wrapper stands around; to be called once, several times or not at all.
            args: the call's positional arguments.
            kwargs: its keyword arguments.
        """
        ...

    async def call_async(
        self, inner: Callable[..., Awaitable[Any]], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """As :meth:`call`, for coroutine functions."""
        ...


Policy = Gate | Turnstile | Rescue | Wrapper
"""What gives effect to one policy configuration in one scope; told apart by what methods it has."""


class Place(Enum):
    """Where a policy stands in the recommended order, outermost first."""

    FALLBACK = auto()
    CACHE = auto()
    LOAD_SHED = auto()
    TOTAL_TIMEOUT = auto()
    RETRY = auto()
    HEDGE = auto()
    CIRCUIT_BREAKER = auto()
    RATE_LIMIT = auto()
    CONCURRENCY = auto()
    ATTEMPT_TIMEOUT = auto()
    CHAOS = auto()


class Trait(Flag):
    """What a policy does that another one around or within it may make senseless."""

    NONE = 0
    REPEATS = auto()
    """It makes the call again after a failure."""
    PARALLEL = auto()
    """It has the call under way more than once at a time."""
    STANDS_IN = auto()
    """It turns a failure into a result, so that nothing around it sees the failure."""
    JUDGES = auto()
    """It draws conclusions from failures."""
    ONE_AT_A_TIME = auto()
    """It admits a single call at a time."""


@frozen(kw_only=True)
class Placing:
    """What the order of policies depends on. Immutable.

    Attributes:
        place: where it stands in the recommended order.
        traits: what others around or within it may make senseless.
        seconds: after which it cuts the call off, or None.
    """

    place: Place
    traits: Trait = Trait.NONE
    seconds: float | None = None


@runtime_checkable
class PolicyServer(Protocol):
    """Role of a plugin that gives effect to policy configurations.

    Attributes:
        serves: the configuration types. A guard given a type that no enabled plugin serves is an error.
    """

    serves: tuple[type, ...]

    def policy(self, config: Any, scope: Scope) -> Policy:
        """Return what gives effect to a configuration of a type in ``serves``, for one scope.

        Called once for every pipeline and scope, not once for every call. State that outlives a pipeline, such as a
        circuit, is kept by the plugin under the scope's key.

        Raises:
            ValueError: the configuration makes no sense in this scope, such as a hedge around an order.
        """
        ...

    def placing(self, config: Any) -> Placing:
        """Say where the policy belongs among others."""
        ...


@runtime_checkable
class Pacer(Protocol):
    """Role of a plugin that holds calls back, such as until a venue's ban has passed."""

    @property
    def holds(self) -> Collection[Any]:
        """What it holds back at all, always the same object; while it is empty, nobody is asked to wait."""
        ...

    def delay(self, operation: Operation, component: str) -> float:
        """Return the seconds to wait before this call may be sent; 0.0 lets it go.

        Asked before every attempt while ``holds`` is not empty, and again after the wait. Quick, and without I/O.
        """
        ...


@runtime_checkable
class Admitter(Protocol):
    """Role of a plugin that watches side effects from before they are sent until they have ended.

    Asked for guarded calls of kind SUBMIT and AMEND only. One that has a method ``admit_sync`` beside ``admit`` is
    asked by it from synchronous code: it takes and returns the same, and may block the calling thread.
    """

    def admit(self, call: Call, component: str) -> Recovery | Awaitable[Recovery | None] | None:
        """Say whether a side effect may be sent, before its first attempt.

        Returns:
            None to let it go; ``Recovery.recovered`` with the result, where the side effect is found to have happened
            already; ``Recovery.unknown`` where it may have happened and must not be sent. An awaitable of these only
            where there is something to wait for: a synchronous call must find an event loop for it.

        Raises:
            Refused: it must not be sent now, and was not. Whatever else is raised is a fault of the plugin, which is
                reported, and the side effect is sent.
        """
        ...

    def settle(self, call: Call, component: str, error: BaseException | None) -> None:
        """Take note that an admitted call has ended: with a result (``error`` is None), an exception or a cancellation.

        ``call.unresolved`` tells whether nobody knows what became of it. Quick, and without I/O.
        """
        ...


@runtime_checkable
class IntentJournal(Protocol):
    """Role of a plugin that keeps intents beyond the process that sends them."""

    def unresolved(self) -> Sequence[Intent]:
        """Return the intents that earlier processes left, in the order in which they were recorded."""
        ...

    def resolve(self, intent: IntentId, finding: IntentFinding) -> None:
        """Take note of what a verification came to. Quick; what it writes may be durable later."""
        ...

    def resumed(self) -> None:
        """Take note that everything unresolved was looked into, so that new intents may be sent."""
        ...


@runtime_checkable
class IntentVerifier(Protocol):
    """Role of a plugin that finds out what became of an intent without its call."""

    async def verify(self, intent: Intent) -> IntentFinding | None:
        """Look an intent up, and remember it as if its call had been made here.

        Returns:
            What it came to, or None for an intent that it can't look up.
        """
        ...


@runtime_checkable
class Reconciler(Protocol):
    """Role of a plugin that holds what the application believes against what a venue says."""

    async def reconcile(self, key: str) -> Reconciliation | None:
        """Compare, act on the differences, and say what they were; None for a venue that it can't ask."""
        ...


@runtime_checkable
class ResultKeeper(Protocol):
    """Role of a plugin that wants the good results of guarded calls with certain policies."""

    def keeps(self, policy: Any) -> bool:
        """Say whether it wants the results of calls with this policy configuration. Asked once for each guard."""
        ...

    def remember(self, call: Call, value: Any) -> None:
        """Take note of a result. Quick, bounded, and without I/O."""
        ...


@runtime_checkable
class TypeClassifier(Protocol):
    """Role of a plugin whose ``classify`` needs no more than the class of most errors.

    Where every plugin that classifies has it, the core remembers answers by class.
    """

    def needs_error(self, kind: type[Exception]) -> bool:
        """Say whether the answer to a bare error of exactly this class depends on more than the class.

        A bare error has no attributes of its own, no cause and no context; nor an ``errno``, if it is an
        :class:`OSError`.
        """
        ...


@runtime_checkable
class CircuitStatus(Protocol):
    """Role of a plugin that keeps circuit breakers."""

    def circuit_breaker_status(self) -> Mapping[str, str]:
        """Return each circuit's state, ``closed``, ``open`` or ``half_open``, by key."""
        ...
