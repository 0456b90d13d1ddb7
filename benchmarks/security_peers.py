"""What else hides secrets in Python, each behind the same call; those that are not installed say so."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any

Scrub = Callable[[Any], Any]
"""Returns a scrubbed copy of text or of plain dictionaries and lists."""


def peers() -> tuple[dict[str, Scrub], list[str]]:
    """Return every installed peer, and what is missing, with the reason."""
    found: dict[str, Scrub] = {}
    missing: list[str] = []
    for name, module, build in (
        ("sentry-sdk EventScrubber", "sentry_sdk", _sentry),
        ("redact-secret, key-aware", "redact_secret", _redact_secret),
        ("hushlog", "hushlog", _hushlog),
        ("detect-secrets, key-aware", "detect_secrets", _detect_secrets),
        ("presidio", "presidio_analyzer", _presidio),
    ):
        if find_spec(module) is None:
            missing.append(f"{name}: {module} is not installed (pip install --group bench)")
            continue
        try:
            found[name] = build()
        except (OSError, ImportError, SystemExit) as error:
            missing.append(f"{name}: {error!r}")
    stack = ["sentry-sdk EventScrubber", "redact-secret, key-aware", "hushlog"]
    if all(name in found for name in stack):
        found["those three stacked"] = _stacked([found[name] for name in stack])
    return found, missing


def plain(value: Any) -> Any:
    """Return a payload as an application would hand it to a peer: text, numbers, dictionaries and lists."""
    if isinstance(value, BaseException):
        return {"type": type(value).__name__, "message": str(value), "args": [plain(member) for member in value.args]}
    if isinstance(value, Mapping):
        return {str(key): plain(member) for key, member in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(member) for member in value]
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).decode("utf-8", "replace")
    return value if isinstance(value, str | int | float | None) else str(value)


def _sentry() -> Scrub:
    scrubber = import_module("sentry_sdk.scrubber").EventScrubber(recursive=True, send_default_pii=False)

    def scrub(payload: Any) -> Any:
        event = {"extra": copy.deepcopy(payload)}
        scrubber.scrub_dict(event)
        return _unannotated(event["extra"])

    return scrub


def _unannotated(value: Any) -> Any:
    """Return a payload with what Sentry put in place of a value, without its record of having done so."""
    if isinstance(value, dict):
        return {key: _unannotated(member) for key, member in value.items()}
    if isinstance(value, list):
        return [_unannotated(member) for member in value]
    return getattr(value, "value", value)


def _redact_secret() -> Scrub:
    package = import_module("redact_secret")

    def text(value: str) -> str:
        return str(package.scan_and_redact(value).text)

    return _by_leaf(text)


def _hushlog() -> Scrub:
    package = import_module("hushlog")
    registry = package.PatternRegistry.from_config(package.Config())

    def scrub(payload: Any) -> Any:
        return registry.redact(payload) if isinstance(payload, str) else registry.redact_dict(payload)

    return scrub


def _detect_secrets() -> Scrub:
    """Return its default plugins with their entropy limits, as in a scan of files; ``scan_line`` does without those."""
    with import_module("detect_secrets.settings").default_settings():
        plugins = list(import_module("detect_secrets.core.scan").get_plugins())

    def text(value: str) -> str:
        lines = []
        for line in value.split("\n"):
            found = {secret.secret_value for plugin in plugins for secret in plugin.analyze_line("log", line, 1)}
            hidden = line
            for secret in sorted(found, key=len, reverse=True):
                hidden = hidden.replace(secret, "****")
            lines.append(hidden)
        return "\n".join(lines)

    return _by_leaf(text)


def _presidio() -> Scrub:
    analyzer = import_module("presidio_analyzer").AnalyzerEngine()

    def text(value: str) -> str:
        for found in sorted(analyzer.analyze(text=value, language="en"), key=lambda found: -int(found.start)):
            value = f"{value[: found.start]}<{found.entity_type}>{value[found.end :]}"
        return value

    return _by_leaf(text)


def _stacked(scrubs: list[Scrub]) -> Scrub:
    def scrub(payload: Any) -> Any:
        for one in scrubs:
            payload = one(payload)
        return payload

    return scrub


def _by_leaf(text: Callable[[str], str]) -> Scrub:
    """Return a scrubber of structures from one of text: a member is shown to it as ``name = "value"``."""

    def leaf(name: str, value: Any) -> Any:
        if isinstance(value, dict | list):
            return scrub(value)
        before, after = f'{name} = "', '"'
        seen = text(f"{before}{value}{after}")
        if seen.startswith(before) and seen.endswith(after):
            inner = seen[len(before) : len(seen) - len(after)]
            return value if inner == str(value) else inner
        return seen

    def scrub(payload: Any) -> Any:
        if isinstance(payload, dict):
            return {key: leaf(str(key), member) for key, member in payload.items()}
        if isinstance(payload, list):
            return [scrub(member) for member in payload]
        return text(payload) if isinstance(payload, str) else payload

    return scrub
