"""What was found: one finding for each attack, however many attempts it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from attrs import define

from recoup import ErrorSeverity, ThreatEvent
from recoup_plugins.security_rate_limiter.gcra import TICKS_PER_SECOND
from recoup_plugins.security_rate_limiter.threats.windows import MINUTE

if TYPE_CHECKING:
    from collections.abc import Mapping

_APART = 64
_MOST = 4_096
_OTHERS = "(others)"
_RANK = {severity: rank for rank, severity in enumerate(reversed(ErrorSeverity))}


class Sighting(NamedTuple):
    """What a detector saw."""

    threat: str
    severity: ErrorSeverity
    confidence: float
    evidence: Mapping[str, Any]
    detail: str
    source: str = ""
    account: str = ""
    over_after: int = 15 * MINUTE


@define
class _Finding:
    """What is known of one attack; its event is made when somebody is to see it."""

    key: _Key
    sighting: Sighting
    evidence: dict[str, Any]
    since: int
    seen: int
    over_at: int

    def event(self) -> ThreatEvent:
        threat, component, operation, _, account = self.key
        latest = self.sighting
        return ThreatEvent(
            threat=threat,
            severity=latest.severity,
            confidence=latest.confidence,
            component=component,
            operation=operation,
            source=latest.source,
            account=account,
            evidence={**self.evidence, "lasted_seconds": (self.seen - self.since) // TICKS_PER_SECOND},
            detail=latest.detail,
        )


_Key = tuple[str, str, str, str, str]


class FindingBook:
    """Current findings. Not thread-safe; its owner holds a lock.

    An attack is told at its onset and again whenever its severity rises; in between its evidence grows in silence. It
    is over when nothing has been seen of it for fifteen minutes, a slow one for two hours. Of one threat to one
    operation 64 findings are kept apart; further sources and accounts are summed up in one without either.
    """

    __slots__ = ("_apart", "_cleared", "_findings")

    def __init__(self) -> None:
        self._cleared = 0
        self._findings: dict[_Key, _Finding] = {}
        self._apart: dict[tuple[str, str, str], int] = {}

    def sight(self, component: str, operation: str, sighting: Sighting, now: int) -> ThreatEvent | None:
        """Add a sighting; return the event to publish, if it is news."""
        # One account under attack is one attack, from however many addresses.
        source = "" if sighting.account else sighting.source
        key = (sighting.threat, component, operation, source, sighting.account)
        finding = self._findings.get(key)
        if finding is not None and finding.over_at <= now:
            self._drop(key)
            finding = None
        if finding is None:
            key, sighting = self._place(key, sighting, now)
            finding = self._findings.get(key)
        if finding is None:
            return self._open(key, sighting, now)
        return self._update(finding, sighting, now)

    def current(self, now: int) -> tuple[ThreatEvent, ...]:
        """Return the findings that are not over, the worst first."""
        self._clear(now)
        events = [finding.event() for finding in self._findings.values()]
        return tuple(sorted(events, key=lambda event: (-_RANK[event.severity], -event.confidence)))

    def _open(self, key: _Key, sighting: Sighting, now: int) -> ThreatEvent:
        finding = _Finding(key, sighting, dict(sighting.evidence), now, now, now + sighting.over_after)
        self._findings[key] = finding
        if key[3] or key[4]:
            self._apart[key[:3]] = self._apart.get(key[:3], 0) + 1
        return finding.event()

    def _update(self, finding: _Finding, sighting: Sighting, now: int) -> ThreatEvent | None:
        before = finding.sighting
        is_worse = _RANK[sighting.severity] > _RANK[before.severity]
        finding.seen = max(finding.seen, now)
        finding.over_at = max(finding.over_at, now + sighting.over_after)
        _keep_largest(finding.evidence, sighting.evidence)
        finding.sighting = sighting._replace(
            severity=sighting.severity if is_worse else before.severity,
            confidence=max(before.confidence, sighting.confidence),
            source=before.source if before.source == sighting.source else "",
        )
        return finding.event() if is_worse else None

    def _place(self, key: _Key, sighting: Sighting, now: int) -> tuple[_Key, Sighting]:
        if now - self._cleared > MINUTE:
            self._clear(now)
        if (sighting.source or sighting.account) and self._apart.get(key[:3], 0) >= _APART:
            key = (*key[:3], "", "")
            detail = f"further sources or accounts; lately: {sighting.detail}"
            sighting = sighting._replace(source="", account="", detail=detail)
        if key not in self._findings and len(self._findings) >= _MOST:
            key = (key[0], _OTHERS, _OTHERS, "", "")
            sighting = sighting._replace(source="", account="")
        return key, sighting

    def _clear(self, now: int) -> None:
        self._cleared = now
        for key in [key for key, finding in self._findings.items() if finding.over_at <= now]:
            self._drop(key)

    def _drop(self, key: _Key) -> None:
        del self._findings[key]
        if key[3] or key[4]:
            self._apart[key[:3]] -= 1
            if not self._apart[key[:3]]:
                del self._apart[key[:3]]


def _keep_largest(evidence: dict[str, Any], latest: Mapping[str, Any]) -> None:
    """Let evidence only grow: a window that slides on takes nothing back of what was seen."""
    for name, value in latest.items():
        if not isinstance(value, int | float) or evidence.get(name, value) <= value:
            evidence[name] = value
