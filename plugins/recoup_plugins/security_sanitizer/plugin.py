"""The sanitizer as a plugin on the ``sanitize`` hook."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from recoup import hookimpl
from recoup_plugins.security_sanitizer.collected import register_collected
from recoup_plugins.security_sanitizer.config import SanitizerConfig
from recoup_plugins.security_sanitizer.sanitizer import SecurityDataSanitizer

if TYPE_CHECKING:
    from recoup.host import Host


class SecuritySanitizerPlugin:
    """Answers the ``sanitize`` hook with a ``SecurityDataSanitizer``. Thread-safe and task-safe, as that is.

    When a handler builds it, it registers the secrets that stand in the environment and in the whole configuration.

    Attributes:
        config: its settings.
        sanitizer: what does the work; its ``register_secret`` takes values that turn up at run time.

    Raises:
        ValueError: the config names an unknown rule, or a secret too short to be told from ordinary text.
    """

    Config: ClassVar[type[SanitizerConfig]] = SanitizerConfig

    def __init__(self, config: SanitizerConfig, host: Host | None = None) -> None:
        self.config = config
        self.sanitizer = SecurityDataSanitizer(config=config)
        if host is not None:
            register_collected(self.sanitizer, config, host.config)

    @hookimpl
    def sanitize(self, payload: object, level: str) -> object:
        """Return a copy of the payload without what the level hides.

        Raises:
            UnknownLevelError: the level is none of LOW, MEDIUM, HIGH and CRITICAL.
        """
        return self.sanitizer.sanitize(payload, level)
