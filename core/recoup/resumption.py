"""What an earlier process left behind, looked into before anything new is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

from recoup.errors import VenueNotRegistered
from recoup.intents import IntentFinding, IntentState, ResumeReport
from recoup.roles import IntentJournal, IntentVerifier

if TYPE_CHECKING:
    from recoup.error_handler import ErrorHandler
    from recoup.exposure import IntentId
    from recoup.intents import Intent
    from recoup.manager import PluginManager

AT_ONCE = 16
"""Intents that are looked up at a time; each takes as long as its venue may need to accept an order late."""
_NOBODY = IntentFinding(state=IntentState.UNKNOWN, detail="no plugin could look it up")


async def resume(handler: ErrorHandler) -> ResumeReport:
    """Verify every unresolved intent; see :meth:`recoup.ErrorHandler.resume`."""
    journals = handler.plugins.with_role(IntentJournal)
    intents: dict[IntentId, Intent] = {}
    for _, journal in journals:  # what a journal can't read must not be taken for nothing
        intents |= {intent.id: intent for intent in journal.unresolved()}
    _check_venues(handler, intents)
    findings = await _verify_all(handler, list(intents.values()))
    for _, journal in journals:
        journal.resumed()
    return ResumeReport(findings={intent: findings[intent] for intent in intents})


def settle(plugins: PluginManager, intent: IntentId, finding: IntentFinding) -> None:
    """Tell every journal what became of an intent; one that fails is reported."""
    for name, journal in plugins.with_role(IntentJournal):
        try:
            journal.resolve(intent, finding)
        except Exception as failure:  # noqa: BLE001 - the finding stands, whatever a plugin makes of it
            plugins.report(name, "resolve", failure)


def _check_venues(handler: ErrorHandler, intents: dict[IntentId, Intent]) -> None:
    unknown = sorted({key for key, _ in intents if handler.venues.get(key).orders is None})
    if unknown:
        keys = ", ".join(map(repr, unknown))
        raise VenueNotRegistered(
            f"the journal holds orders of unknown outcome at {keys}: say where to look them up, with "
            f"handler.venues.register({unknown[0]!r}, VenuePorts(orders=...)), and resume again"
        )


async def _verify_all(handler: ErrorHandler, intents: list[Intent]) -> dict[IntentId, IntentFinding]:
    findings: dict[IntentId, IntentFinding] = {}
    limit = anyio.CapacityLimiter(AT_ONCE)

    async def verify(intent: Intent) -> None:
        async with limit:
            finding = await _verify(handler, intent)
        findings[intent.id] = finding
        handler.settle(intent.id, finding)
        if not finding.state.is_resolved:
            if intent.exposure is not None:
                handler.exposures.reserve(*intent.id, intent.exposure)
            handler.escalate(intent.component, intent.name, f"{intent.client_order_id}: {finding.detail}")

    async with anyio.create_task_group() as group:
        for intent in intents:
            group.start_soon(verify, intent)
    return findings


async def _verify(handler: ErrorHandler, intent: Intent) -> IntentFinding:
    for name, verifier in handler.plugins.with_role(IntentVerifier):
        try:
            finding: IntentFinding | None = await verifier.verify(intent)
        except Exception as failure:  # noqa: BLE001 - the next one is asked; what nobody finds out stays unknown
            handler.plugins.report(name, "verify", failure)
            continue
        if finding is not None:
            return finding
    return _NOBODY
