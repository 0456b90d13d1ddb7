"""How many repetitions all calls together may make."""

from __future__ import annotations

import threading
from collections import OrderedDict
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from recoup import Clock, RetryBudget


class Budget:
    """A bucket of tokens: repetitions take some, successes and time bring some back. Thread-safe and task-safe.

    The design is that of the AWS SDKs' standard retry mode ("Retry behavior", AWS SDKs and Tools Reference Guide, and
    botocore's ``retries/standard.py``: 500 tokens, 5 for a repetition, 10 after a time-out, 1 back for a success, the
    cost back where the repetition succeeds), with the refill by time of Finagle's ``RetryBudget`` for clients with
    little traffic.

    A success is only counted, by one call in C without a lock: atomic under the GIL, and by compare-and-exchange in
    free-threaded builds. What was counted becomes tokens under the lock, when a token is next asked for; since nothing
    is taken in between, the sum is the same as if each had been added at once.

    Args:
        config: its measures.
        clock: where the time comes from.

    Attributes:
        deposit: to be called, without arguments, after each call that succeeded at once.
    """

    __slots__ = ("_at", "_clock", "_config", "_counted", "_lock", "_tokens", "deposit")

    def __init__(self, config: RetryBudget, clock: Clock) -> None:
        self.deposit: Callable[[], int] = count().__next__
        self._config = config
        self._clock = clock
        self._lock = threading.Lock()
        self._tokens: float = config.capacity
        self._counted = 0
        self._at = clock.monotonic()

    @property
    def tokens(self) -> float:
        """Tokens that are left now."""
        with self._lock:
            self._collect()
            return self._tokens

    def withdraw(self, *, after_timeout: bool) -> float | None:
        """Take a repetition's tokens and return how many that were, or None where too few are left."""
        with self._lock:
            config = self._config
            cost = config.retry_cost
            if after_timeout and config.timeout_cost is not None:
                cost = config.timeout_cost
            self._collect()
            if self._tokens < cost:
                return None
            self._tokens -= cost
            return cost

    def give_back(self, tokens: float) -> None:
        """Bring back what a repetition has taken that succeeded, or was not made after all."""
        with self._lock:
            self._collect()
            self._tokens = min(self._config.capacity, self._tokens + tokens)

    def reconfigure(self, config: RetryBudget) -> None:
        """Go by other measures from now on; what has been taken of the bucket stays taken."""
        with self._lock:
            self._collect()
            taken = self._config.capacity - self._tokens
            self._tokens = max(0, config.capacity - taken)
            self._config = config
            self._at = self._clock.monotonic()

    def _collect(self) -> None:
        reading = self.deposit()  # the number of calls before this one, earlier readings included
        successes, self._counted = reading - self._counted, reading + 1
        config = self._config
        gain: float = successes * config.success_gives
        if config.per_second:
            now = self._clock.monotonic()
            gain += (now - self._at) * config.per_second
            self._at = now
        self._tokens = min(config.capacity, self._tokens + gain)


class BudgetRegistry:
    """Budgets by key. Thread-safe and task-safe.

    Args:
        max_budgets: kept at most; the one asked for longest ago goes first. Whoever has it keeps using it.
        clock: where the time comes from.
    """

    def __init__(self, *, max_budgets: int, clock: Clock) -> None:
        self._max_budgets = max_budgets
        self._clock = clock
        self._lock = threading.Lock()
        self._budgets: OrderedDict[str, tuple[Budget, RetryBudget]] = OrderedDict()

    def obtain(self, key: str, config: RetryBudget) -> Budget:
        """Return the budget of a key, with these measures from now on."""
        with self._lock:
            kept = self._budgets.get(key)
            if kept is None:
                budget = Budget(config, self._clock)
                if len(self._budgets) >= self._max_budgets:
                    self._budgets.popitem(last=False)
            else:
                budget = kept[0]
                if kept[1] != config:
                    budget.reconfigure(config)
            self._budgets[key] = budget, config
            self._budgets.move_to_end(key)
            return budget

    def tokens(self) -> dict[str, float]:
        """Return the tokens left in each budget."""
        with self._lock:
            kept = {key: budget for key, (budget, _) in self._budgets.items()}
        return {key: budget.tokens for key, budget in kept.items()}
