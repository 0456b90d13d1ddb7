"""The configuration's JSON Schema: it accepts what the loader accepts and refuses what it refuses."""

from decimal import Decimal
from enum import Enum

import jsonschema
import pytest
from attrs import frozen

from recoup import Config, ConfigError, discovery
from recoup.config.schema import schema
from recoup.discovery import PluginSource

RIGHT = [
    {},
    {"error_handling": {}},
    {"error_handling": {"severity_levels": {"critical": {"escalate": True, "notify": ["sms"]}}}},
    {"error_handling": {"retry_policies": {"default": {"max_attempts": 5, "base_delay": 1}}}},
    {"error_handling": {"circuit_breakers": {"api": {"failure_threshold": 5, "recovery_timeout": 30}}}},
    {"error_handling": {"security": {"sanitization_level": "HIGH", "max_errors_per_minute": 10}}},
    {"error_handling": {"plugins": {"retry": {"enabled": True, "time_limit": 1.5}}, "plugin_order": ["retry"]}},
    {"error_handling": None},
    {"error_handling": {"security": None, "plugins": {"retry": None}, "retry_policies": {"default": None}}},
    {"error_handling": {"plugins": {"order_submission": {"config": {"settle_time": 5}}}}},
]
WRONG = [
    {"error_handlin": {}},
    {"error_handling": {"retry_policies": {"default": {"max_attempts": "five"}}}},
    {"error_handling": {"retry_policies": {"default": {"max_atempts": 5}}}},
    {"error_handling": {"security": {"sanitization_level": "SEVERE"}}},
    {"error_handling": {"security": {"rate_limiting": 1}}},
    {"error_handling": {"plugins": {"no_such_plugin": {}}}},
    {"error_handling": {"plugins": {"order_submission": {"config": {"settle_tme": 5}}}}},
    {"error_handling": {"plugins": {"classifier": {"config": {"any": 1}}}}},
    {"error_handling": {"plugin_order": "retry"}},
]


@pytest.mark.parametrize("data", RIGHT)
def test_accepts_what_the_loader_accepts(data):
    Config.from_dict(data)
    jsonschema.validate(data, schema())


@pytest.mark.parametrize("data", WRONG)
def test_refuses_what_the_loader_refuses(data):
    with pytest.raises(ConfigError):
        Config.from_dict(data)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(data, schema())


def test_is_a_valid_schema_that_leaves_out_what_only_code_can_give():
    whole = schema()
    jsonschema.Draft202012Validator.check_schema(whole)
    policies = whole["properties"]["error_handling"]["properties"]["retry_policies"]["additionalProperties"]
    assert "exceptions" not in policies["properties"]
    assert policies["properties"]["max_attempts"] == {"type": "integer", "default": 3}


class Side(Enum):
    BUY = "buy"
    SELL = "sell"


@frozen(kw_only=True)
class StrangeConfig:
    needed: Decimal
    side: Side = Side.BUY
    maybe: int | None = None
    tags: frozenset[str] = frozenset()
    anything: object = None


class Strange:
    Config = StrangeConfig


def test_reads_every_kind_of_field_off_a_plugin_s_class(monkeypatch):
    def gone():
        raise ImportError("no such module")

    sources = {
        "strange": PluginSource.of_class("strange", Strange),
        "gone": PluginSource(name="gone", import_class=gone),
    }
    monkeypatch.setattr("recoup.config.schema.installed_plugins", lambda: sources)
    plugins = schema()["properties"]["error_handling"]["properties"]["plugins"]["properties"]

    config = plugins["strange"]["properties"]["config"]
    assert config["required"] == ["needed"]
    assert config["properties"] == {
        "needed": {"type": "string"},
        "side": {"enum": ["buy", "sell"]},
        "maybe": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        "tags": {"type": "array", "items": {"type": "string"}},
        "anything": {},
    }
    assert "no such module" in plugins["gone"]["description"]
    assert discovery.installed_plugins is not None
