"""What each hook's contract says, one function a sentence; a failure is an :class:`AssertionError`."""

from __future__ import annotations

import copy
import threading
from typing import TYPE_CHECKING, Any

import anyio

from recoup.classification import SensitivityLevel
from recoup.operation import OperationKind
from recoup.testing.samples import (
    IP_ADDRESSES,
    SECRET,
    sample_context,
    sample_error_event,
    sample_errors,
    sample_events,
    sample_payloads,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from recoup.error_handler import ErrorHandler

THREADS = 4
CALLS = 50
RECOVER_LIMIT = 5.0
"""Seconds of real time within which ``recover`` must answer; its waits run on a fake clock."""


def classify_answers_any_error(handler: ErrorHandler) -> None:
    """It copes with any exception."""
    for error in sample_errors():
        handler.hooks.classify(error, sample_context(error))


def classify_is_consistent(handler: ErrorHandler) -> None:
    """The same error gets the same answer, and the context stays as it was."""
    for error in sample_errors():
        context = sample_context(error)
        first = handler.hooks.classify(error, context)
        expect(handler.hooks.classify(error, context) == first, f"two answers for {type(error).__name__}")
        expect(context.details == {"attempt": 1}, "it changed context.details")


def sanitize_copes(handler: ErrorHandler) -> None:
    """It copes with any payload at every level and keeps its type."""
    for level in SensitivityLevel:
        for payload in sample_payloads():
            handler.hooks.sanitize(payload, level)


def sanitize_leaves_its_input(handler: ErrorHandler) -> None:
    """It never changes its input."""
    payload = {"password": SECRET, "nested": {"list": [1, {"api_key": SECRET}]}}
    before = copy.deepcopy(payload)
    handler.hooks.sanitize(payload, SensitivityLevel.CRITICAL)
    expect(payload == before, "it changed the payload")


def sanitize_hides_a_password(handler: ErrorHandler) -> None:
    """What stands under a secret's name is hidden at every level."""
    for level in SensitivityLevel:
        for payload in ({"password": SECRET}, {"details": {"api_secret": SECRET}}, [{"api_key": SECRET}]):
            expect(SECRET not in repr(handler.hooks.sanitize(payload, level)), f"a secret got through at {level}")


def rate_limit_answers(handler: ErrorHandler) -> None:
    """It copes with any address."""

    async def ask() -> None:
        for address in IP_ADDRESSES:
            decision = await handler.hooks.rate_limit("exchange", "create_order", address)
            expect(decision.allowed or decision.retry_after is None or decision.retry_after >= 0, "negative wait")

    anyio.run(ask)


def recover_is_safe(handler: ErrorHandler) -> None:
    """It answers in time, and never has a side effect repeated whose outcome is unknown."""

    async def ask() -> None:
        for error in sample_errors():
            for kind in (None, *OperationKind):
                for outcome_known in (True, False):
                    context = sample_context(error, kind, outcome_known=outcome_known)
                    with anyio.move_on_after(RECOVER_LIMIT) as scope:
                        await handler.hooks.recover(error, context)
                    expect(not scope.cancelled_caught, f"no answer within {RECOVER_LIMIT:.0f} s")

    anyio.run(ask)


def recover_passes_cancellation(handler: ErrorHandler) -> None:
    """It lets a cancellation through."""

    async def ask() -> None:
        error = TimeoutError("timed out")
        with anyio.move_on_after(RECOVER_LIMIT) as scope:
            async with anyio.create_task_group() as group:
                group.cancel_scope.cancel()
                await handler.hooks.recover(error, sample_context(error, OperationKind.READ))
        expect(not scope.cancelled_caught, "it swallowed the cancellation")

    anyio.run(ask)


def analyze_copes(handler: ErrorHandler) -> None:
    """It copes with a stream of events."""
    for number in range(1000):
        handler.hooks.analyze(sample_error_event(number))


def monitor_copes(handler: ErrorHandler) -> None:
    """It copes with every kind of event."""
    for event in sample_events():
        handler.hooks.monitor(event)


def classify_in_threads(handler: ErrorHandler) -> None:
    """It may be called from several threads at once."""
    _in_threads(lambda: handler.hooks.classify(ValueError("x"), sample_context(ValueError("x"))))


def sanitize_in_threads(handler: ErrorHandler) -> None:
    """It may be called from several threads at once."""
    _in_threads(lambda: handler.hooks.sanitize({"symbol": "BTC/USDT"}, SensitivityLevel.HIGH))


def observe_in_threads(handler: ErrorHandler) -> None:
    """It may be called from several threads at once."""

    def observe() -> None:
        event = sample_error_event()
        handler.hooks.monitor(event)
        handler.hooks.analyze(event)

    _in_threads(observe)


def life_cycle(handler: ErrorHandler) -> None:
    """It starts and stops."""

    async def live() -> None:
        async with handler:
            await anyio.lowlevel.checkpoint()

    anyio.run(live)


TESTS: dict[str, tuple[Callable[[ErrorHandler], None], ...]] = {
    "classify": (classify_answers_any_error, classify_is_consistent, classify_in_threads),
    "sanitize": (sanitize_copes, sanitize_leaves_its_input, sanitize_hides_a_password, sanitize_in_threads),
    "rate_limit": (rate_limit_answers,),
    "recover": (recover_is_safe, recover_passes_cancellation),
    "analyze": (analyze_copes, observe_in_threads),
    "monitor": (monitor_copes, observe_in_threads),
}


def expect(condition: object, complaint: str) -> None:
    """Fail with ``complaint`` unless the condition holds; unlike ``assert``, under ``python -O`` as well."""
    if not condition:
        raise AssertionError(complaint)


def _in_threads(call: Callable[[], Any]) -> None:
    failures: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(CALLS):
                call()
        except BaseException as failure:  # noqa: BLE001 - raised again below, in the thread that asked
            failures.append(failure)

    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
