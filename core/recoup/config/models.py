"""The configuration as typed values."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import Any

from attrs import field, frozen
from attrs.validators import ge, gt, in_, instance_of, optional

from recoup.classification import ErrorSeverity, SensitivityLevel
from recoup.policies import CircuitBreakerConfig, RetryConfig


@frozen(kw_only=True)
class SeverityConfig:
    """What happens for errors of one severity. Immutable.

    Attributes:
        escalate: whether an :class:`EscalationEvent` goes out.
        notify: channels named in it, such as ``("discord", "email")``; delivering is up to a ``monitor`` plugin.
    """

    escalate: bool = False
    notify: tuple[str, ...] = ()


@frozen(kw_only=True)
class SecurityConfig:
    """Security settings shared by plugins. Immutable.

    Attributes:
        sanitization_level: level at which events are sanitized.
        rate_limiting: whether the ``rate_limit`` hook is asked before an error is handled.
        max_errors_per_minute: errors handled per minute, for limiters to enforce.
    """

    sanitization_level: SensitivityLevel = SensitivityLevel.HIGH
    rate_limiting: bool = True
    max_errors_per_minute: int = field(default=100, validator=ge(1))


@frozen(kw_only=True)
class PluginSettings:
    """The core's settings for one plugin, and the plugin's own section. Immutable.

    Attributes:
        enabled: whether it is loaded; None leaves that to the plugin's own default.
        time_limit: seconds that one call of one of its hooks may take, or None for no limit.
        on_failure: for ``rate_limit``: ``deny`` or ``allow`` when it raises; None: as the plugin says.
        config: its own section, structured into the plugin's ``Config`` when it is built.
    """

    enabled: bool | None = None
    time_limit: float | None = field(default=None, validator=optional(gt(0)))
    on_failure: str | None = field(default=None, validator=optional(in_(("deny", "allow"))))
    config: Mapping[str, Any] = field(factory=dict, validator=instance_of(dict))


def _default_severities() -> dict[ErrorSeverity, SeverityConfig]:
    return {
        ErrorSeverity.CRITICAL: SeverityConfig(escalate=True),
        ErrorSeverity.HIGH: SeverityConfig(escalate=True),
    }


@frozen(kw_only=True)
class ErrorHandlingConfig:
    """The ``error_handling`` section. Immutable.

    Attributes:
        severity_levels: what happens for errors of each severity; in a file, one that is not named keeps its default.
            CRITICAL and HIGH escalate by default.
        retry_policies: by name: an exception class's name, a category with or without ``_errors`` such as
            ``network_errors``, or ``default``.
        circuit_breakers: by name: ``component.operation``, a component, an operation, or whatever a guard names.
        security: settings that security plugins share.
        plugins: settings of each plugin, by name.
        plugin_order: plugins that are asked before all others, in this order.
        pipelines: policies by the name of their pipeline, outermost first; each a mapping of one key, the name of the
            plugin that serves it, to its options.
        max_recovery_attempts: recoveries tried at most for an error context that the application handles by itself.
        max_call_attempts: attempts after which a guarded call is given up whatever plugins say.
        max_call_seconds: time since its first attempt after which a guarded call is not repeated, whatever plugins say.
        escalation_interval: seconds within which a human is told of the same matter once.
    """

    severity_levels: Mapping[ErrorSeverity, SeverityConfig] = field(factory=_default_severities)
    retry_policies: Mapping[str, RetryConfig] = field(factory=dict)
    circuit_breakers: Mapping[str, CircuitBreakerConfig] = field(factory=dict)
    security: SecurityConfig = field(factory=SecurityConfig)
    plugins: Mapping[str, PluginSettings] = field(factory=dict)
    plugin_order: tuple[str, ...] = ()
    pipelines: Mapping[str, tuple[Mapping[str, Any], ...]] = field(factory=dict)
    max_recovery_attempts: int = field(default=3, validator=ge(0))
    max_call_attempts: int = field(default=100, validator=ge(1))
    max_call_seconds: float = field(default=86_400.0, validator=gt(0))
    escalation_interval: float = field(default=300.0, validator=gt(0))


@frozen(kw_only=True)
class Config:
    """The whole configuration. Immutable.

    Attributes:
        error_handling: its one section.
    """

    error_handling: ErrorHandlingConfig = field(factory=ErrorHandlingConfig)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], *, plugins: Mapping[str, type] | None = None) -> Config:
        """Build from plain values; ``${NAME}`` and ``${NAME:-default}`` take text from the environment.

        Args:
            data: the root mapping, with ``error_handling`` in it.
            plugins: plugin classes that come from no entry point, by name, so that their sections can be checked.

        Raises:
            ConfigError: with every problem in ``data``, each at its path.
        """
        from recoup.config.loader import load  # noqa: PLC0415 - cattrs and PyYAML only where a file is read

        return load(data, plugins)

    @classmethod
    def from_yaml(cls, text: str | PathLike[str], *, plugins: Mapping[str, type] | None = None) -> Config:
        """Build from YAML text, or from the file that a path object names; see :meth:`from_dict`."""
        from recoup.config.loader import load, load_file, parse_yaml  # noqa: PLC0415 - as above

        return load_file(text, plugins) if isinstance(text, PathLike) else load(parse_yaml(text), plugins)

    @classmethod
    def from_toml(cls, text: str | PathLike[str], *, plugins: Mapping[str, type] | None = None) -> Config:
        """Build from TOML text, or from the file that a path object names; see :meth:`from_dict`."""
        from recoup.config.loader import load, load_file, parse_toml  # noqa: PLC0415 - as above

        return load_file(text, plugins) if isinstance(text, PathLike) else load(parse_toml(text), plugins)

    @classmethod
    def from_file(cls, path: str | PathLike[str], *, plugins: Mapping[str, type] | None = None) -> Config:
        """Build from a file: TOML where its name ends in ``.toml``, else YAML or JSON; see :meth:`from_dict`."""
        from recoup.config.loader import load_file  # noqa: PLC0415 - as above

        return load_file(path, plugins)
