"""Which fault hits which attempt: decided by seed and intent alone."""

from __future__ import annotations

import random
from collections import OrderedDict
from typing import TYPE_CHECKING

from attrs import Factory, define

from recoup_sim.faults import Fault, RequestKind
from recoup_sim.window_faults import WindowFault

if TYPE_CHECKING:
    from recoup_sim.plan import FaultPlan


@define
class _History:
    """What an intent (or a path, for requests that name no order) has been through under one request."""

    attempts: int = 0
    hits: dict[int, int] = Factory(dict)


class FaultInjector:
    """Picks the fault for each attempt. Neither thread- nor task-safe by itself: the exchange locks.

    Chance comes from a generator seeded with seed, request, intent, attempt and the fault's place in
    the plan, so that what else a bot does never changes what happens to an intent.

    Args:
        plan: The faults to pick from, in order of precedence.
        seed: Decides every chance.
        max_intents: How many intents to remember; the longest unused is forgotten and starts anew.
    """

    def __init__(self, plan: FaultPlan, *, seed: int, max_intents: int) -> None:
        self._plan = plan
        self._seed = seed
        self._max_intents = max_intents
        self._histories: OrderedDict[tuple[RequestKind, str], _History] = OrderedDict()
        self._ordinals: OrderedDict[str, int] = OrderedDict()
        self._submitted = 0
        self._windows = [fault for fault in plan.faults if isinstance(fault, WindowFault) and fault.start is not None]

    def opening_windows(self, now: float) -> list[tuple[WindowFault, float]]:
        """Return the windows on the whole venue that opened since the last call, with their ends.

        Args:
            now: Venue time in seconds.
        """
        opening = []
        waiting = []
        for fault in self._windows:
            start, end = _window(fault)
            if now < start:
                waiting.append(fault)
            elif now < end:
                opening.append((fault, end))
        self._windows = waiting
        return opening

    def choose(self, request: RequestKind, intent: str, *, now: float) -> Fault | None:
        """Count an attempt, and return the fault that hits it, if any.

        Args:
            request: What the request does.
            intent: The intent that it concerns, or the path of a request that names no order.
            now: Venue time in seconds.
        """
        history = self._history(request, intent)
        history.attempts += 1
        ordinal = self._ordinal(request, intent)
        for index, fault in enumerate(self._plan.faults):
            if fault.request is not request or history.hits.get(index, 0) >= fault.times:
                continue
            if self._hits(index, fault, (request, intent, history.attempts), ordinal, now):
                history.hits[index] = history.hits.get(index, 0) + 1
                return fault
        return None

    def _hits(
        self, index: int, fault: Fault, attempt: tuple[RequestKind, str, int], ordinal: int | None, now: float
    ) -> bool:
        if fault.at:
            return ordinal in fault.at
        if fault.rate:
            request, intent, number = attempt
            chance = random.Random(f"{self._seed}:{request.value}:{intent}:{number}:{index}")  # noqa: S311 - simulation
            return chance.random() < fault.rate
        if isinstance(fault, WindowFault):
            return False
        start, end = _window(fault)
        return start <= now < end

    def _history(self, request: RequestKind, intent: str) -> _History:
        key = (request, intent)
        history = self._histories.setdefault(key, _History())
        self._histories.move_to_end(key)
        if len(self._histories) > self._max_intents:
            self._histories.popitem(last=False)
        return history

    def _ordinal(self, request: RequestKind, intent: str) -> int | None:
        if request is RequestKind.SUBMIT and intent not in self._ordinals:
            self._submitted += 1
            self._ordinals[intent] = self._submitted
            if len(self._ordinals) > self._max_intents:
                self._ordinals.popitem(last=False)
        return self._ordinals.get(intent)


def _window(fault: Fault) -> tuple[float, float]:
    assert fault.start is not None, "only called for a fault with from"
    assert fault.duration is not None, "from comes with for"
    return fault.start, fault.start + fault.duration
