"""The ``reconciliation`` plugin."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, ClassVar

from attrs import evolve, field, frozen
from attrs.validators import ge, instance_of

from recoup import DriftAction, Operation, OperationKind, Reconciliation, StateEvent
from recoup_plugins.reconciliation.comparison import (
    Picture,
    by_client_id,
    by_currency,
    by_symbol,
    differences,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from recoup import Drift, Host, VenuePorts

_NUMBER = instance_of((int, float))


@frozen(kw_only=True)
class ReconciliationConfig:
    """What is done about a difference. Immutable; times in seconds.

    Attributes:
        on_order: where an order is open for one side alone.
        on_fill: where both know the order and not the same filled quantity.
        on_position: where the positions differ.
        on_balance: where the balances differ.
        confirm_after: pause before the second look; only what differs in both looks counts, since an order may be
            under way in between.
    """

    on_order: DriftAction = field(default=DriftAction.ALARM, converter=DriftAction)
    on_fill: DriftAction = field(default=DriftAction.ADOPT, converter=DriftAction)
    on_position: DriftAction = field(default=DriftAction.HALT_SYMBOL, converter=DriftAction)
    on_balance: DriftAction = field(default=DriftAction.ALARM, converter=DriftAction)
    confirm_after: float = field(default=1.0, validator=[_NUMBER, ge(0)])


class ReconciliationPlugin:
    """Compares orders, fills, positions and balances with what the application believes, and acts on what differs.

    Role ``Reconciler``; ``handler.reconcile(key)`` asks it, and so do the scenarios after an outage. It asks the ports
    of ``handler.venues``: ``belief`` and, of the venue, ``orders`` and ``balances``. Nothing is concluded from a
    question that failed. No action is ever a trade. Thread-safe and task-safe: keeps no state.
    """

    Config: ClassVar[type[ReconciliationConfig]] = ReconciliationConfig

    def __init__(self, config: ReconciliationConfig, host: Host) -> None:
        self._config = config
        self._host = host

    async def reconcile(self, key: str) -> Reconciliation | None:
        """Look twice, and act on what differs both times; None where there is no ``belief`` to compare with."""
        ports = self._host.venues.get(key)
        if ports.belief is None or (ports.orders is None and ports.balances is None):
            return None
        try:
            drifts = await self._look(key, ports)
            if drifts:
                await self._host.clock.sleep(self._config.confirm_after)
                seen = {_identity(drift) for drift in drifts}
                drifts = [drift for drift in await self._look(key, ports) if _identity(drift) in seen]
        except Exception as failure:  # noqa: BLE001 - guarded calls have reported it; nothing is concluded from it
            detail = f"could not compare: {type(failure).__name__}"
            self._publish(key, "incomplete", detail)
            return Reconciliation(key=key, complete=False, detail=detail)
        done = [await self._act(drift, ports) for drift in drifts]
        detail = f"{len(done)} difference{'s' if len(done) != 1 else ''}" if done else "both sides agree"
        self._publish(key, "drift" if done else "agrees", detail)
        return Reconciliation(key=key, drifts=done, detail=detail)

    async def _look(self, key: str, ports: VenuePorts) -> list[Drift]:
        belief = ports.belief
        assert belief is not None  # else nothing is compared
        # The venue first: what it fills while the belief is read is a drift that the second look does not confirm.
        actual = await _picture(ports.orders, ports.balances, lambda question, *args: self._ask(key, question, *args))
        believed = await _picture(belief, belief, _answer)
        return differences(key, believed, actual)

    async def _ask(self, key: str, question: Callable[..., Any], *args: Any) -> Any:
        operation = Operation(kind=OperationKind.READ, key=key)
        return await self._host.call(question, *args, component=key, operation=operation)

    async def _act(self, drift: Drift, ports: VenuePorts) -> Drift:
        action: DriftAction = getattr(self._config, f"on_{drift.subject}")
        drift = evolve(drift, action=action)
        what = _describe(drift)
        if action is DriftAction.ADOPT:
            assert ports.belief is not None  # else nothing is compared
            try:
                await _answer(ports.belief.adopt, drift)
            except Exception as failure:  # noqa: BLE001 - told; the other differences are acted on all the same
                drift, what = evolve(drift, action=DriftAction.ALARM), f"{what}: adopt raised {type(failure).__name__}"
        elif action is DriftAction.HALT_SYMBOL:
            self._host.halts.halt(drift.key, drift.symbol, reason=what)
        elif action is DriftAction.HALT_ALL:
            self._host.halts.halt(drift.key, reason=what)
        self._host.escalate(drift.key, "reconcile", what)
        return drift

    def _publish(self, key: str, new: str, detail: str) -> None:
        self._host.publish(StateEvent(subject=f"reconciliation:{key}", old="unknown", new=new, detail=detail))


async def _picture(orders: Any, holdings: Any, ask: Callable[..., Awaitable[Any]]) -> Picture:
    """Ask one side for whatever its ports can tell."""
    questions: dict[str, tuple[Any, Callable[[Any], Any], tuple[Any, ...]]] = {
        "orders": (getattr(orders, "open_orders", None), by_client_id, (None,)),
        "positions": (getattr(holdings, "positions", None), by_symbol, (None,)),
        "balances": (getattr(holdings, "balances", None), by_currency, ()),
    }
    answers: dict[str, Any] = {}
    for name, (question, read, args) in questions.items():
        answers[name] = None if question is None else read(await ask(question, *args))
    return Picture(**answers)


async def _answer(question: Callable[..., Any], *args: Any) -> Any:
    value = question(*args)
    return await value if inspect.isawaitable(value) else value


def _identity(drift: Drift) -> tuple[object, ...]:
    """Return what two looks have in common; of an order that one side alone knows, not how the venue describes it."""
    what = drift.subject, drift.symbol, drift.client_order_id
    if drift.subject == "order":
        return (*what, drift.actual is None)
    return (*what, drift.believed, drift.actual)


def _describe(drift: Drift) -> str:
    subject = f"{drift.subject} {drift.client_order_id or drift.symbol}"
    if drift.subject == "order":
        sides = ("the application", "the venue") if drift.actual is None else ("the venue", "the application")
        return f"{subject}: open for {sides[0]} and not for {sides[1]} ({drift.action.value})"
    return f"{subject}: believed {drift.believed}, at the venue {drift.actual} ({drift.action.value})"
