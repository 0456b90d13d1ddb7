"""Registers the secrets that stand in the environment and in the configuration under a credential's name."""

from __future__ import annotations

import logging
import os
from itertools import chain, islice
from typing import TYPE_CHECKING, Final

from recoup_plugins.security_sanitizer.named import NamedKeys
from recoup_plugins.security_sanitizer.secret_sources import secrets_in

if TYPE_CHECKING:
    from collections.abc import Iterable

    from recoup import Config
    from recoup_plugins.security_sanitizer.config import SanitizerConfig
    from recoup_plugins.security_sanitizer.sanitizer import SecurityDataSanitizer

_log = logging.getLogger(__name__)

MOST_COLLECTED: Final = 512
"""Values that are taken from the environment and the configuration together, those of the configuration first."""


def register_collected(sanitizer: SecurityDataSanitizer, settings: SanitizerConfig, config: Config) -> None:
    """Register what the settings allow to be collected: the environment, and the section of every plugin.

    The settings' own names count as they do everywhere. What is beyond the bound is logged, by number.
    """
    keys = NamedKeys(settings.names, settings.allow)
    sources: list[Iterable[str]] = []
    if settings.secrets_from_config:
        sources += [secrets_in(plugin.config, keys) for plugin in config.error_handling.plugins.values()]
    if settings.secrets_from_environment:
        sources.append(secrets_in(os.environ, keys))
    values = dict.fromkeys(chain.from_iterable(sources))
    for value in islice(values, MOST_COLLECTED):
        sanitizer.register_secret(value)
    if len(values) > MOST_COLLECTED:
        _log.warning(
            "security_sanitizer: %d secrets of the environment and the configuration are not removed by value, "
            "since %d are registered already; register those that matter with register_secret",
            len(values) - MOST_COLLECTED,
            MOST_COLLECTED,
        )
