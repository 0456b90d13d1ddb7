"""Decorating functions of every kind, with their signature and type kept."""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from recoup.guard import Guard

F = TypeVar("F", bound="Callable[..., Any]")


def wrap(guard: Guard, function: F) -> F:
    """Return the function guarded; see :meth:`Guard.__call__`."""
    if isinstance(function, classmethod | staticmethod):
        kind = type(function).__name__
        raise TypeError(f"a guard goes below @{kind}, next to the function: write @{kind} above it")
    if not callable(function):
        raise TypeError(f"a guard decorates a function, got {type(function).__name__}; did you forget its parentheses?")
    if inspect.isgeneratorfunction(function):
        raise TypeError(f"{function.__qualname__} is a generator function: guard the calls within it instead")
    if inspect.isasyncgenfunction(function):
        return cast("F", _wrap_generator(guard, function))
    if inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__):
        return cast("F", _wrap_coroutine(guard, function))
    return cast("F", _wrap_plain(guard, function))


def _wrap_coroutine(guard: Guard, function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    async def guarded(*args: Any, **kwargs: Any) -> Any:
        return await guard.call(function, *args, **kwargs)

    return guarded


def _wrap_plain(guard: Guard, function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        return guard.call_sync(function, *args, **kwargs)

    return guarded


def _wrap_generator(
    guard: Guard, function: Callable[..., AsyncGenerator[Any, Any]]
) -> Callable[..., AsyncGenerator[Any, Any]]:
    @functools.wraps(function)
    async def begin(*args: Any, **kwargs: Any) -> tuple[AsyncGenerator[Any, Any], Any] | None:
        generator = function(*args, **kwargs)
        try:
            return generator, await anext(generator)
        except StopAsyncIteration:
            return None

    @functools.wraps(function)
    async def guarded(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        begun = await guard.call(begin, *args, **kwargs)
        if begun is None:
            return
        generator, item = begun
        try:
            while True:
                try:
                    sent = yield item
                except GeneratorExit:
                    raise
                except BaseException as error:  # noqa: BLE001 - thrown in by the consumer, for the generator to see
                    item = await generator.athrow(error)
                else:
                    item = await generator.asend(sent)
        except StopAsyncIteration:
            return
        finally:
            await generator.aclose()

    return guarded
