"""Policies around a block of code, where there is no function to call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from recoup.errors import PolicyMisuse, RecoupError, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

    from recoup.pipeline.fitting import Fitted
    from recoup.roles import Rescuing, RetrySeries


class PolicyContext:
    """A block under policies, entered once with ``with`` or ``async with``. Belongs to one task or thread.

    Attributes:
        result: what a fallback gave in place of a failure that it took in; None otherwise.
        rescued: whether a fallback took a failure in.
    """

    def __init__(
        self, fitted: Sequence[Fitted], report: Callable[[str, str, Exception], object], *, is_repeatable: bool
    ) -> None:
        _check(fitted)
        self.result: Any = None
        self.rescued = False
        self._fitted = fitted
        self._report = report
        self._is_repeatable = is_repeatable
        self._entered: list[tuple[Fitted, Any]] = []

    def __enter__(self) -> Self:
        for item in self._fitted:
            policy: Any = item.policy
            if hasattr(policy, "begin"):
                self._entered.append((item, None))
                continue
            try:
                permit = policy.acquire()
                if permit is None and hasattr(policy, "wait_sync"):
                    permit = policy.wait_sync()
            except BaseException as error:
                if self._is_fault(item, error):
                    continue
                self._leave(error)
                raise
            else:
                self._entered.append((item, permit))
        return self

    async def __aenter__(self) -> Self:
        for item in self._fitted:
            policy: Any = item.policy
            if hasattr(policy, "begin"):
                self._entered.append((item, None))
                continue
            try:
                permit = policy.acquire()
                if permit is None and hasattr(policy, "wait"):
                    permit = await policy.wait()
            except BaseException as error:
                if self._is_fault(item, error):
                    continue
                self._leave(error)
                raise
            else:
                self._entered.append((item, permit))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        self._mark(error)
        ended = error
        while self._entered:
            item, permit = self._entered.pop()
            rescuing = self._rescuing(item, ended)
            if rescuing is not None:
                self.result, ended, self.rescued = rescuing.run(_nothing_more, (), {}), None, True
            else:
                ended = self._release(item, permit, ended)
        return _settled(error, ended)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        self._mark(error)
        ended = error
        while self._entered:
            item, permit = self._entered.pop()
            rescuing = self._rescuing(item, ended)
            if rescuing is not None:
                self.result, ended, self.rescued = await rescuing.run_async(_nothing_more_async, (), {}), None, True
            else:
                ended = self._release(item, permit, ended)
        return _settled(error, ended)

    def _mark(self, error: BaseException | None) -> None:
        """Say of a refusal that it came out of the block, which may have done something that must not happen twice."""
        if isinstance(error, Refused) and not self._is_repeatable:
            error.from_within = True

    def _is_fault(self, item: Fitted, error: BaseException) -> bool:
        """Report a failure that is the policy's own, and means nothing for the block."""
        if not isinstance(error, Exception) or isinstance(error, RecoupError):
            return False
        self._report(item.plugin, "acquire", error)
        return True

    def _leave(self, error: BaseException) -> None:
        while self._entered:
            self._release(*self._entered.pop(), error)

    def _rescuing(self, item: Fitted, error: BaseException | None) -> Rescuing | None:
        policy: Any = item.policy
        if not (isinstance(error, Exception) and hasattr(policy, "begin")):
            return None
        try:
            rescuing: Rescuing | None = policy.begin(error)
        except Exception as failure:  # noqa: BLE001 - the block has failed, whatever a plugin makes of it
            self._report(item.plugin, "begin", failure)
            return None
        return rescuing

    def _release(self, item: Fitted, permit: Any, error: BaseException | None) -> BaseException | None:
        """Leave a gate, and return what the block has ended with then."""
        policy: Any = item.policy
        if not hasattr(policy, "release"):
            return error
        try:
            policy.release(permit, error)
        except RecoupError as replacement:
            return replacement
        except Exception as failure:  # noqa: BLE001 - the block has ended, whatever a plugin makes of it
            self._report(item.plugin, "release", failure)
        return error


def _check(fitted: Sequence[Fitted]) -> None:
    for item in fitted:
        calls = not (hasattr(item.policy, "acquire") or hasattr(item.policy, "begin"))
        if calls or hasattr(item.policy, "series"):
            remedy = (
                "iterate over attempts()" if hasattr(item.policy, "series") else "decorate a function, or use call()"
            )
            raise PolicyMisuse(
                f"{type(item.config).__name__} calls what it stands around, and a block can't be called: {remedy}"
            )


def _settled(error: BaseException | None, ended: BaseException | None) -> bool:
    """Say whether the block's error is taken in; raise what has come in its place."""
    if ended is not None and ended is not error:
        raise ended
    return error is not None and ended is None


def _nothing_more(*_: object, **__: object) -> None:
    """Stand for the block where a rescue would call it again; none that would is let in."""


async def _nothing_more_async(*_: object, **__: object) -> None:
    """As :func:`_nothing_more`."""


class Attempts:
    """Attempts of a block, to be iterated over: ``for attempt in attempts: with attempt: ...``, also asynchronously.

    Ends after the first attempt that succeeds; the last one's error goes on to the caller. Belongs to one task or
    thread.
    """

    def __init__(
        self, series: RetrySeries, inner: Sequence[Fitted], report: Callable[..., object], *, is_repeatable: bool
    ) -> None:
        _check(inner)
        self._series = series
        self._has_begun = False
        self._inner = inner
        self._report = report
        self._is_repeatable = is_repeatable
        self._delay: float | None = 0.0

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Attempt:
        delay, self._delay = self._delay, None
        if delay is None:
            raise StopIteration
        if self._has_begun:
            self._series.pause(delay)
        self._has_begun = True
        return Attempt(self, self._inner, self._report, is_repeatable=self._is_repeatable)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Attempt:
        delay, self._delay = self._delay, None
        if delay is None:
            raise StopAsyncIteration
        if self._has_begun:
            await self._series.pause_async(delay)
        self._has_begun = True
        return Attempt(self, self._inner, self._report, is_repeatable=self._is_repeatable)

    def takes_in(self, error: BaseException | None) -> bool:
        """Say whether the block is to be tried again after this error."""
        if isinstance(error, Exception):
            self._delay = self._series.delay_after(error)
        elif error is None:
            self._series.succeeded()
        return self._delay is not None


class Attempt(PolicyContext):
    """One attempt of a block. Belongs to one task or thread."""

    def __init__(
        self, attempts: Attempts, inner: Sequence[Fitted], report: Callable[..., object], *, is_repeatable: bool
    ) -> None:
        super().__init__(inner, report, is_repeatable=is_repeatable)
        self._attempts = attempts

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        try:
            return super().__exit__(kind, error, trace) or self._attempts.takes_in(error)
        except RecoupError as replacement:
            if self._attempts.takes_in(replacement):
                return True
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        try:
            return await super().__aexit__(kind, error, trace) or self._attempts.takes_in(error)
        except RecoupError as replacement:
            if self._attempts.takes_in(replacement):
                return True
            raise
