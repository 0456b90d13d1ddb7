"""The ``classify`` plugin: from an error's class, what it carries and what caused it, to a classification."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recoup import Classification, ErrorContext, hookimpl
from recoup_plugins.classifier import builtin, database, http_client, own, redis_client, task, websocket
from recoup_plugins.classifier.group import worst_member
from recoup_plugins.classifier.http_status import by_status, carries_status
from recoup_plugins.classifier.inquiry import BoundedInquiry, by_cause, by_context
from recoup_plugins.classifier.os_error import by_errno

if TYPE_CHECKING:
    from recoup.host import Host
    from recoup_plugins.classifier.rule import Rule, Table

TABLE: Table = {
    **builtin.TABLE,
    **task.TABLE,
    **http_client.TABLE,
    **websocket.TABLE,
    **database.TABLE,
    **redis_client.TABLE,
    **own.TABLE,
    "builtins.ExceptionGroup": worst_member,
}

_RULES_OF_ANY = 3
"""Rules of a class that no table knows: the status it carries, its cause and its context."""
MAX_TYPES = 1024
"""Error classes whose rules are kept."""


class Classifier:
    """Classifies the errors of Python and of the usual clients by class name. Thread-safe and task-safe.

    A class is looked up along its method resolution order, and the rules found are kept by class. Errors of unknown
    classes are judged by the HTTP status they carry, then by their ``__cause__`` and ``__context__``. What remains
    unknown is left to other plugins and to the core's default.
    """

    def __init__(self, host: Host) -> None:
        self._clock = host.clock
        self._rules: dict[type, tuple[Rule, ...]] = {}

    @hookimpl(trylast=True)
    def classify(self, error: Exception, context: ErrorContext) -> Classification | None:  # noqa: ARG002 - so that the hook's arguments can be passed as they are
        """Answer for errors that the tables, the status or the chain explain."""
        first = self._rules_of(type(error))[0]
        if isinstance(first, Classification):
            return first
        return BoundedInquiry(self._clock, self._rules_of).nested(error)

    def needs_error(self, kind: type[Exception]) -> bool:
        """Say whether an error of exactly this class has to be looked into; see :class:`recoup.TypeClassifier`."""
        rules = tuple(rule for rule in self._rules_of(kind) if rule is not by_errno)  # a bare error has none
        in_no_table = rules[:1] == (by_status,) and len(rules) == _RULES_OF_ANY
        return not isinstance(rules[0], Classification) and not (in_no_table and not carries_status(kind))

    def _rules_of(self, kind: type) -> tuple[Rule, ...]:
        rules = self._rules.get(kind)
        if rules is None:
            rules = _rules_for(kind)
            if len(self._rules) >= MAX_TYPES:
                # Clearing costs a few lookups; it happens only where classes are made by the thousand.
                self._rules.clear()
            self._rules[kind] = rules
        return rules


def _rules_for(kind: type) -> tuple[Rule, ...]:
    """Rules in the order they are asked: of its own family, what it carries, then those of broad built-in bases."""
    own_rules: list[Rule] = []
    broad: list[Rule] = []
    for base in kind.__mro__:
        name = f"{base.__module__.partition('.')[0].removeprefix('_')}.{base.__qualname__}"
        rule = TABLE.get(name)
        if rule is not None:
            (broad if name in builtin.BROAD and base is not kind else own_rules).append(rule)
    return (*own_rules, by_status, by_cause, *broad, by_context)
