"""What the sanitizer hides, keeps and survives, measured on the corpus; a failure lists what got past, by kind."""

import json
from collections import Counter
from functools import cache
from itertools import islice

import corpus
import pytest
from corpus_measure import changed, measure, rendered, surviving
from loguru import logger
from witnesses import Witness

from recoup import Config, ErrorHandler
from recoup.testing import FakeClock
from recoup_plugins.security_sanitizer import SanitizerConfig, SecurityDataSanitizer

LEVELS = ["LOW", "MEDIUM", "HIGH", "CRITICAL"]
SANITIZER = SecurityDataSanitizer()


@cache
def knowing(registered):
    return SecurityDataSanitizer(config=SanitizerConfig(secrets=registered))


def sanitized(payload, level, registered):
    """Sanitize as an application does: text alone and as a member, anything else as a member."""
    sanitizer = knowing(registered) if registered else SANITIZER
    if not isinstance(payload, str):
        return sanitizer.sanitize({"payload": payload}, level)
    text = sanitizer.sanitize_stack_trace if "\n" in payload else sanitizer.sanitize_text
    return [text(payload, level), sanitizer.sanitize({"message": payload}, level)]


def kept(payload, level, _):
    """Sanitize what has to stay: text has to stay text, byte for byte."""
    if not isinstance(payload, str):
        return SANITIZER.sanitize(payload, level)
    return (SANITIZER.sanitize_stack_trace if "\n" in payload else SANITIZER.sanitize_text)(payload, level)


@pytest.fixture(scope="module")
def cases():
    return corpus.cases()


@pytest.fixture(scope="module")
def measured(cases):
    return measure(sanitized, cases)


def listed(found):
    """Return the failures by kind, with one of each."""
    counts = Counter(case.kind for case, _, _ in found)
    one_of = {case.kind: (case, what, left) for case, what, left in reversed(found)}
    shown = [
        f"{kind}: {what!r} of {case.payload!r:.300} gave {left!r:.300}" for kind, (case, what, left) in one_of.items()
    ]
    return "\n".join([", ".join(f"{kind} {count}" for kind, count in counts.most_common()), *shown])


def test_recall_is_98_percent(measured):
    recall = measured.recall
    assert recall >= 0.98, listed(measured.misses)


def test_99_percent_of_what_surrounds_a_secret_is_kept(measured):
    kept_of_context = measured.context
    assert kept_of_context >= 0.99, listed(measured.lost)


def test_false_positives_are_at_most_4_in_1000():
    rows = corpus.benign()
    found = changed(kept, rows)
    share = len(found) / len(rows)
    assert share <= 0.004, "\n".join(f"{row.kind}: {row.payload!r} became {now!r}" for row, now in found)


def test_what_a_level_hides_every_higher_one_hides(cases, measured):
    missed = {id(case) for case, _, _ in measured.misses}
    for level in ("HIGH", "CRITICAL"):
        above = [case for case in cases if LEVELS.index(case.level) < LEVELS.index(level) and id(case) not in missed]
        found = []
        for case in islice(above, 0, None, 5):
            left = rendered(sanitized(case.payload, level, case.registered))
            if (survivor := surviving(case, left)) is not None:
                found.append((case, survivor, left))
        assert not found, f"at {level}: {listed(found)}"


@pytest.mark.parametrize("probe", corpus.probes(), ids=lambda probe: probe.name)
def test_probe(probe):
    payload = probe.build()
    assert probe.check(payload, SANITIZER.sanitize(payload, "HIGH"))


def test_the_corpus_is_as_large_as_it_says(cases):
    assert len(cases) >= 1_500
    assert len({case.kind for case in cases}) >= 110
    assert len(corpus.benign()) >= 600
    assert len(corpus.probes()) >= 70
    assert len(list(corpus.carriers())) >= 100
    assert {case.level for case in cases} == set(LEVELS)


def test_the_corpus_is_the_same_in_every_run(cases):
    def written(found):
        return [case.payload for case in found if isinstance(case.payload, str)]

    assert written(cases) == written(corpus.cases())
    assert corpus.benign() == corpus.benign()


def test_every_secret_and_all_context_of_the_corpus_is_in_its_payload(cases):
    plain = [case for case in cases if isinstance(case.payload, str | dict | list)]
    untouched = measure(lambda payload, _, __: payload, plain)
    recall = untouched.recall
    assert recall == 0
    assert not untouched.lost, listed(untouched.lost)
    assert len(plain) > 0.8 * len(cases)


@pytest.mark.anyio
@pytest.mark.parametrize("level", LEVELS)
async def test_no_carrier_gets_a_secret_to_an_observer_or_into_a_log(level):
    got = []
    sink = logger.add(lambda line: got.append(str(line)), level=0, diagnose=False, serialize=True)
    settings = {"sanitization_level": level, "max_errors_per_minute": 1_000_000}
    witness = Witness()
    leaks = Counter()
    try:
        config = Config.from_dict({"error_handling": {"security": settings}})
        async with ErrorHandler(config, clock=FakeClock(), plugins={"witness": witness}) as handler:
            for carrier in corpus.carriers():
                witness.seen.clear()
                got.clear()
                error = carrier.error()
                context = handler.create_error_context(error, "exchange", "fetch_balance", **carrier.details)
                outcome = await handler.process(error, context)
                left = [*map(repr, witness.seen), *got, outcome.detail, str(context.stack_trace), repr(context)]
                left.append(json.dumps(context.sanitize(level).to_dict(), default=repr))
                assert witness.seen
                leaks.update({carrier.name: any(secret in line for line in left for secret in carrier.secrets)})
    finally:
        logger.remove(sink)
    assert not +leaks
