"""What the contract of each role says, one function a sentence; a failure is an :class:`AssertionError`."""

from __future__ import annotations

import inspect
import math
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import anyio

from recoup.errors import PolicyMisuse, Refused
from recoup.intents import Intent, IntentFinding, IntentState
from recoup.operation import Call, Operation, OperationKind
from recoup.outcome import Decision, Recovery
from recoup.reconciliation import Reconciliation
from recoup.roles import (
    Admitter,
    CircuitStatus,
    IntentJournal,
    IntentVerifier,
    Pacer,
    Placing,
    PolicyServer,
    Reconciler,
    ResultKeeper,
    Scope,
)
from recoup.testing.contract_tests import expect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

QUICK = 1.0
"""Seconds of real time beyond which an answer that has to be quick is not."""
ADMIT_LIMIT = 5.0
"""Seconds of real time within which ``admit`` must answer; its waits run on a fake clock."""
COMPONENT = "exchange"
KEY = "exchange.create_order"
CIRCUIT_STATES = frozenset({"closed", "open", "half_open"})


def delay_is_a_time(pacer: Pacer) -> None:
    """The delay of any operation is a finite number of seconds, not negative, and given at once."""
    for kind in OperationKind:
        began = time.perf_counter()
        delay: Any = pacer.delay(Operation(kind=kind, symbol="BTC/USDT"), COMPONENT)
        taken = time.perf_counter() - began
        is_number = isinstance(delay, int | float) and not isinstance(delay, bool)
        expect(is_number, f"delay gave {type(delay).__name__}, not a number")
        expect(math.isfinite(delay) and delay >= 0, f"delay gave {delay}")
        expect(taken < QUICK, f"delay took {taken:.1f} s")


def policies_are_placed(server: PolicyServer) -> None:
    """It says of each configuration where it belongs among others."""
    for config in _configs(server):
        placing: Any = server.placing(config)
        expect(isinstance(placing, Placing), f"placing gave {type(placing).__name__}, not a Placing")


def policies_act(server: PolicyServer) -> None:
    """A policy is a gate that admits and takes note of how a call ended, a rescue, or a wrapper."""
    for config in _configs(server):
        try:
            policy: Any = server.policy(config, Scope(key=KEY, component=COMPONENT, kind=OperationKind.READ))
        except PolicyMisuse:
            continue
        is_one = any(hasattr(policy, method) for method in ("acquire", "begin", "call"))
        expect(is_one, f"policy gave {type(policy).__name__}, which is no Gate, Rescue or Wrapper")
        if hasattr(policy, "acquire"):
            _expect_gate(policy)


def _expect_gate(gate: Any) -> None:
    key: Any = gate.key
    expect(key and isinstance(key, str), f"the gate's key is {key!r}, not a text")
    expect(hasattr(gate, "wait") == hasattr(gate, "wait_sync"), "a gate that waits has both wait and wait_sync")
    for error in (None, ConnectionError("lost"), KeyboardInterrupt(), None):
        try:
            permit = gate.acquire()
        except Refused:
            continue
        if hasattr(gate, "release") and (permit is not None or not hasattr(gate, "wait")):
            gate.release(permit, error)


def circuits_are_in_known_states(keeper: CircuitStatus) -> None:
    """Each circuit is closed, open or half_open."""
    status = keeper.circuit_breaker_status()
    expect(isinstance(status, Mapping), f"circuit_breaker_status gave {type(status).__name__}, not a mapping")
    for key, state in status.items():
        expect(isinstance(key, str), f"a circuit's key is {type(key).__name__}, not a text")
        expect(state in CIRCUIT_STATES, f"a circuit is in no known state; valid: {', '.join(sorted(CIRCUIT_STATES))}")


def admits_and_settles(admitter: Admitter) -> None:
    """It answers for a side effect in time, and settles it however it ended."""

    async def ask() -> None:
        for number, (call, error, unresolved) in enumerate(_side_effects()):
            with anyio.move_on_after(ADMIT_LIMIT) as limit:
                try:
                    answer: Any = admitter.admit(call, COMPONENT)
                    if inspect.isawaitable(answer):
                        answer = await answer
                except Refused:
                    continue
            expect(not limit.cancelled_caught, f"admit gave no answer within {ADMIT_LIMIT:.0f} s")
            _expect_answer(answer, number)
            call.unresolved = unresolved
            settle: Callable[..., Any] = admitter.settle
            settled = settle(call, COMPONENT, error)
            if inspect.iscoroutine(settled):
                settled.close()
            expect(not inspect.isawaitable(settled), "settle is asynchronous; declare it with def, not async def")

    anyio.run(ask)


def _expect_answer(answer: Any, number: int) -> None:
    if answer is None:
        return
    expect(isinstance(answer, Recovery), f"admit answered with {type(answer).__name__}, not a Recovery or None")
    known = answer.decision in (Decision.RECOVERED, Decision.UNKNOWN)
    expect(known, f"admit answered call {number} with {answer.decision.value}; valid: recovered, unknown, or None")


def serves_types(server: PolicyServer) -> None:
    """What it serves is a tuple of classes."""
    serves: Any = server.serves
    is_tuple = isinstance(serves, tuple) and all(inspect.isclass(kind) for kind in serves)
    expect(is_tuple, "serves must be a tuple of classes, such as (RetryConfig,)")


def remembers_results(keeper: ResultKeeper) -> None:
    """It says of any policy whether it wants the results, and copes with any result."""
    wanted: Any = keeper.keeps(object())
    expect(isinstance(wanted, bool), f"keeps gave {type(wanted).__name__}, not a bool")
    call = Call(operation=Operation(kind=OperationKind.READ), function=print, args=("BTC/USDT",))
    for value in (None, {"last": "1.0"}, [], object()):
        keeper.remember(call, value)


def keeps_intents(journal: IntentJournal) -> None:
    """It tells what earlier processes left, and takes note of findings, of intents too that it does not know."""
    left: Any = journal.unresolved()
    is_sequence = isinstance(left, Sequence) and all(isinstance(intent, Intent) for intent in left)
    expect(is_sequence, f"unresolved gave {type(left).__name__}, not a sequence of Intent")
    for state in (IntentState.ACCEPTED, IntentState.FAILED, IntentState.UNKNOWN):
        journal.resolve((KEY, f"unheard-of-{state.value}"), IntentFinding(state=state))
    journal.resumed()


def verifies_intents(verifier: IntentVerifier) -> None:
    """It answers for an intent in time, and concludes nothing where there is nobody to ask."""
    intent = Intent(key="no such venue", client_order_id="c-1", created=datetime.now(UTC))

    async def ask() -> None:
        with anyio.move_on_after(ADMIT_LIMIT) as limit:
            found: Any = await verifier.verify(intent)
        expect(not limit.cancelled_caught, f"verify gave no answer within {ADMIT_LIMIT:.0f} s")
        if found is not None:
            expect(
                isinstance(found, IntentFinding), f"verify gave {type(found).__name__}, not an IntentFinding or None"
            )
            expect(not found.state.is_resolved, f"verify concluded {found.state.value} of a venue that it can't ask")

    anyio.run(ask)


def compares_both_sides(reconciler: Reconciler) -> None:
    """It answers for a venue in time, and finds no difference where there is nobody to ask."""

    async def ask() -> None:
        with anyio.move_on_after(ADMIT_LIMIT) as limit:
            found: Any = await reconciler.reconcile("no such venue")
        expect(not limit.cancelled_caught, f"reconcile gave no answer within {ADMIT_LIMIT:.0f} s")
        if found is not None:
            is_one = isinstance(found, Reconciliation)
            expect(is_one, f"reconcile gave {type(found).__name__}, not a Reconciliation or None")
            expect(not found.drifts, "reconcile found differences at a venue that it can't ask")

    anyio.run(ask)


ROLE_TESTS: dict[type, tuple[Callable[[Any], None], ...]] = {
    Admitter: (admits_and_settles,),
    CircuitStatus: (circuits_are_in_known_states,),
    IntentJournal: (keeps_intents,),
    IntentVerifier: (verifies_intents,),
    Pacer: (delay_is_a_time,),
    PolicyServer: (serves_types, policies_are_placed, policies_act),
    Reconciler: (compares_both_sides,),
    ResultKeeper: (remembers_results,),
}
"""By role."""


class _EmptyVenue:
    """An order port of a venue that holds no order."""

    client_id_rule = "forever"

    def find_order(self, client_order_id: str, symbol: str | None) -> None:
        """No such order."""

    def open_orders(self, symbol: str | None) -> tuple[Any, ...]:  # noqa: ARG002 - the port's signature
        return ()

    def recent_orders(self, symbol: str | None) -> tuple[Any, ...]:  # noqa: ARG002 - as above
        return ()

    def cancel_order(self, client_order_id: str, symbol: str | None) -> None:
        """There is none to cancel."""


def _configs(server: object) -> Iterator[Any]:
    """Make a configuration of each type that a plugin serves, where its defaults are enough to make one."""
    serves = getattr(server, "serves", ())
    for kind in serves if isinstance(serves, tuple) else ():
        try:
            config = kind()
        except Exception:  # noqa: BLE001, S112 - it may need arguments that only its plugin knows
            continue
        yield config


def _side_effects() -> Iterator[tuple[Call, BaseException | None, bool]]:
    """Return calls, two for each order, with the error in which each ends and whether it stays unresolved."""
    endings = (
        (None, False),
        (ValueError("refused"), False),
        (TimeoutError("timed out"), True),
        (KeyboardInterrupt(), True),
    )
    for kind in (item for item in OperationKind if item.is_side_effect):
        for number, (error, unresolved) in enumerate(endings):
            order = f"{kind.value}-{number}"
            operation = Operation(kind=kind, client_order_id=order, symbol="BTC/USDT", orders=_EmptyVenue())
            for _ in range(2):  # the second one meets what is remembered of the first
                yield Call(operation=operation, function=print, args=(order,)), error, unresolved
