"""Attempts at one call, of which the first good one counts."""

from __future__ import annotations

from typing import Any, Final

_NOBODY: Final = 0


class Race:
    """Which of several attempts decides a call. Belongs to one call and to the tasks that make it, in one event loop.

    Attributes:
        begun: attempts begun so far; the first is number 1.
        winner: number of the attempt whose answer counts; None while there is none, 0 once there will be none.
    """

    __slots__ = ("_error", "_result", "_under_way", "begun", "winner")

    def __init__(self) -> None:
        self.begun = 0
        self.winner: int | None = None
        self._under_way = 0
        self._result: Any = None
        self._error: BaseException | None = None

    @property
    def is_decided(self) -> bool:
        """Whether an attempt has succeeded, all that were begun have failed, or something has stopped them."""
        return self.winner is not None or self._under_way == 0

    def begin(self) -> int:
        """Take note of another attempt and return its number."""
        self.begun += 1
        self._under_way += 1
        return self.begun

    def succeed(self, number: int, result: Any) -> None:
        """Take note of an attempt's answer; only the first one counts."""
        self._under_way -= 1
        if self.winner is None:
            self.winner, self._result = number, result

    def fail(self, number: int, error: BaseException) -> None:
        """Take note of an attempt's error. That of the first attempt stands for all."""
        self._under_way -= 1
        if number == 1 and self.winner is None:
            self._error = error

    def stop(self, error: BaseException) -> None:
        """End the race with an error, whatever becomes of the attempts; nothing changes its outcome from then on."""
        if self.winner is None:
            self.winner, self._error = _NOBODY, error

    def outcome(self) -> Any:
        """Return the answer that counts.

        Raises:
            BaseException: the first attempt's error, unchanged, where every attempt has failed, or what stopped it.
        """
        error, self._error = self._error, None
        if error is not None and not self.winner:
            try:
                raise error
            finally:
                del error  # else the error would hold this frame, and the frame the error
        return self._result
