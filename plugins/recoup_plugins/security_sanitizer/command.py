"""``recoup sanitize``: cleans a log before it is shared, and says what it found.

Exit codes: 0, the log was cleaned, whether anything was found or not; 1, the configuration does not fit; 2, wrong
usage, or a file can't be read or written.
"""

from __future__ import annotations

import json
import os
import stat
import sys
import tempfile
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

import attrs

from recoup import Config, ErrorHandler, SensitivityLevel
from recoup_plugins.security_sanitizer.cleaning import LogCleaner, Summary
from recoup_plugins.security_sanitizer.collected import register_collected
from recoup_plugins.security_sanitizer.config import SanitizerConfig
from recoup_plugins.security_sanitizer.plugin import SecuritySanitizerPlugin
from recoup_plugins.security_sanitizer.records import LONGEST_LINE
from recoup_plugins.security_sanitizer.sanitizer import SecurityDataSanitizer

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

_PLUGIN: Final = "security_sanitizer"
_STANDARD_STREAM: Final = "-"
_FOREIGN_FORMATS: Final = (
    (b"\x1f\x8b", "is compressed by gzip; give its content: gzip -dc FILE | recoup sanitize -"),
    (b"BZh", "is compressed by bzip2; give its content: bzip2 -dc FILE | recoup sanitize -"),
    (b"\x28\xb5\x2f\xfd", "is compressed by zstd; give its content: zstd -dc FILE | recoup sanitize -"),
    (b"\xff\xfe", "is UTF-16; convert it first: iconv -f UTF-16 -t UTF-8 FILE | recoup sanitize -"),
    (b"\xfe\xff", "is UTF-16; convert it first: iconv -f UTF-16 -t UTF-8 FILE | recoup sanitize -"),
)
_WRONG_FILE: Final = 2


class FileProblem(Exception):
    """A file can't be read or written; the message says which and why."""


class SanitizeCommand:
    """Cleans a log. Not thread-safe: it belongs to one process."""

    help = "clean a log of secrets before it is shared"

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Declare the file and the options."""
        parser.add_argument("file", metavar="FILE", help="the log, or - for standard input")
        parser.add_argument(
            "--level",
            type=str.upper,
            choices=[level.value for level in SensitivityLevel],
            help="how much to hide; the configuration's sanitization_level by default, which is HIGH by itself",
        )
        parser.add_argument("--output", metavar="FILE", help="write there instead of standard output")
        parser.add_argument("--config", metavar="FILE", help="take this configuration's rules, names and secrets")
        parser.add_argument("--json", action="store_true", help="print the summary as JSON")
        parser.add_argument("--quiet", action="store_true", help="print no summary")

    def run(self, arguments: argparse.Namespace) -> int:
        """Clean the log and print the summary on standard error."""
        config = Config.from_file(arguments.config) if arguments.config else Config()
        level = arguments.level or config.error_handling.security.sanitization_level.value
        cleaner = LogCleaner(_sanitizer(config), level)
        try:
            _clean(cleaner, arguments.file, arguments.output)
        except FileProblem as problem:
            print(f"recoup sanitize: {problem}", file=sys.stderr)
            return _WRONG_FILE
        if not arguments.quiet:
            print(_worded(cleaner.summary, level, as_json=arguments.json), file=sys.stderr)
        return 0


def _sanitizer(config: Config) -> SecurityDataSanitizer:
    """Return a sanitizer with the configuration's rules and secrets, and with bounds above those of a record."""
    section = config.error_handling
    own = {name: settings for name, settings in section.plugins.items() if name == _PLUGIN}
    settings = SanitizerConfig()
    if own:
        # The handler reads the section; the plugin may be switched off where another one is at work.
        alone = attrs.evolve(section, plugins={_PLUGIN: attrs.evolve(own[_PLUGIN], enabled=True)}, plugin_order=())
        handler = ErrorHandler(
            attrs.evolve(config, error_handling=alone), plugins={_PLUGIN: SecuritySanitizerPlugin}, discover=False
        )
        settings = handler.plugins.get(_PLUGIN).config
    wide = attrs.evolve(settings, max_bytes=4 * LONGEST_LINE, max_items=LONGEST_LINE, max_depth=100, max_seconds=60.0)
    sanitizer = SecurityDataSanitizer(config=wide)
    register_collected(sanitizer, wide, config)
    return sanitizer


def _clean(cleaner: LogCleaner, source: str, target: str | None) -> None:
    with ExitStack() as stack:
        log = stack.enter_context(_opened(source))
        _refuse_foreign(log, source)
        if target is None or target == _STANDARD_STREAM:
            _refuse_same(log, sys.stdout, "standard output")
            output: IO[bytes] = sys.stdout.buffer
        else:
            output = stack.enter_context(_replaced(Path(target), log))
        try:
            cleaner.clean(log, output)
            output.flush()
        except BrokenPipeError:
            # Python would complain once more when it flushes standard output on its way out.
            with suppress(OSError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise FileProblem("standard output was closed before the log's end") from None
        except OSError as failure:
            raise FileProblem(_reason(failure, source)) from None


def _opened(source: str) -> AbstractContextManager[IO[bytes]]:
    if source == _STANDARD_STREAM:
        return nullcontext(sys.stdin.buffer)
    try:
        return Path(source).open("rb")
    except OSError as failure:
        raise FileProblem(_reason(failure, source)) from None


def _refuse_foreign(log: IO[bytes], source: str) -> None:
    """Refuse what is no text as it stands: nothing would be found in it."""
    try:
        head = log.peek(4)  # type: ignore[attr-defined]  # both kinds of log are buffered readers
    except OSError as failure:
        raise FileProblem(_reason(failure, source)) from None
    for magic, what in _FOREIGN_FORMATS:
        if head.startswith(magic):
            raise FileProblem(f"{_named(source)} {what}")


def _refuse_same(log: IO[bytes], target: IO[Any], name: str) -> None:
    try:
        read, written = os.fstat(log.fileno()), os.fstat(target.fileno())
    except OSError:  # one of them is no file at all
        return
    if stat.S_ISREG(written.st_mode) and os.path.samestat(read, written):
        raise FileProblem(f"{name} is the log itself; write to another file")


@contextmanager
def _replaced(target: Path, log: IO[bytes]) -> Iterator[IO[bytes]]:
    """Open a file beside the target, which takes its place once all is written; without that, nothing changes."""
    try:
        if target.is_dir():
            raise FileProblem(f"{target} is a directory; give --output a file")
        if target.exists():
            with target.open("rb") as existing:
                _refuse_same(log, existing, str(target))
        descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    except OSError as failure:
        raise FileProblem(_reason(failure, str(target))) from None
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as output:
            yield output
        temporary.replace(target)
    except OSError as failure:
        raise FileProblem(_reason(failure, str(target))) from None
    finally:
        temporary.unlink(missing_ok=True)


def _named(source: str) -> str:
    return "standard input" if source == _STANDARD_STREAM else source


def _reason(failure: OSError, source: str) -> str:
    return f"{_named(source)}: {failure.strerror or type(failure).__name__}"


def _worded(summary: Summary, level: str, *, as_json: bool) -> str:
    if as_json:
        report = {"level": level, "lines": summary.lines, "changed": summary.changed, "found": dict(summary.found)}
        return json.dumps(report)
    total = sum(summary.found.values())
    rows = [f"{summary.lines} lines at level {level}: {total} found, {summary.changed} changed"]
    rows += [f"{count:8}  {kind}" for kind, count in summary.found.most_common()]
    return "\n".join(rows)
