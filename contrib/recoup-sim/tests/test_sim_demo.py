"""The demonstration: one bot, one fault plan, with a plain retry and with recoup."""

import json

import pytest
from attrs import evolve

from recoup.cli import main
from recoup_sim import ALL_FAULTS, DEFAULT_FAULTS, FaultPlan
from recoup_sim.demo.bots import make_intents
from recoup_sim.demo.run import Report, Settings, run_guarded, run_plain
from recoup_sim.demo.witness import LogWitness
from recoup_sim.signing import Credentials


@pytest.fixture
def demo(capsys):
    def run(*arguments):
        code = main(["demo", *arguments])
        return code, capsys.readouterr().out

    return run


@pytest.mark.anyio
@pytest.mark.parametrize(("plan", "orders"), [(DEFAULT_FAULTS, 90), (ALL_FAULTS, 95)], ids=["default", "all"])
async def test_recoup_sends_nothing_twice_and_loses_nothing_where_a_plain_retry_does_both(plan, orders):
    settings = Settings(seed=7, orders=orders, plan=plan, client_timeout_ms=150)
    plain, guarded = await run_plain(settings), await run_guarded(settings)

    assert guarded.is_clean
    for harm in ("duplicates", "lost", "over_fills", "secrets"):
        assert getattr(plain, harm) > 0
        assert getattr(guarded, harm) == 0
    assert guarded.mistaken == 0
    assert guarded.accepted + guarded.rejected == guarded.intended == orders
    assert guarded.adopted > 0
    assert guarded.verified > 0
    assert guarded.requests_during_bans <= 1  # the one that was answered with the ban
    assert (guarded.crashes > 0) == (plain.crashes > 0) == (plan is ALL_FAULTS)
    assert guarded.resumed >= guarded.crashes


@pytest.mark.anyio
@pytest.mark.parametrize("run", [run_plain, run_guarded])
async def test_the_same_seed_gives_the_same_report_but_for_real_time(run):
    answered = [fault for fault in ALL_FAULTS.faults if not fault.kind.startswith("timeout_")]
    plan = FaultPlan(faults=tuple(answered))
    settings = Settings(seed=3, orders=20, plan=plan, client_timeout_ms=30_000)

    first, second = [evolve(await run(settings), real_seconds=0) for _ in range(2)]

    assert first.crashes
    assert first == second


def test_the_table_stands_side_by_side(demo):
    _, printed = demo("--orders", "3")

    for words in ("plain retry", "recoup", "duplicates", "filled more than ordered", "crashes of the bot"):
        assert words in printed


def test_a_plan_of_ones_own_is_read_from_a_file(tmp_path, demo):
    plan = tmp_path / "plan.yaml"
    plan.write_text("faults:\n  - {kind: reset_after, at: [2]}\n")

    code, printed = demo("--json", "--orders", "3", "--faults", str(plan))

    report = json.loads(printed)
    assert code == 0
    assert report["ok"] is True
    assert report["plain_retry"]["duplicates"] == 1
    assert report["recoup"]["adopted"] == 1


def test_an_order_survives_the_end_of_the_process_at_each_point(tmp_path, demo):
    points = enumerate(["before_send", "after_send", "after_answer"], start=1)
    lines = [f"  - {{kind: crash, at: [{ordinal}], point: {point}}}\n" for ordinal, point in points]
    plan = tmp_path / "plan.yaml"
    plan.write_text("faults:\n" + "".join(lines))

    report = json.loads(demo("--json", "--orders", "4", "--faults", str(plan))[1])

    plain, guarded = report["plain_retry"], report["recoup"]
    assert plain["crashes"] == guarded["crashes"] == plain["resumed"] == guarded["resumed"] == 3
    assert guarded["accepted"] == guarded["intended"] == 4
    assert guarded["duplicates"] == guarded["mistaken"] == 0
    assert plain["duplicates"] == plain["over_fills"] == 2


@pytest.mark.anyio
async def test_true_refusals_are_taken_for_answers_however_many_come():
    refusal = {"kind": "rejection", "reason": "lot_size", "at": list(range(1, 9))}
    settings = Settings(seed=7, orders=10, plan=FaultPlan.from_dict({"faults": [refusal]}))

    guarded = await run_guarded(settings)

    assert guarded.is_clean
    assert (guarded.rejected, guarded.accepted) == (8, 2)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--faults", "no-such-file.yaml"], 1, "no-such-file.yaml"),
        (["--orders", "0"], 2, "--orders"),
        (["--orders", "many"], 2, "--orders"),
    ],
)
def test_wrong_words_are_named(arguments, code, words, capsys):
    try:
        exit_code = main(["demo", *arguments])
    except SystemExit as ended:
        exit_code = ended.code

    assert exit_code == code
    assert words in capsys.readouterr().err


@pytest.mark.anyio
async def test_without_faults_both_bots_do_the_same():
    settings = Settings(seed=7, orders=10, plan=FaultPlan())
    plain, guarded = await run_plain(settings), await run_guarded(settings)

    assert plain.is_clean
    assert guarded.is_clean
    assert plain.accepted == guarded.accepted == 10


def test_an_unclean_run_is_told_from_a_clean_one():
    numbers = dict.fromkeys(Report.__annotations__, 0)
    assert Report(**numbers).is_clean
    for fault in ("duplicates", "lost", "over_fills", "secrets"):
        assert not Report(**(numbers | {fault: 1})).is_clean


@pytest.mark.parametrize("line", ["key is apikey1", "it is secret1", "GET /order?signature=" + "0a" * 32])
def test_the_witness_sees_a_secret_in_a_line(line):
    from loguru import logger

    with LogWitness(Credentials("apikey1", "secret1")) as witness:
        logger.info("{}", line)
        logger.info("nothing here")

    assert witness.secrets_seen == 1


def test_intents_are_different_orders():
    names = {intent.name for intent in make_intents(50)}

    assert len(names) == 50
    assert DEFAULT_FAULTS.faults
