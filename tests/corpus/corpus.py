"""The whole corpus, built anew in every process from fixed seeds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from corpus_benign import benign_rows
from corpus_between import between_cases
from corpus_carriers import carriers
from corpus_critical import critical_cases
from corpus_forms import form_cases, name_cases
from corpus_logs import log_cases
from corpus_personal import named_personal_cases, phrase_cases, private_key_cases, shape_cases
from corpus_probes import probes
from corpus_protocols import protocol_cases
from corpus_providers import provider_cases
from corpus_registered import registered_cases
from corpus_series import series_cases
from corpus_structures import structure_cases
from corpus_tools import tool_cases
from corpus_venues import venue_cases

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from corpus_model import Benign, Case

__all__ = ["FAMILIES", "benign", "carriers", "cases", "probes"]

FAMILIES: Final[dict[str, Callable[[], Iterator[Case]]]] = {
    "formats of providers": provider_cases,
    "name and value in text": form_cases,
    "published names": name_cases,
    "venues": venue_cases,
    "logs and files": log_cases,
    "tools around a bot": tool_cases,
    "structures and errors": structure_cases,
    "personal, by shape": shape_cases,
    "personal, by name": named_personal_cases,
    "raw private keys": private_key_cases,
    "seed phrases": phrase_cases,
    "series and pieces": series_cases,
    "something between": between_cases,
    "protocols and tools": protocol_cases,
    "amounts and orders": critical_cases,
    "registered values": registered_cases,
}
"""What makes the secret cases, by family."""


def cases() -> list[Case]:
    """Return every payload with a secret in it."""
    return [case for build in FAMILIES.values() for case in build()]


def benign() -> list[Benign]:
    """Return every payload that has to stay as it is."""
    return [*benign_rows()]
