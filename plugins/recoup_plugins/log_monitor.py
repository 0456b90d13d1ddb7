"""Every event as one line in loguru.

loguru is used as a library should: nothing is added, removed or configured. ``logger.disable("recoup_plugins")``
silences the lines and ``logger.enable("recoup_plugins")`` brings them back.

An application that uses standard logging bridges to it with a handler of its own::

    class ToLogging(logging.Handler):
        def emit(self, record):
            logging.getLogger(record.name).handle(record)


    logger.add(ToLogging(), format="{message}", filter="recoup_plugins")

The lines then appear under the logger ``recoup_plugins.log_monitor``, with the fields in ``record.extra``.
"""

from __future__ import annotations

import reprlib
import threading
from collections import OrderedDict
from collections.abc import Mapping  # noqa: TC003 - cattrs resolves the annotations
from decimal import Decimal
from enum import Enum
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any, ClassVar

import attrs
from attrs import field, frozen
from attrs.validators import deep_mapping, ge, instance_of

from recoup import hookimpl
from recoup.events import ErrorEvent, RecoveryEvent, SuppressionEvent

if TYPE_CHECKING:
    from collections.abc import Callable

    from loguru import Logger

    from recoup.events import Event
    from recoup.host import Host

DEFAULT_LEVELS: Mapping[str, str] = {
    "error": "WARNING",
    "error.critical": "CRITICAL",
    "error.high": "ERROR",
    "error.low": "INFO",
    "recovery": "INFO",
    "recovery.raise": "WARNING",
    "recovery.unknown": "WARNING",
    "breaker": "INFO",
    "breaker.open": "WARNING",
    "connection": "INFO",
    "connection.disconnected": "WARNING",
    "connection.failed": "ERROR",
    "connection.maintenance": "WARNING",
    "state": "INFO",
    "escalation": "ERROR",
    "escalation.critical": "CRITICAL",
    "plugin": "ERROR",
    "plugin.registered": "DEBUG",
    "plugin.unregistered": "DEBUG",
    "plugin.started": "DEBUG",
    "plugin.stopped": "DEBUG",
    "policy": "OFF",
    "suppression": "WARNING",
    "threat": "WARNING",
    "threat.critical": "CRITICAL",
    "threat.high": "ERROR",
}
"""loguru levels by kind of event, and by what :data:`_DETAILS` names of it where that has a level of its own.

``OFF`` has no line written. What policies do is off by default: a line for each retry costs more than the retry.
"""

_DETAILS = {
    "error": "severity",
    "recovery": "decision",
    "breaker": "new",
    "connection": "state",
    "escalation": "severity",
    "plugin": "fault",
    "policy": "action",
    "threat": "severity",
}

_OFF = "OFF"
_LONGEST_TEXT = 2_000
_MOST_DETAILS = 32
_MOST_FRAMES_TEXT = 64
_LONGEST_KEY = 128
_MOST_KEYS = 1_024
_WINDOW = 60.0
_AS_THEY_ARE = frozenset({bool, float, Decimal, type(None)})
_OTHERS = ("error", "(others)", "(others)", "(others)")


def _levels_exist(_: object, __: object, value: Mapping[str, str]) -> None:
    if value:
        from loguru import logger  # noqa: PLC0415 - only an application that logs pays for the import

        _merge_levels(value, logger)


@frozen(kw_only=True)
class LogMonitorConfig:
    """Settings of the log monitor. Immutable.

    Attributes:
        levels: loguru levels that differ from :data:`DEFAULT_LEVELS`, by ``kind`` such as ``breaker``, which then
            counts for the whole kind, or ``kind.detail`` such as ``error.low`` or ``breaker.open``.
        stack_traces: whether the sanitized stack trace follows an error's line, each of its lines indented and marked.
        identical_per_minute: lines a minute for errors of the same component, operation and type, and for recoveries
            of the same component, operation and decision. More are counted, and summarised when the minute is over,
            with the next error or recovery or when the monitor stops.

    Raises:
        ValueError: ``levels`` names a kind of event or a level that does not exist.
    """

    levels: Mapping[str, str] = field(
        factory=dict, validator=[deep_mapping(instance_of(str), instance_of(str)), _levels_exist]
    )
    stack_traces: bool = field(default=False, validator=instance_of(bool))
    identical_per_minute: int = field(default=60, validator=[instance_of(int), ge(1)])


class LogMonitor:
    """Writes each event to loguru as one line with structured fields. Thread-safe and task-safe.

    Events come sanitized. What the monitor adds is form: text is cut at 2,000 characters and says so, whatever is not
    printable is escaped, so that no text begins a line of its own, and text is never taken for a format. The fields
    are in loguru's ``extra``; ``extra["event"]`` is the kind.

    Args:
        config: levels, stack traces, and how many identical lines a minute.
        host: gives the clock.

    Raises:
        ValueError: ``levels`` names a kind, a detail or a level that does not exist.
    """

    Config: ClassVar[type[LogMonitorConfig]] = LogMonitorConfig

    def __init__(self, config: LogMonitorConfig, host: Host) -> None:
        from loguru import logger  # noqa: PLC0415 - only an application that logs pays for the import

        self._levels = _merge_levels(config.levels, logger)
        self._logger = logger
        self._clock = host.clock
        self._stack_traces = config.stack_traces
        self._storms = _Storms(config.identical_per_minute)

    def hears(self, kind: str) -> bool:
        """Say whether any event of a kind is written."""
        return any(level != _OFF for name, level in self._levels.items() if name.partition(".")[0] == kind)

    @hookimpl
    def monitor(self, event: Event) -> None:
        """Write the event, or count it where too many like it were written within a minute."""
        kind = event.kind
        if isinstance(event, ErrorEvent):
            detail: str = event.severity._value_
            if not self._admit((kind, event.component, event.operation, event.error_type)):
                return
            fields = _error_fields(event)
            line = _Line(_error_text if self._stack_traces else _error_line, event)
        else:
            detail = _plain(getattr(event, _DETAILS.get(kind, ""), ""))
            if isinstance(event, RecoveryEvent) and not self._admit((kind, event.component, event.operation, detail)):
                return
            fields = _fields(event)
            line = _Line(_suppression_line if isinstance(event, SuppressionEvent) else _line, fields)
        level = self._levels.get(f"{kind}.{detail}") or self._levels.get(kind, "INFO")
        if level == _OFF:
            return
        # Captured keywords come to the same extra as a bound logger's, without the price of a new logger.
        self._logger.log(level, "{}", line, **fields)

    def stop(self) -> None:
        """Summarise what is still being counted."""
        self._summarise(self._storms.drain())

    def _admit(self, key: tuple[str, str, str, str]) -> bool:
        admitted, over = self._storms.count(key, self._clock.monotonic())
        if over:
            self._summarise(over)
        return admitted

    def _summarise(self, over: list[tuple[tuple[str, str, str, str], int]]) -> None:
        for (kind, component, operation, subject), count in over:
            fields = {
                "event": "suppression",
                "component": _one_line(component),
                "operation": _one_line(operation),
                "count": count,
                "reason": f"{kind} {_one_line(subject)}, {self._storms.limit} lines a minute",
            }
            self._logger.log(self._levels["suppression"], "{}", _Line(_suppression_line, fields), **fields)


class _Line:
    """A line that is made when loguru formats it, hence only where somebody listens. Immutable, so thread-safe."""

    __slots__ = ("_make", "_subject")

    def __init__(self, make: Callable[[Any], str], subject: object) -> None:
        self._make = make
        self._subject = subject

    def __format__(self, spec: str) -> str:
        return self._make(self._subject)


class _Storms:
    """Counts identical lines in windows of a minute. Thread-safe; at most ``_MOST_KEYS`` keys, all others share one."""

    __slots__ = ("_first_end", "_lock", "_windows", "limit")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._lock = threading.Lock()
        self._first_end = 0.0
        self._windows: OrderedDict[tuple[str, str, str, str], list[float]] = OrderedDict()

    def count(
        self, key: tuple[str, str, str, str], now: float
    ) -> tuple[bool, list[tuple[tuple[str, str, str, str], int]]]:
        """Count a line; return whether it is to be written, and the keys of windows that are over with their excess."""
        over: list[tuple[tuple[str, str, str, str], int]] = []
        with self._lock:
            windows = self._windows
            while windows and now >= self._first_end:
                oldest, (_, seen) = windows.popitem(last=False)
                if seen > self.limit:
                    over.append((oldest, int(seen) - self.limit))
                self._first_end = next(iter(windows.values()))[0] if windows else 0.0
            window = windows.get(key) or self._open(key, now)
            window[1] += 1
            return window[1] <= self.limit, over

    def _open(self, key: tuple[str, str, str, str], now: float) -> list[float]:
        key = (key[0], key[1][:_LONGEST_KEY], key[2][:_LONGEST_KEY], key[3][:_LONGEST_KEY])
        windows = self._windows
        if key not in windows and len(windows) >= _MOST_KEYS:
            key = _OTHERS
        if not windows:
            self._first_end = now + _WINDOW
        return windows.setdefault(key, [now + _WINDOW, 0])

    def drain(self) -> list[tuple[tuple[str, str, str, str], int]]:
        """Forget everything; return the keys with an excess and how much."""
        with self._lock:
            over = [(key, int(seen) - self.limit) for key, (_, seen) in self._windows.items() if seen > self.limit]
            self._windows.clear()
        return over


def _merge_levels(overrides: Mapping[str, str], logger: Logger) -> dict[str, str]:
    levels = dict(DEFAULT_LEVELS)
    for name, level in sorted(overrides.items()):  # a kind comes before its details
        kind, dot, detail = name.partition(".")
        if kind not in DEFAULT_LEVELS or (dot and (kind not in _DETAILS or not detail)):
            raise ValueError(
                f"log_monitor.levels: {name!r} is no kind of event such as 'breaker', and no kind with a detail such "
                f"as 'error.low'; the kinds are {', '.join(key for key in DEFAULT_LEVELS if '.' not in key)}"
            )
        try:
            if level != _OFF:
                logger.level(level)
        except ValueError:
            raise ValueError(
                f"log_monitor.levels.{name}: loguru has no level {level!r}; it has TRACE, DEBUG, INFO, SUCCESS, "
                "WARNING, ERROR, CRITICAL, OFF for none, and what the application added before"
            ) from None
        if not dot:
            levels = {key: value for key, value in levels.items() if not key.startswith(f"{kind}.")}
        levels[name] = level
    return levels


def _error_fields(event: ErrorEvent) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "event": "error",
        "error_id": _one_line(event.error_id),
        "severity": event.severity._value_,
        "category": event.category._value_,
        "reason": event.reason._value_,
        "retryable": event.retryable,
        "outcome_known": event.outcome_known,
        "component": _one_line(event.component),
        "venue": _one_line(event.venue),
        "operation": _one_line(event.operation),
        "error_type": _one_line(event.error_type),
        "recovery_attempts": event.recovery_attempts,
    }
    if event.user_id is not None:
        fields["user_id"] = _one_line(event.user_id)
    if event.bot_id is not None:
        fields["bot_id"] = _one_line(event.bot_id)
    if event.symbol is not None:
        fields["symbol"] = _one_line(event.symbol)
    if event.order_id is not None:
        fields["order_id"] = _one_line(event.order_id)
    if event.details:
        fields["details"] = _bounded_details(event.details)
    return fields


def _error_line(event: ErrorEvent) -> str:
    subject = _one_line(f"{event.component}.{event.operation}: {event.error_type}: {event.message}")
    outcome = "" if event.outcome_known else ", outcome unknown"
    return (
        f"error {subject} ({event.severity._value_}, {event.category._value_}, {event.reason._value_}{outcome}, "
        f"{_one_line(event.error_id)})"
    )


def _error_text(event: ErrorEvent) -> str:
    line = _error_line(event)
    if event.stack_trace is None:
        return line
    trace = event.stack_trace.split("\n")
    kept = [f"\n    | {_one_line(text)}" for text in trace[-_MOST_FRAMES_TEXT:]]
    cut = len(trace) - len(kept)
    return f"{line}{f'{chr(10)}    | ({cut:,} earlier lines cut)' if cut else ''}{''.join(kept)}"


def _fields(event: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {"event": event.kind}
    names, read = _reader(event.__class__)
    for name, value in zip(names, read(event), strict=True):
        if value is not None and value != "":
            fields[name] = value if type(value) in _AS_THEY_ARE else _bounded(value)
    return fields


@cache
def _reader(event_class: Any) -> tuple[tuple[str, ...], Callable[[object], tuple[Any, ...]]]:
    """Return the names of an event's fields and what reads them all at once; every event has two at least."""
    names = tuple(attribute.name for attribute in attrs.fields(event_class))
    return names, attrgetter(*names)


def _line(fields: Mapping[str, Any]) -> str:
    rest = [f"{name}={_quoted(value) if isinstance(value, str) else value}" for name, value in fields.items()]
    return f"{fields['event']} {' '.join(rest[1:])}"  # the first is the event itself


def _suppression_line(fields: Mapping[str, Any]) -> str:
    reason = fields.get("reason")
    subject = f"{fields['component']}.{fields['operation']}"
    return f"{fields['count']:,} like this suppressed: {subject}{f' ({reason})' if reason else ''}"


def _quoted(text: str) -> str:
    if text and " " not in text and "=" not in text and '"' not in text:
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _one_line(text: str) -> str:
    if len(text) <= _LONGEST_TEXT and text.isprintable():
        return text
    cut = len(text) - _LONGEST_TEXT
    if cut > 0:
        text = f"{text[:_LONGEST_TEXT]}... ({cut:,} characters cut)"
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text)


def _plain(value: Any) -> str:
    return str(value._value_) if isinstance(value, Enum) else str(value)


def _bounded_details(details: Mapping[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for seen, key in enumerate(details):
        if seen == _MOST_DETAILS:
            kept["..."] = f"{len(details) - seen:,} more"
            break
        kept[_one_line(str(key))] = _bounded(details[key])
    return kept


def _bounded(value: Any) -> Any:
    if type(value) is str:
        return _one_line(value)
    if isinstance(value, (str, Enum)):
        return _one_line(_plain(value))
    if value is None or isinstance(value, (bool, float, Decimal)):
        return value
    if isinstance(value, int):
        return value if value.bit_length() <= _LONGEST_KEY else f"(an integer of {value.bit_length():,} bits)"
    if isinstance(value, tuple) and all(isinstance(item, str) for item in value):
        return _one_line(",".join(value[:_MOST_DETAILS]))
    return _one_line(reprlib.repr(value))
