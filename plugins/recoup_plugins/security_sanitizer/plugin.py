"""The sanitizer as a plugin on the ``sanitize`` hook."""

from __future__ import annotations

from typing import ClassVar

from recoup import hookimpl
from recoup_plugins.security_sanitizer.config import SanitizerConfig
from recoup_plugins.security_sanitizer.sanitizer import SecurityDataSanitizer


class SecuritySanitizerPlugin:
    """Answers the ``sanitize`` hook with a ``SecurityDataSanitizer``. Thread-safe and task-safe, as that is.

    Attributes:
        sanitizer: what does the work; its ``register_secret`` takes values that turn up at run time.

    Raises:
        ValueError: the config names an unknown rule, or a secret too short to be told from ordinary text.
    """

    Config: ClassVar[type[SanitizerConfig]] = SanitizerConfig

    def __init__(self, config: SanitizerConfig) -> None:
        self.sanitizer = SecurityDataSanitizer(config=config)

    @hookimpl
    def sanitize(self, payload: object, level: str) -> object:
        """Return a copy of the payload without what the level hides.

        Raises:
            UnknownLevelError: the level is none of LOW, MEDIUM, HIGH and CRITICAL.
        """
        return self.sanitizer.sanitize(payload, level)
