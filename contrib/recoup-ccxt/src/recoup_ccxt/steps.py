"""One algorithm for both of ccxt's clients: it yields calls, and a driver makes them, awaiting where need be."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from inspect import isawaitable
from typing import Any, TypeAlias, TypeVar

T = TypeVar("T")

Request = Callable[[], Any]
"""Calls the client; gives the answer, or an awaitable of it."""

Steps = Generator[Request, Any, T]
"""Yields requests, is sent each one's answer or thrown its error, and returns the result."""


def run_sync(steps: Steps[T]) -> T:
    """Drive steps over a synchronous client."""
    try:
        request = next(steps)
        while True:
            try:
                answer = request()
            except Exception as error:  # noqa: BLE001 - handed to the steps, which decide
                request = steps.throw(error)
            else:
                request = steps.send(answer)
    except StopIteration as end:
        result: T = end.value
        return result
    finally:
        steps.close()


async def run_async(steps: Steps[T]) -> T:
    """Drive steps over an asynchronous client; cancellation ends them where they wait."""
    try:
        request = next(steps)
        while True:
            try:
                answer = request()
                if isawaitable(answer):
                    answer = await answer
            except Exception as error:  # noqa: BLE001 - handed to the steps, which decide
                request = steps.throw(error)
            else:
                request = steps.send(answer)
    except StopIteration as end:
        result: T = end.value
        return result
    finally:
        steps.close()


Answer: TypeAlias = T | Awaitable[T]
"""What a port's method gives: the result of a synchronous client, an awaitable of an asynchronous one's."""
