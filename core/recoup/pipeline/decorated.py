"""A decorated function, compiled when it is first called: only then is it known which plugins serve it."""

from __future__ import annotations

import functools
import threading
from itertools import count
from typing import TYPE_CHECKING, Any

from attrs import evolve

from recoup._current import current_handler
from recoup.pipeline.compiler import Plan, compile_plan, stub
from recoup.pipeline.signature import GENERIC, signature_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FunctionType

    from recoup.error_handler import ErrorHandler
    from recoup.pipeline.pipeline import Pipeline, Programs


def decorated(pipeline: Pipeline, function: Callable[..., Any], *, is_async: bool) -> FunctionType:
    """Return the function with the pipeline around it, under its own name and with its own parameters."""
    return _Decorated(pipeline, function, is_async=is_async).function


VERSIONS_KEPT = 64
"""Changes of plugins or policies that a call may last without losing the policies that it has passed."""


class _Decorated:
    """Compiles the pipeline into the code of the function that the application holds. Thread-safe and task-safe.

    The code goes elsewhere, here, when another handler is current, or when plugins or policies have changed; then it
    is replaced. What a call under way has passed stays known to it by names of its own version.
    """

    __slots__ = (
        "_is_async",
        "_latest",
        "_lock",
        "_names",
        "_of",
        "_owner",
        "_pipeline",
        "_signature",
        "_versions",
        "function",
    )

    def __init__(self, pipeline: Pipeline, function: Callable[..., Any], *, is_async: bool) -> None:
        self._pipeline = pipeline
        self._of = function
        self._is_async = is_async
        self._signature = signature_of(function)
        self._lock = threading.Lock()
        self._names: dict[str, Any] = {}
        self._versions = count(1)
        self._owner: ErrorHandler | None = None
        self._latest: tuple[Programs, FunctionType] | None = None
        elsewhere = self._call_async if is_async else self._call
        made = stub(elsewhere, self._signature, self._names, is_async=is_async)
        functools.update_wrapper(made, function)
        self.function: FunctionType = made

    def _call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return self._compiled()(*args, **kwargs)

    async def _call_async(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return await self._compiled()(*args, **kwargs)

    def _uncompiled(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return self._pipeline.call_sync(self._of, *args, **kwargs)

    async def _uncompiled_async(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return await self._pipeline.call(self._of, *args, **kwargs)

    def _compiled(self) -> Callable[..., Any]:
        """Return what serves the handler that is current now."""
        programs = self._pipeline.programs()
        latest = self._latest
        if latest is not None and latest[0] is programs:
            return latest[1]
        uncompiled = self._uncompiled_async if self._is_async else self._uncompiled
        plan = self._pipeline.plan(programs, self._of, self._signature, is_async=self._is_async)
        if plan is None:  # each call may need something else
            function = stub(uncompiled, GENERIC, {}, is_async=self._is_async)
        else:
            function = compile_plan(evolve(plan, signature=GENERIC, elsewhere=uncompiled))
        with self._lock:
            self._latest = programs, function
            if plan is not None and self._owner in (None, programs.handler):
                self._owner = programs.handler
                self._replace_code(plan, programs)
        return function

    def _replace_code(self, plan: Plan, programs: Programs) -> None:
        version = next(self._versions)
        code = compile_plan(self._guarded(evolve(plan, version=version), programs), self._names).__code__
        self.function.__code__ = code
        outdated = Plan((), self._is_async, plan.report, version=version - VERSIONS_KEPT).prefix
        for name in [name for name in self._names if name.startswith(outdated)]:
            del self._names[name]

    def _guarded(self, plan: Plan, programs: Programs) -> Plan:
        unless = ["{_}manager.generation is not {_}generation", *plan.unless]
        names = {"manager": programs.handler.plugins, "generation": programs.generation, **plan.names}
        if self._pipeline.handler is None:
            unless.insert(0, "{_}current() is not {_}expected")
            names |= {"current": current_handler.get, "expected": current_handler.get()}
        elsewhere = self._call_async if self._is_async else self._call
        return evolve(plan, unless=unless, names=names, elsewhere=elsewhere)
