"""The seed's factory: makes handlers, and keeps the one that serves code which was given none."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, ClassVar

from recoup._current import set_default_provider
from recoup.config.models import Config
from recoup.error_handler import ErrorHandler

if TYPE_CHECKING:
    from collections.abc import Mapping
    from random import Random

    from recoup.clock import Clock


class ErrorHandlerFactory:
    """Creates handlers and holds the default one. Thread-safe; nothing is made before it is asked for."""

    _lock: ClassVar[threading.Lock] = threading.Lock()
    _default: ClassVar[ErrorHandler | None] = None

    @classmethod
    def create_error_handler(
        cls,
        config: Config,
        *,
        clock: Clock | None = None,
        random: Random | None = None,
        plugins: Mapping[str, Any] | None = None,
        discover: bool = True,
    ) -> ErrorHandler:
        """Create a handler of its own; the arguments are those of :class:`ErrorHandler`.

        Raises:
            ConfigError: the configuration does not fit the plugins.
        """
        return ErrorHandler(config, clock=clock, random=random, plugins=plugins, discover=discover)

    @classmethod
    def get_default(cls) -> ErrorHandler:
        """Return the handler that serves code which was given none; made with the defaults when first needed."""
        with cls._lock:
            if cls._default is None:
                cls._default = cls.create_error_handler(Config())
            return cls._default

    @classmethod
    def set_default(cls, handler: ErrorHandler | None) -> ErrorHandler | None:
        """Replace the default handler; None has a new one made when next needed. Returns the former one."""
        with cls._lock:
            former, cls._default = cls._default, handler
        if former is not None:
            former.plugins.renew()  # functions compiled for it look again who serves them
        return former


set_default_provider(ErrorHandlerFactory.get_default)
