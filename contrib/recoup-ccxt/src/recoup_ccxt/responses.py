"""Hearing every response of a ccxt client, in the task or thread that asked for it."""

from __future__ import annotations

import logging
import weakref
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any

Listener = Callable[[Mapping[str, str]], object]
"""Is given the headers of a response."""

_NAME = "on_rest_response"
MAX_LISTENERS = 64
"""Listeners of one client; each response costs a call of every one."""

_log = logging.getLogger("recoup_ccxt")
_latest: ContextVar[tuple[object, str] | None] = ContextVar("recoup_ccxt_latest", default=None)
"""Whose response this task or thread had last, by a weak reference to the tap, and how its body begins."""
_OPENING = 64


class ResponseTap:
    """Stands in a client's own place for looking at responses, and passes each on to the client's method.

    ccxt calls it for every HTTP response, refusals included, before it reads the body. Thread-safe and task-safe: what
    is remembered of a response is kept by task and by thread.
    """

    def __init__(self, exchange: Any) -> None:
        # Only weakly, and by the class: a client that is dropped must go at once, with its sockets.
        self._exchange = weakref.ref(exchange)
        self._replaced = vars(exchange).get(_NAME)
        self._method = getattr(type(exchange), _NAME)
        self._itself = weakref.ref(self)
        self._listeners: tuple[Listener, ...] = ()

    @classmethod
    def of(cls, exchange: Any) -> ResponseTap | None:
        """Return the client's tap, put in place where it has none yet; None where the client has no such place."""
        current = getattr(exchange, _NAME, None)
        if isinstance(current, ResponseTap):
            return current
        if not callable(current):
            return None
        tap = cls(exchange)
        setattr(exchange, _NAME, tap)
        return tap

    @property
    def opening(self) -> str | None:
        """How the body of the latest response to this task or thread begins; None where it had none of this client.

        ccxt's own ``last_http_response`` is one slot for all of them.
        """
        latest = _latest.get()
        return latest[1] if latest is not None and latest[0] == self._itself else None

    def listen(self, listener: Listener) -> None:
        """Have a listener given the headers of every response from now on.

        Raises:
            ValueError: there are ``MAX_LISTENERS`` already.
        """
        if len(self._listeners) >= MAX_LISTENERS:
            raise ValueError(f"{MAX_LISTENERS} listeners are on this client already: add one once, not once a call")
        self._listeners = (*self._listeners, listener)

    def __call__(self, code: Any, reason: Any, url: Any, method: Any, headers: Any, body: Any, *sent: Any) -> Any:
        """Take note of the response, and answer as the client does."""
        _latest.set((self._itself, body[:_OPENING].lstrip() if isinstance(body, str) else ""))
        if isinstance(headers, Mapping):
            for listener in self._listeners:
                self._tell(listener, headers)
        if self._replaced is not None:
            return self._replaced(code, reason, url, method, headers, body, *sent)
        return self._method(self._exchange(), code, reason, url, method, headers, body, *sent)

    def _tell(self, listener: Listener, headers: Mapping[str, str]) -> None:
        """Tell a listener; one that fails is let go, since the response matters more than what is counted of it."""
        try:
            listener(headers)
        except Exception:  # noqa: BLE001 - logged, and the listener is let go
            self._listeners = tuple(other for other in self._listeners if other is not listener)
            _log.exception("%r failed on the headers of a response, and will be given no more", listener)
