"""Classifications remembered by class, for errors that have nothing to tell but their class."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recoup.roles import TypeClassifier

if TYPE_CHECKING:
    from collections.abc import Callable

    from recoup.classification import Classification
    from recoup.manager import PluginManager

MOST_CLASSES = 1024


class BareVerdicts:
    """Answers for bare errors: without attributes, error number, cause or context. Thread-safe and task-safe.

    An answer is remembered only where every plugin that classifies says that it needs no more than the class. What is
    written concurrently is the same answer twice.

    Args:
        plugins: whose ``classify`` hooks are asked; with a change of plugins, everything is forgotten.
    """

    __slots__ = ("_plugins",)

    def __init__(self, plugins: PluginManager) -> None:
        self._plugins = plugins

    def of(self, error: Exception, ask: Callable[[], Classification]) -> Classification:
        """Return the answer for an error; ``ask`` calls the hook."""
        if error.__dict__ or error.__cause__ is not None or error.__context__ is not None:
            return ask()
        if isinstance(error, OSError) and error.errno is not None:
            return ask()
        kind = type(error)
        verdicts = self._verdicts
        known = verdicts.get(kind)
        if known is not None:
            return known
        verdict = ask()
        if kind not in verdicts and len(verdicts) < MOST_CLASSES:
            verdicts[kind] = verdict if self._is_told_by(kind) else None
        return verdict

    def tells_all(self, kind: type[Exception]) -> bool:
        """Say whether the answer for bare errors of exactly this class is remembered."""
        return self._verdicts.get(kind) is not None

    @property
    def _verdicts(self) -> dict[type[Exception], Classification | None]:
        return self._plugins.generation.memo(self)

    def _is_told_by(self, kind: type[Exception]) -> bool:
        for name in self._plugins.hooks.compiled.classifiers:
            plugin = self._plugins.get(name)
            if not isinstance(plugin, TypeClassifier) or plugin.needs_error(kind):
                return False
        return True
