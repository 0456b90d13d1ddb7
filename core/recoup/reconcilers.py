"""Every plugin that can hold the application's belief against a venue's word, asked in turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recoup.reconciliation import Reconciliation
from recoup.roles import Reconciler

if TYPE_CHECKING:
    from recoup.manager import PluginManager


async def reconcile(plugins: PluginManager, key: str) -> tuple[Reconciliation, ...]:
    """Return what each found; one that fails is reported, and its comparison is incomplete."""
    found = []
    for name, reconciler in plugins.with_role(Reconciler):
        try:
            found.append(await reconciler.reconcile(key))
        except Exception as failure:  # noqa: BLE001 - a plugin's failure never changes the answer of the others
            plugins.report(name, "reconcile", failure)
            found.append(Reconciliation(key=key, complete=False, detail=f"{name} failed"))
    return tuple(item for item in found if item is not None)
