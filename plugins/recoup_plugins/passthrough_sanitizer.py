"""A sanitizer that hides nothing, for tests that look at what would have been hidden.

It has to be told twice, in two places: a line in a configuration file that was copied from a test to a server is not
enough, nor is a variable that was left in an environment.
"""

from __future__ import annotations

import os
from typing import ClassVar, Final

from attrs import field, frozen
from attrs.validators import instance_of, optional

from recoup import RecoupError, hookimpl

STATEMENT: Final = "secrets will be logged"
"""What ``i_understand`` must say."""

VARIABLE: Final = "RECOUP_PASSTHROUGH_SANITIZER"
"""The environment variable that must be 1."""


class NotToldTwice(RecoupError):
    """The plugin was enabled without both of its confirmations."""


@frozen(kw_only=True)
class PassthroughSanitizerConfig:
    """Settings of the passthrough sanitizer. Immutable, hence thread-safe and task-safe.

    Attributes:
        i_understand: must be the sentence ``secrets will be logged``.
    """

    i_understand: str | None = field(default=None, validator=optional(instance_of(str)))


class PassthroughSanitizer:
    """Answers the ``sanitize`` hook with the payload itself. Thread-safe and task-safe: stateless.

    It is not even built, let alone started, before it has been told twice; until then the payload is withheld, as it
    is where there is no sanitizer.

    Raises:
        NotToldTwice: naming what is missing.
    """

    Config: ClassVar[type[PassthroughSanitizerConfig]] = PassthroughSanitizerConfig
    enabled_by_default: ClassVar[bool] = False

    def __init__(self, config: PassthroughSanitizerConfig) -> None:
        missing = []
        if config.i_understand != STATEMENT:
            missing.append(f'error_handling.plugins.passthrough_sanitizer.config.i_understand: "{STATEMENT}"')
        if os.environ.get(VARIABLE) != "1":
            missing.append(f"the environment variable {VARIABLE}=1")
        if missing:
            raise NotToldTwice(
                f"it hides nothing, so it must be told twice; missing: {' and '.join(missing)}. In production, enable "
                "security_sanitizer instead"
            )

    @hookimpl
    def sanitize(self, payload: object) -> object:
        """Return the payload as it is."""
        return payload
