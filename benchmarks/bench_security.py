"""What the sanitizer hides, keeps and costs beside its peers, on the corpus of the tests.

Run it with ``make bench-security`` on a machine that does nothing else; ``--kinds`` also lists every kind.
"""

from __future__ import annotations

import json
import os
import sys
from importlib.util import find_spec
from multiprocessing import get_context
from resource import RLIMIT_AS, setrlimit
from time import monotonic
from typing import TYPE_CHECKING, Any
from unittest import mock

import corpus
from corpus_measure import Measured, Subject, Tally, changed, measure
from harness import paired
from security_payloads import logs, nested, texts
from security_peers import Scrub, peers, plain

from recoup_plugins.security_sanitizer import SanitizerConfig, SecurityDataSanitizer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from corpus_model import Benign, Probe

ROUNDS = 5
_START_UP = 2.0
"""Seconds beyond a probe's own that a process may take."""

_MOST_MEMORY = 6 << 30
"""Bytes that a process may take."""
LEVEL = "HIGH"


def recoup_subject(sanitizer: SecurityDataSanitizer) -> Subject:
    """Return what sanitizes with a sanitizer, or with one of its own where values are registered."""

    def subject(payload: Any, level: str, registered: tuple[str, ...]) -> Any:
        own = SecurityDataSanitizer(config=SanitizerConfig(secrets=registered)) if registered else sanitizer
        if not isinstance(payload, str):
            return own.sanitize(payload, level)
        return (own.sanitize_stack_trace if "\n" in payload else own.sanitize_text)(payload, level)

    return subject


def peer_subject(scrub: Scrub) -> Subject:
    """Return what scrubs with a peer, which knows neither levels nor registered values."""

    def subject(payload: Any, level: str, registered: tuple[str, ...]) -> Any:
        del level, registered
        return scrub(plain(payload))

    return subject


def sanitizers() -> dict[str, SecurityDataSanitizer]:
    """Return a sanitizer on each engine that is there; the one on ``re`` is built while RE2 looks absent."""
    if find_spec("re2") is None:
        return {"recoup, re": SecurityDataSanitizer()}
    with mock.patch.dict(sys.modules, {"re2": None}):
        standard = SecurityDataSanitizer()
    return {"recoup, RE2": SecurityDataSanitizer(), "recoup, re": standard}


def recall_table(subjects: Mapping[str, Subject]) -> dict[str, dict[str, Measured]]:
    """Print recall by family, and return what was measured by family and subject."""
    results: dict[str, dict[str, Measured]] = {}
    print(f"recall by family, %\n  {'':26}{'cases':>7}" + "".join(f"{name[:17]:>18}" for name in subjects))
    for family, build in corpus.FAMILIES.items():
        cases = list(build())
        results[family] = {name: measure(subject, cases) for name, subject in subjects.items()}
        cells = "".join(f"{100 * measured.recall:18.1f}" for measured in results[family].values())
        print(f"  {family:26}{len(cases):7}{cells}")
    whole = {name: _merged([by_name[name] for by_name in results.values()]) for name in subjects}
    total = sum(tally.cases for tally in next(iter(whole.values())).values())
    print(f"  {'all':26}{total:7}" + "".join(f"{100 * _share(tallies):18.1f}" for tallies in whole.values()))
    kept = "".join(f"{100 * _kept(tallies):18.1f}" for tallies in whole.values())
    print(f"  {'context kept':26}{'':7}{kept}")
    rivals = [tallies for name, tallies in whole.items() if not name.startswith("recoup")]
    if rivals:
        best = sum(max(tallies[kind].hidden for tallies in rivals) for kind in rivals[0])
        print(f"  best peer picked for each kind: {100 * best / total:.1f} %")
    if "--kinds" in sys.argv:
        _by_kind(whole)
    return results


def _merged(parts: list[Measured]) -> dict[str, Tally]:
    return {kind: tally for part in parts for kind, tally in part.kinds.items()}


def _share(tallies: Mapping[str, Tally]) -> float:
    return sum(tally.hidden for tally in tallies.values()) / sum(tally.cases for tally in tallies.values())


def _kept(tallies: Mapping[str, Tally]) -> float:
    return sum(tally.kept for tally in tallies.values()) / sum(tally.fragments for tally in tallies.values())


def _by_kind(whole: Mapping[str, Mapping[str, Tally]]) -> None:
    print("hidden by kind")
    for kind, tally in sorted(next(iter(whole.values())).items()):
        cells = "".join(f"{tallies[kind].hidden:18}" for tallies in whole.values())
        print(f"  {kind:26}{tally.cases:7}{cells}")


def false_positive_table(subjects: Mapping[str, Subject]) -> None:
    """Print how many benign rows each subject changed, by kind."""
    rows: dict[str, list[Benign]] = {}
    for row in corpus.benign():
        rows.setdefault(row.kind, []).append(row)
    print(f"false positives, rows changed\n  {'':26}{'rows':>7}" + "".join(f"{name[:17]:>18}" for name in subjects))
    totals = dict.fromkeys(subjects, 0)
    for kind, members in rows.items():
        counts = {name: len(changed(subject, members)) for name, subject in subjects.items()}
        totals = {name: totals[name] + count for name, count in counts.items()}
        print(f"  {kind:26}{len(members):7}" + "".join(f"{count:18}" for count in counts.values()))
    size = sum(map(len, rows.values()))
    print(f"  {'all, %':26}{size:7}" + "".join(f"{100 * count / size:18.2f}" for count in totals.values()))


def robustness_table(subjects: Mapping[str, Callable[[Any], Any]]) -> None:
    """Print how many hostile payloads each subject survives, with an acceptable result and in time."""
    probes = corpus.probes()
    for name, subject in subjects.items():
        passed = sum(_survives(subject, probe) for probe in probes)
        print(f"  {name:26} {passed} of {len(probes)}", flush=True)


def _survives(subject: Callable[[Any], Any], probe: Probe) -> bool:
    """Tell whether a subject passes a probe, in a process of its own: a peer may hang where no signal reaches it."""
    process = get_context("fork").Process(target=_pass, args=(subject, probe), daemon=True)
    process.start()
    process.join(probe.seconds + _START_UP)
    process.kill()
    process.join()
    return process.exitcode == 0


def _pass(subject: Callable[[Any], Any], probe: Probe) -> None:
    """Exit with 0 where the result is acceptable and in time, with 1 where it is not."""
    setrlimit(RLIMIT_AS, (_MOST_MEMORY, _MOST_MEMORY))
    payload = probe.build()
    begun = monotonic()
    try:
        result = subject(payload)
        has_passed = monotonic() - begun <= probe.seconds and probe.check(payload, result)
    except Exception:
        has_passed = False
    os._exit(0 if has_passed else 1)


def throughput_table(contenders: Mapping[str, Callable[[Any], Any]]) -> None:
    """Print megabytes per second on logs, the corpus's texts and nested contexts, no payload twice."""
    for name, payloads in (("log", logs()), ("text", texts()), ("nested", nested())):
        size = sum(len(json.dumps(payload)) for payload in payloads)
        best = paired({peer: _run(call, payloads) for peer, call in contenders.items()}, loops=1, rounds=ROUNDS)
        for peer, nanoseconds in best.items():
            print(f"  {name:8}{peer:26}{size / nanoseconds * 1000:10.2f}")


def _run(call: Callable[[Any], Any], payloads: list[Any]) -> Callable[[int], None]:
    """Return what shows every payload to a contender once, each time with another number in it."""
    turn = 0

    def run(loops: int) -> None:
        nonlocal turn
        for _ in range(loops):
            turn += 1
            for payload in payloads:
                call(f"{turn} {payload}" if isinstance(payload, str) else {"turn": f"turn {turn}", **payload})

    return run


def main() -> None:
    own = sanitizers()
    scrubs, missing = peers()
    for line in missing:
        print(f"left out: {line}")
    first = next(iter(own))
    print(f"measured on {first}; levels and registered values are known to it alone")
    subjects = {first: recoup_subject(own[first])} | {name: peer_subject(scrub) for name, scrub in scrubs.items()}
    recall_table(subjects)
    false_positive_table(subjects)
    print("hostile payloads survived")
    robustness_table({first: lambda value: own[first].sanitize(value, LEVEL), **scrubs})
    print("throughput, MB/s")
    sanitizing: dict[str, Callable[[Any], Any]] = {name: _sanitize(sanitizer) for name, sanitizer in own.items()}
    throughput_table(sanitizing | scrubs)


def _sanitize(sanitizer: SecurityDataSanitizer) -> Callable[[Any], Any]:
    def call(payload: Any) -> Any:
        return sanitizer.sanitize(payload, LEVEL)

    return call


if __name__ == "__main__":
    main()
