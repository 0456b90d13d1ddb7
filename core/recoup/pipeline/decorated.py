"""A decorated function, compiled when it is first called: only then is it known which plugins serve it."""

from __future__ import annotations

import functools
import threading
import weakref
from itertools import count
from typing import TYPE_CHECKING, Any

from attrs import evolve

from recoup._current import current_handler
from recoup.pipeline.compiler import Plan, compile_plan, stub
from recoup.pipeline.signature import GENERIC, signature_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType, FunctionType

    from recoup.error_handler import ErrorHandler
    from recoup.pipeline.pipeline import Pipeline, Programs


def decorated(pipeline: Pipeline, function: Callable[..., Any], *, is_async: bool) -> FunctionType:
    """Return the function with the pipeline around it, under its own name and with its own parameters."""
    return _Decorated(pipeline, function, is_async=is_async).function


HANDLERS_KEPT = 8
"""Handlers for which what was compiled is kept, by a pipeline and for each function."""

VERSIONS_KEPT = 64
"""Versions of the compiled names that are kept at least; of those before, only what calls under way still need."""


class _Decorated:
    """Compiles the pipeline into the code of the function that the application holds. Thread-safe and task-safe.

    The code goes elsewhere, here, when another handler is current, or when plugins or policies have changed; then it
    is replaced. What a call under way has passed stays known to it by names of its own version.
    """

    __slots__ = (
        "_codes",
        "_compiled_for",
        "_is_async",
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
        self._codes: dict[int, weakref.ref[CodeType]] = {}
        self._owner: ErrorHandler | None = None
        self._compiled_for: tuple[tuple[Programs, FunctionType], ...] = ()
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
        for known, function in self._compiled_for:
            if known is programs:
                return function
        uncompiled = self._uncompiled_async if self._is_async else self._uncompiled
        plan = self._pipeline.plan(programs, self._of, self._signature, is_async=self._is_async)
        if plan is None:  # each call may need something else
            function = stub(uncompiled, GENERIC, {}, is_async=self._is_async)
        else:
            function = compile_plan(evolve(plan, signature=GENERIC, elsewhere=uncompiled))
        with self._lock:
            others = [item for item in self._compiled_for if item[0].handler is not programs.handler]
            self._compiled_for = ((programs, function), *others[: HANDLERS_KEPT - 1])
            if plan is not None and self._owner in (None, programs.handler):
                self._owner = programs.handler
                self._replace_code(plan, programs)
        return function

    def _replace_code(self, plan: Plan, programs: Programs) -> None:
        version = next(self._versions)
        compiled = compile_plan(self._guarded(evolve(plan, version=version), programs), self._names)
        code = compiled.__code__.replace()  # a copy that only calls under way keep alive, once there is another
        self.function.__code__ = code
        self._codes[version] = weakref.ref(code)
        oldest = version - VERSIONS_KEPT
        for outdated in [item for item, code_of in self._codes.items() if item <= oldest and code_of() is None]:
            del self._codes[outdated]
            prefix = Plan((), self._is_async, plan.report, version=outdated).prefix
            for name in [name for name in self._names if name.startswith(prefix)]:
                del self._names[name]

    def _guarded(self, plan: Plan, programs: Programs) -> Plan:
        unless = ["{_}manager.generation is not {_}generation", *plan.unless]
        names = {"manager": programs.handler.plugins, "generation": programs.generation, **plan.names}
        if self._pipeline.handler is None:
            unless.insert(0, "{_}current() is not {_}expected")
            names |= {"current": current_handler.get, "expected": current_handler.get()}
        elsewhere = self._call_async if self._is_async else self._call
        return evolve(plan, unless=unless, names=names, elsewhere=elsewhere)
