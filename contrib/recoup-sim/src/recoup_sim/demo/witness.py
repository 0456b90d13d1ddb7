"""What left the process in the log, and whether a secret was in it."""

from __future__ import annotations

import re
from collections import deque
from typing import TYPE_CHECKING, Any, Self

from loguru import logger

if TYPE_CHECKING:
    from types import TracebackType

    from recoup_sim.signing import Credentials

LINES_KEPT = 2000
_SIGNATURE = re.compile(r"signature=[0-9a-fA-F]{64}")
_FORMAT = "{level: <8} {message} {extra}"


class LogWitness:
    """Listens to the whole log during a run. A context manager; not thread-safe.

    Args:
        credentials: the secrets to look for, beside request signatures.
        echo: print each line as well.

    Attributes:
        secrets_seen: lines in which a secret stood.
        lines: the latest lines.
    """

    def __init__(self, credentials: Credentials, *, echo: bool = False) -> None:
        self._secrets = (credentials.api_key, credentials.secret)
        self._echo = echo
        self._sink: int | None = None
        self.secrets_seen = 0
        self.lines: deque[str] = deque(maxlen=LINES_KEPT)

    def __enter__(self) -> Self:
        logger.remove()
        self._sink = logger.add(self._write, format=_FORMAT, level="DEBUG", backtrace=False, diagnose=False)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._sink is not None:
            logger.remove(self._sink)

    def _write(self, message: Any) -> None:
        line = str(message).rstrip("\n")
        self.lines.append(line)
        if any(secret in line for secret in self._secrets) or _SIGNATURE.search(line):
            self.secrets_seen += 1
        if self._echo:
            print(line)  # noqa: T201 - a command line prints
