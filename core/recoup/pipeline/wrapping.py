"""Decorating functions of every kind, with their signature and type kept."""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import frozen

from recoup.pipeline.decorated import decorated
from recoup.policies import CacheConfig

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from recoup.pipeline.pipeline import Pipeline

F = TypeVar("F", bound="Callable[..., Any]")


def wrap(pipeline: Pipeline, function: F) -> F:
    """Return the function with a pipeline around it; see :meth:`Pipeline.__call__`."""
    if isinstance(function, classmethod | staticmethod):
        kind = type(function).__name__
        raise TypeError(f"a guard goes below @{kind}, next to the function: write @{kind} above it")
    candidate: Any = function  # whatever its type says, callers without a type checker pass anything
    if not callable(candidate) or inspect.isclass(candidate):
        raise TypeError(f"a guard decorates a function or method, got {function!r}")
    if _is(inspect.isgeneratorfunction, function):
        raise TypeError(f"{function!r} is a generator function: guard the calls within it instead")
    if _is(inspect.isasyncgenfunction, function):
        if any(isinstance(policy, CacheConfig) for policy in pipeline.policies):
            raise TypeError(f"the items of {function!r} can't be kept as a result: cache the calls within it instead")
        return cast("F", _wrap_generator(pipeline, function))
    if _is(inspect.iscoroutinefunction, function):
        return cast("F", decorated(pipeline, function, is_async=True))
    return cast("F", decorated(pipeline, function, is_async=False))


def _is(nature: Callable[[Any], bool], function: Any) -> bool:
    """Say whether a function, or the ``__call__`` of a callable object, is of that nature."""
    return nature(function) or nature(type(function).__call__)


@frozen(eq=False)
class Begun:
    """An asynchronous generator that has given its first item."""

    generator: AsyncGenerator[Any, Any]
    item: Any


def _wrap_generator(
    pipeline: Pipeline, function: Callable[..., AsyncGenerator[Any, Any]]
) -> Callable[..., AsyncGenerator[Any, Any]]:
    @functools.wraps(function)
    async def begin(*args: Any, **kwargs: Any) -> Begun | None:
        return await _begin(function(*args, **kwargs))

    @functools.wraps(function)
    async def guarded(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        begun = await pipeline.call(begin, *args, **kwargs)
        if not isinstance(begun, Begun):
            begun = await _begin(_items(begun))
        if begun is None:
            return
        generator, item = begun.generator, begun.item
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


async def _begin(generator: AsyncGenerator[Any, Any]) -> Begun | None:
    try:
        return Begun(generator, await anext(generator))
    except StopAsyncIteration:
        return None


async def _items(stand_in: Any) -> AsyncGenerator[Any, None]:
    """Give what a recovery put in a generator's place: nothing for None, each item of a list, or the one value."""
    if hasattr(stand_in, "__aiter__"):
        async for item in stand_in:
            yield item
    elif stand_in is not None:
        for item in stand_in if isinstance(stand_in, (list, tuple)) else (stand_in,):
            yield item
