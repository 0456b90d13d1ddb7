"""One side effect, from before it is sent until it has ended."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from recoup.errors import HandlerStateError, OutcomeUnknown, Refused
from recoup.outcome import Decision, Recovery

if TYPE_CHECKING:
    from collections.abc import Awaitable, Generator, Sequence

    from recoup.error_handler import ErrorHandler
    from recoup.operation import Call
    from recoup.roles import Admitter


class Admission:
    """Asks the admitters whether a call may be made, and tells them how it ended. Belongs to one call.

    Args:
        handler: the handler.
        admitters: with the names of their plugins.
        call: the side effect.
    """

    def __init__(self, handler: ErrorHandler, admitters: Sequence[tuple[str, Admitter]], call: Call) -> None:
        self._handler = handler
        self._admitters = admitters
        self._call = call
        self._admitted: list[tuple[str, Admitter]] = []

    async def ask(self) -> Recovery | None:
        """Return the result where the side effect is found to have happened already, None to make the call.

        Raises:
            Refused: it must not be sent, and was not by this call.
        """
        steps = self._steps(by="admit")
        found: Recovery | None = None
        try:
            awaitable = next(steps)
            while True:
                try:
                    answer = await awaitable
                except Exception as failure:  # noqa: BLE001 - told to the steps, which report it
                    awaitable = steps.throw(failure)
                else:
                    awaitable = steps.send(answer)
        except StopIteration as stop:
            found = stop.value
        except BaseException as error:
            self.end(error)
            raise
        return self._verdict(found)

    def ask_sync(self) -> Recovery | None:
        """As :meth:`ask`, for synchronous code.

        Raises:
            Refused: it must not be sent, and was not by this call.
            HandlerStateError: an admitter has to wait for the event loop that occupies this thread.
        """
        steps = self._steps(by="admit_sync")
        found: Recovery | None = None
        try:
            awaitable = next(steps)
            while True:
                try:
                    answer = self._handler.wait_sync(awaitable)
                except HandlerStateError:
                    raise
                except Exception as failure:  # noqa: BLE001 - told to the steps, which report it
                    awaitable = steps.throw(failure)
                else:
                    awaitable = steps.send(answer)
        except StopIteration as stop:
            found = stop.value
        except BaseException as error:
            self.end(error)
            raise
        return self._verdict(found)

    def end(self, error: BaseException | None) -> None:
        """Tell the admitters how the call ended, and a human where it was broken off with an unknown outcome."""
        for name, admitter in self._admitted:
            try:
                admitter.settle(self._call, self._call.component, error)
            except Exception as failure:  # noqa: BLE001 - the call has ended, whatever a plugin makes of it
                self._handler.plugins.report(name, "settle", failure)
        if self._call.unresolved and error is not None and not isinstance(error, Exception):
            order = self._call.operation.client_order_id
            reason = f"{type(error).__name__} while nobody knew what became of " + (order or "the call")
            matter = order or os.urandom(8).hex()  # each is its own, also where nothing tells them apart
            self._handler.escalate(self._call.component, self._call.name, reason, matter=matter)

    def _steps(self, by: str) -> Generator[Awaitable[Any], Any, Recovery | None]:
        call = self._call
        self._handler.halts.check(call.operation, call.component)
        for name, admitter in self._admitters:
            try:
                answer: Any = getattr(admitter, by, admitter.admit)(call, call.component)
                if hasattr(answer, "__await__"):
                    answer = yield answer
                if answer is not None and not isinstance(answer, Recovery):
                    raise TypeError(f"admit must give a Recovery or None, got {type(answer).__name__}")  # noqa: TRY301 - reported below
            except Refused:
                raise
            except Exception as failure:  # noqa: BLE001 - a plugin's failure never holds the application up
                self._handler.plugins.report(name, "admit", failure)
                continue
            if answer is not None:
                return answer
            self._admitted.append((name, admitter))
        return None

    def _verdict(self, answer: Recovery | None) -> Recovery | None:
        if answer is None:
            return None
        if answer.decision is Decision.RECOVERED:
            self.end(None)
            return answer
        operation = self._call.operation
        key = operation.client_order_id or operation.key or self._call.component
        refusal = OutcomeUnknown(
            f"{self._call.name} is not sent again: {answer.detail or 'its outcome is unknown'}", key=key
        )
        self.end(refusal)
        raise refusal
