"""What a handler and its contexts may be made from."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from recoup.classification import ErrorSeverity
from recoup.config.models import Config
from recoup.errors import ConfigError, ConfigProblem, PolicyMisuse, PolicyUnavailable
from recoup.pipeline.order import check_order

if TYPE_CHECKING:
    from recoup.manager import PluginManager
    from recoup.pipeline.registry import PipelineRegistry

_OWN_FIELDS = frozenset({"error_id", "timestamp", "severity"})
"""Fields that the handler fills in where the application does not."""
CONTEXT_FIELDS = _OWN_FIELDS | frozenset(
    {"user_id", "bot_id", "symbol", "order_id", "max_recovery_attempts", "recovery_attempts"}
)
"""Arguments of ``create_error_context`` that are fields of the context; the rest are details."""


def check_arguments(config: object, plugins: object) -> None:
    """Let the arguments of a handler pass.

    Raises:
        TypeError: ``config`` is no :class:`Config`, or ``plugins`` no mapping.
    """
    if config is not None and not isinstance(config, Config):
        remedy = "Config.from_dict(values)" if isinstance(config, Mapping) else "Config.from_file(path)"
        raise TypeError(f"config must be a recoup.Config, got {type(config).__name__}; make one with {remedy}")
    if plugins is not None and not (isinstance(plugins, Mapping) and all(isinstance(name, str) for name in plugins)):
        raise TypeError(f'plugins must map names to plugins, such as {{"mine": Mine}}, got {type(plugins).__name__}')


def check_own_fields(fields: Mapping[str, Any]) -> None:
    """Let the fields of a context pass that the handler fills in where the application does not.

    Raises:
        TypeError: one is of the wrong type.
    """
    if not isinstance(fields.get("severity", ErrorSeverity.LOW), ErrorSeverity):
        raise TypeError(f"severity must be an ErrorSeverity, such as ErrorSeverity.HIGH, got {fields['severity']!r}")
    if "error_id" in fields and not (isinstance(fields["error_id"], str) and fields["error_id"]):
        raise TypeError(f"error_id must be text that is not empty, got {fields['error_id']!r}")
    when = fields.get("timestamp")
    if "timestamp" in fields and (not isinstance(when, datetime) or when.tzinfo is None):
        raise TypeError(f"timestamp must be a datetime with a time zone, such as datetime.now(UTC), got {when!r}")


def check_orders(plugins: PluginManager, pipelines: PipelineRegistry) -> None:
    """Let the configured pipelines pass.

    Raises:
        ConfigError: the policies of some make no sense in their order.
    """
    problems = []
    for name in pipelines.names():
        try:
            check_order(plugins, pipelines[name].policies)
        except (PolicyMisuse, PolicyUnavailable) as failure:
            problems.append(ConfigProblem(f"error_handling.pipelines.{name}", str(failure)))
    if problems:
        raise ConfigError(problems)
