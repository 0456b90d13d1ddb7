"""``recoup audit``: prove that a trail is whole, and hand out what is in it."""

from __future__ import annotations

import argparse
import json
import os
import stat
import sys
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from recoup_plugins.audit_trail.chain import is_digest
from recoup_plugins.audit_trail.errors import AuditTrailError
from recoup_plugins.audit_trail.export import Selection, export_trail
from recoup_plugins.audit_trail.sealing import key_from_environment, key_from_file
from recoup_plugins.audit_trail.verify import verify_trail

if TYPE_CHECKING:
    from collections.abc import Iterator

    from recoup_plugins.audit_trail.export import Output
    from recoup_plugins.audit_trail.findings import Report
    from recoup_plugins.audit_trail.sealing import Keyring

_CANNOT = 2


class AuditCommand:
    """Verifies and exports audit trails."""

    help = "verify an audit trail, or export records of one with what proves them"

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Declare ``verify`` and ``export``."""
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        verify = actions.add_parser("verify", help="find anything changed, removed, inserted or reordered")
        export = actions.add_parser("export", help="write the records of a time or a component, verified on the way")
        for action in (verify, export):
            action.add_argument("path", metavar="PATH", type=Path, help="the trail's directory")
            key = action.add_mutually_exclusive_group()
            key.add_argument("--key-file", metavar="FILE", help="check the signatures with the key in this file")
            key.add_argument("--key-env", metavar="NAME", help="or with the one in this environment variable")
        verify.add_argument(
            "--expect", metavar="SEQ:HASH", type=_witness, help="a record noted elsewhere, which must be there"
        )
        verify.add_argument("--json", action="store_true", help="print JSON")
        export.add_argument(
            "--since", metavar="TIME", type=_moment, help="recorded then or later; ISO 8601, UTC without an offset"
        )
        export.add_argument("--until", metavar="TIME", type=_moment, help="recorded before then, not at that very time")
        export.add_argument(
            "--component", metavar="NAME", action="append", default=[], help="of this component; may be repeated"
        )
        export.add_argument("--format", choices=("jsonl", "csv"), default="jsonl", help="jsonl by default")
        export.add_argument("--output", metavar="FILE", type=Path, help="write there, readable by its owner only")
        export.add_argument("--manifest", metavar="FILE", type=Path, help="where the manifest goes")
        export.add_argument("--allow-broken", action="store_true", help="export from a trail that does not verify")

    def run(self, arguments: argparse.Namespace) -> int:
        """Run the action: 0 the trail is whole, 1 it is not, 2 it can't be told."""
        try:
            return _verify(arguments) if arguments.action == "verify" else _export(arguments)
        except BrokenPipeError:
            raise
        except (AuditTrailError, OSError) as failure:
            print(f"recoup: {failure}", file=sys.stderr)
            return _CANNOT


def _verify(arguments: argparse.Namespace) -> int:
    report = verify_trail(arguments.path, _keyring(arguments), witness=arguments.expect)
    if arguments.json:
        print(json.dumps({"path": str(arguments.path), "ok": report.is_ok, **attrs.asdict(report)}, indent=2))
    else:
        print("\n".join(_words(arguments.path, report)))
    return 0 if report.is_ok else 1


def _words(path: Path, report: Report) -> Iterator[str]:
    for finding in report.findings:
        yield _one_line(str(finding))
    if report.more:
        yield f"... and {report.more:,} more"
    signatures = f"{report.sealed} sealed" if report.is_key_checked else "signatures not checked: no key was given"
    yield (
        f"{path}: {'ok' if report.is_ok else 'NOT OK'}: records {report.first_sequence:,} to {report.last_sequence:,} "
        f"in {report.segments} segments ({signatures})"
    )
    if report.retired_through:
        yield f"segments up to {report.retired_through} were retired by the trail itself"
    if report.repairs or report.lost:
        yield f"the trail tells of {report.repairs} repaired ends and {report.lost:,} records that could not be written"
    if report.clock_steps:
        yield f"the trail tells of {report.clock_steps:,} times that its clock was set or that it paused for long"
    if report.unsigned:
        yield f"{report.unsigned:,} records at the end are not covered by a signature yet"
    yield f"head: {report.last_sequence}:{report.last_hash}"


def _export(arguments: argparse.Namespace) -> int:
    selection = Selection(since=arguments.since, until=arguments.until, components=tuple(arguments.component))
    if selection.since and selection.until and selection.since >= selection.until:
        raise AuditTrailError("--since must lie before --until; records at --until itself are not exported")
    for target in (arguments.output, arguments.manifest):
        if target is not None and target.resolve().parent == arguments.path.resolve():
            raise AuditTrailError(f"{target} lies in the trail itself: write the export elsewhere")
    with _output(arguments.output) as output:
        manifest = export_trail(
            arguments.path,
            selection,
            output,
            is_csv=arguments.format == "csv",
            keyring=_keyring(arguments),
            allow_broken=arguments.allow_broken,
        )
    text = json.dumps(manifest, indent=2) + "\n"
    place = arguments.manifest
    if place is None and arguments.output is not None:
        place = arguments.output.with_name(arguments.output.name + ".manifest.json")
    if place is None:
        sys.stderr.write(text)
    else:
        with _output(place) as file:
            file.write(text)
    return 0 if manifest["verified"] else 1


@contextmanager
def _output(path: Path | None) -> Iterator[Output]:
    if path is None:
        if sys.stdout is None:  # started with a closed standard output
            raise AuditTrailError("there is no standard output to write to: give --output")
        yield sys.stdout
        return
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
        if os.name == "posix" and stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.fchmod(descriptor, 0o600)  # it may have been there before
        yield file


def _keyring(arguments: argparse.Namespace) -> Keyring | None:
    if arguments.key_file is not None:
        return key_from_file(arguments.key_file)
    return None if arguments.key_env is None else key_from_environment(arguments.key_env)


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no time in ISO 8601, such as 2026-01-31T12:00:00Z") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _witness(text: str) -> tuple[int, str]:
    sequence, _, digest = text.partition(":")
    if not sequence.isdecimal() or not is_digest(digest):
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form 812:HASH, as `verify` prints the head")
    return int(sequence), digest


def _one_line(text: str) -> str:
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text)
