"""One inquiry: the rules of an error's class, one after another, within bounds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import evolve

from recoup import Classification

if TYPE_CHECKING:
    from collections.abc import Callable

    from recoup import Clock
    from recoup_plugins.classifier.rule import Inquiry, Rule

MAX_DEPTH = 8
"""How far causes, reasons and members are followed."""

MAX_VISITS = 256
"""Errors looked into for one answer, so that a wide and deep tree stays cheap."""


class BoundedInquiry:
    """Judges one error and what it carries. Belongs to one call of the hook; not shared."""

    __slots__ = ("_depth", "_rules_of", "_visits", "clock")

    def __init__(self, clock: Clock, rules_of: Callable[[type], tuple[Rule, ...]]) -> None:
        self.clock = clock
        self._rules_of = rules_of
        self._depth = 0
        self._visits = 0

    def nested(self, error: object) -> Classification | None:
        """Classify an error that another one carries; None where it is not known, no error, or out of bounds."""
        if not isinstance(error, Exception) or self._depth >= MAX_DEPTH or self._visits >= MAX_VISITS:
            return None
        self._depth += 1
        self._visits += 1
        try:
            for rule in self._rules_of(type(error)):
                answer = rule if isinstance(rule, Classification) else rule(error, self)
                if answer is not None:
                    return answer
            return None
        finally:
            self._depth -= 1


def by_cause(error: Any, inquiry: Inquiry) -> Classification | None:
    """Take what the error was raised ``from``."""
    return inquiry.nested(error.__cause__)


def by_context(error: Any, inquiry: Inquiry) -> Classification | None:
    """Take what was being handled when the error was raised, but not its word on the outcome and the stage.

    The handler may have sent something itself before it failed.
    """
    if error.__suppress_context__:
        return None
    found = inquiry.nested(error.__context__)
    return None if found is None else evolve(found, outcome_known=False, stage=None)
