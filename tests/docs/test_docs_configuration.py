"""Every key of the configuration is documented with its default, and every example of a configuration loads."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from enum import Enum

import attrs
import pytest
import yaml

from recoup import (
    CircuitBreakerConfig,
    Config,
    ErrorHandler,
    ErrorHandlingConfig,
    PluginSettings,
    RetryBudget,
    RetryConfig,
    SecurityConfig,
    SeverityConfig,
)
from recoup.discovery import installed_plugins
from recoup_plugins.passthrough_sanitizer import STATEMENT, VARIABLE
from recoup_plugins.security_rate_limiter import FailureDelays, Limit, ThreatDetection
from recoup_plugins.security_sanitizer.config import NameConfig, RuleConfig

CORE = {
    "`error_handling`": ErrorHandlingConfig,
    "`error_handling.severity_levels.NAME`": SeverityConfig,
    "`error_handling.retry_policies.NAME`": RetryConfig,
    "`error_handling.retry_policies.NAME.budget`": RetryBudget,
    "`error_handling.circuit_breakers.NAME`": CircuitBreakerConfig,
    "`error_handling.security`": SecurityConfig,
    "`error_handling.plugins.NAME`": PluginSettings,
}
INNER = {
    "security_rate_limiter": (Limit, FailureDelays, ThreatDetection),
    "security_sanitizer": (RuleConfig, NameConfig),
}
"""Classes that stand for values in a plugin's section, each with a table of its own below that of the section."""
NEEDED = {
    "audit_trail": {"directory": "audit", "key_env": "AUDIT_KEY"},
    "passthrough_sanitizer": {"i_understand": STATEMENT},
    "recovery_journal": {"path": "journal.db"},
}
"""Sections without which a plugin can't be built."""
BUILT_IN = {name: source for name, source in installed_plugins().items() if source.distribution == "recoup"}


def as_yaml(value):
    """The value as it would stand in a file, a model as what differs from its own defaults."""
    if isinstance(value, type):
        return value.__name__
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{as_yaml(key)}: {as_yaml(item)}" for key, item in value.items()) + "}"
    if attrs.has(type(value)):
        fields = [item for item in attrs.fields(type(value)) if item.init]
        return as_yaml(
            {item.alias: given for item in fields if (given := getattr(value, item.name)) != default_of(item)}
        )
    if isinstance(value, tuple):
        return value[0].__name__ if value and isinstance(value[0], type) else f"[{', '.join(map(as_yaml, value))}]"
    return value if isinstance(value, str) else json.dumps(value)


def default_of(item):
    return item.default.factory() if isinstance(item.default, attrs.Factory) else item.default


def expected_rows(kind):
    return {
        item.alias: "required" if item.default is attrs.NOTHING else f"`{as_yaml(default_of(item))}`"
        for item in attrs.fields(kind)
        if item.init
    }


def documented_rows(section):
    tables = section.tables("key", "type", "default", "meaning")
    return [{key: row["default"] for key, row in table.items()} for table in tables]


@pytest.mark.parametrize("heading", CORE)
def test_every_key_of_the_core_is_documented_with_its_default(page, heading):
    assert documented_rows(page("reference/configuration.md").section(heading)) == [expected_rows(CORE[heading])]


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_built_in_plugin_is_documented_with_its_keys(page, name):
    config = getattr(BUILT_IN[name].load(), "Config", None)
    kinds = (*([config] if config is not None else []), *INNER.get(name, ()))
    assert documented_rows(page("reference/plugins.md").section(f"`{name}`")) == [expected_rows(kind) for kind in kinds]


@pytest.mark.parametrize("name", BUILT_IN)
def test_the_hooks_of_every_built_in_plugin_are_documented(page, name, monkeypatch):
    monkeypatch.setenv(VARIABLE, "1")
    text = page("reference/plugins.md").section(f"`{name}`").text
    (sentence,) = re.findall(r"^Hooks: ([^.]*)\.", re.sub(r" \([^)]*\)", "", text), re.MULTILINE)
    settings = {"enabled": True, "config": NEEDED.get(name, {})}
    handler = ErrorHandler(Config.from_dict({"error_handling": {"plugins": {name: settings}}}))
    status = next(item for item in handler.plugins.statuses() if item.name == name)
    assert re.findall(r"`(\w+)`", sentence) == list(status.hooks)


def test_the_documented_order_of_recover_plugins_is_theirs(page):
    text = page("reference/plugins.md").section("Who is asked when").text
    numbered = re.findall(r"^\d\. (.*)$", text, re.MULTILINE)
    documented = [name for line in numbered for name in re.findall(r"`(\w+)`", line) if name in BUILT_IN]
    handler = ErrorHandler(discover=False, plugins={name: source.load() for name, source in BUILT_IN.items()})
    asked = [item.plugin for item in handler.plugins._ordered("recover")]
    assert documented == asked


def test_every_yaml_block_is_a_configuration_that_loads(pages, monkeypatch):
    blocks = [block for page in pages for block in page.blocks("yaml")]
    assert len(blocks) >= 4
    for block in blocks:
        for name in re.findall(r"\$\{(\w+)\}", block):
            monkeypatch.setenv(name, "a-value-of-the-environment")
        assert list(yaml.safe_load(block)) == ["error_handling"]
        ErrorHandler(Config.from_yaml(block))


def test_every_toml_block_that_configures_loads(pages):
    blocks = [block for page in pages for block in page.blocks("toml")]
    configurations = [block for block in blocks if "error_handling" in tomllib.loads(block)]
    assert configurations
    for block in configurations:
        ErrorHandler(Config.from_toml(block))


def test_the_annotated_file_names_every_key_of_the_core(page):
    whole = yaml.safe_load(page("howto/configure.md").blocks("yaml")[0])["error_handling"]
    assert set(whole) == {item.alias for item in attrs.fields(ErrorHandlingConfig)}
    named = {key for settings in whole["plugins"].values() for key in settings}
    assert named == {item.alias for item in attrs.fields(PluginSettings)}
