"""The scenario for a side effect whose outcome is unknown."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from recoup import ConfigError, ConfigProblem, OperationKind, Recovery, hookimpl
from recoup_plugins.order_submission.admission import Admissions
from recoup_plugins.order_submission.background import BackgroundChecks
from recoup_plugins.order_submission.book import Book
from recoup_plugins.order_submission.cancel import CancelRecovery
from recoup_plugins.order_submission.config import OrderSubmissionConfig
from recoup_plugins.order_submission.queue import LookupQueue
from recoup_plugins.order_submission.recovery import NAME, SubmissionRecovery
from recoup_plugins.order_submission.resumption import Resumptions
from recoup_plugins.order_submission.rounds import Rounds

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from recoup import Call, ErrorContext, Host, Intent, IntentFinding


class OrderSubmission:
    """Finds out what became of a side effect before anything is sent again, and adopts the order where it exists.

    It acts on guarded submissions that failed with an unknown outcome or were refused as a duplicate, and on every
    later failure of the same intent: the first send may still have been accepted, and the funds that the second one
    lacks may be the first one's. Refusals of pace (limits, bans, maintenance) are left to whoever waits them out. Of a
    cancel that failed it reads the order's final state.

    The evidence is :meth:`recoup.OrderPort.find_order`, which answers ``None`` only where the venue knows no such
    order in any state; a port that can't say so raises ``OrderNotVerifiable``. Where there is no client order id or
    no port, and for an amendment, it is ``Operation.verify``; where that is missing too, others must know. The port may
    say in an attribute ``client_id_rule`` how the venue treats an id that it has seen before: ``forever`` (refused),
    ``open_only`` (refused while the first order is open; assumed where nothing is said) or ``none``.

    Role ``Admitter``: an intent, that is a client order id under one venue key, belongs to one call at a time, from
    before its first send until that call has ended, and is remembered from then on. Another call under the same id
    waits for the first one to end; an intent that was accepted, or whose outcome nobody knows, is looked up before
    anything is sent. :class:`~recoup_plugins.order_submission.intents.SendState` has the whole table.

    Role ``IntentVerifier``: intents that an earlier process left are looked up in the same way.

    Thread-safe and task-safe.

    Raises:
        ConfigError: the plugin's time limit would cut verifications off.
    """

    Config: ClassVar[type[OrderSubmissionConfig]] = OrderSubmissionConfig
    asked_after: ClassVar[tuple[str, ...]] = ("partial_fill",)  # what is filled in part is known to be at the venue

    def __init__(self, config: OrderSubmissionConfig, host: Host) -> None:
        _check_time_limit(config, host)
        queue = LookupQueue(config.max_lookups)
        self._book = book = Book(host, config.max_intents)
        rounds = Rounds(config, host, book, queue)
        self._checks = BackgroundChecks(config, host, book, queue)
        self._admissions = Admissions(config, host, book, rounds)
        self._submissions = SubmissionRecovery(config, book, rounds)
        self._cancels = CancelRecovery(config, host, book)
        self._resumptions = Resumptions(config, host, book, rounds)
        book.watch = self._checks.watch

    def admit(self, call: Call, component: str) -> Recovery | Awaitable[Recovery | None] | None:
        """Let the first send of an intent go at once; have every other one wait and be looked up first.

        Where no task can run beside the application, one lookup of an order of unknown outcome that is due is made
        before.
        """
        if self._checks.has_overdue(call.operation.key or component):
            return self._admit_after_check(call, component)
        return self._admissions.admit(call, component)

    def settle(self, call: Call, component: str, error: BaseException | None) -> None:
        """Remember what became of the intent that the call holds."""
        self._admissions.settle(call, component, error)

    @hookimpl(tryfirst=True)
    async def recover(self, error: Exception, context: ErrorContext) -> Recovery | None:  # noqa: ARG002 - the hook's own
        """Adopt the order, have the call sent again where that verifiably does no harm, or answer that nobody knows."""
        call = context.call
        if call is None:
            return None
        if context.kind is OperationKind.CANCEL:
            return await self._cancels.recover(context, call)
        return await self._submissions.recover(context, call)

    async def verify(self, intent: Intent) -> IntentFinding | None:
        """Find out what became of an intent that an earlier process left, and remember it."""
        return await self._resumptions.verify(intent)

    async def _admit_after_check(self, call: Call, component: str) -> Recovery | None:
        await self._checks.check_overdue(call.operation.key or component)
        answer = self._admissions.admit(call, component)
        return answer if answer is None or isinstance(answer, Recovery) else await answer


def _check_time_limit(config: OrderSubmissionConfig, host: Host) -> None:
    settings = host.config.error_handling.plugins.get(NAME)
    if settings is None or settings.time_limit is None or settings.time_limit > config.verify_timeout:
        return
    problem = (
        f"{settings.time_limit} s would cut verifications off, which take up to verify_timeout, "
        f"{config.verify_timeout} s: leave it out, or lower verify_timeout below it"
    )
    raise ConfigError([ConfigProblem(f"error_handling.plugins.{NAME}.time_limit", problem)])
