"""The demonstration: one bot, one fault plan, with a plain retry and with recoup."""

import json
import subprocess
import sys

import pytest

from recoup_sim import DEFAULT_FAULTS, FaultPlan
from recoup_sim.demo.bots import make_intents
from recoup_sim.demo.run import Report, Settings, run_guarded, run_plain
from recoup_sim.demo.witness import LogWitness
from recoup_sim.signing import Credentials


def demo(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "recoup", "demo", *arguments], capture_output=True, text=True, check=False, timeout=120
    )


@pytest.mark.parametrize("faults", ["default", "all"])
def test_recoup_sends_nothing_twice_and_loses_nothing_where_a_plain_retry_does_both(faults):
    result = demo("--json", "--faults", faults, "--orders", "300")

    assert result.returncode == 0, result.stderr
    report = json.loads(result.stdout)
    plain, guarded = report["plain_retry"], report["recoup"]
    assert plain["duplicates"] > 0
    assert plain["lost"] > 0
    assert plain["secrets"] > 0
    assert guarded["duplicates"] == guarded["lost"] == guarded["secrets"] == guarded["mistaken"] == 0
    assert guarded["accepted"] + guarded["rejected"] == guarded["intended"] == 300
    assert guarded["adopted"] > 0
    assert guarded["verified"] > 0
    assert guarded["requests_during_bans"] <= 1  # the one that was answered with the ban


@pytest.mark.parametrize("seed", [3])
def test_the_same_seed_gives_the_same_report_but_for_real_time(seed):
    first, second = (json.loads(demo("--json", "--orders", "40", "--seed", str(seed)).stdout) for _ in range(2))

    for report in (first, second):
        for run in ("plain_retry", "recoup"):
            del report[run]["real_seconds"]
    assert first == second


def test_the_table_stands_side_by_side():
    result = demo("--orders", "5")

    assert "plain retry" in result.stdout
    assert "recoup" in result.stdout
    assert "duplicates" in result.stdout


def test_a_plan_of_ones_own_is_read_from_a_file(tmp_path):
    plan = tmp_path / "plan.yaml"
    plan.write_text("faults:\n  - {kind: reset_after, at: [2]}\n")

    report = json.loads(demo("--json", "--orders", "3", "--faults", str(plan)).stdout)

    assert report["plain_retry"]["duplicates"] == 1
    assert report["recoup"]["adopted"] == 1


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--faults", "no-such-file.yaml"], 1, "no-such-file.yaml"),
        (["--orders", "0"], 2, "--orders"),
        (["--orders", "many"], 2, "--orders"),
    ],
)
def test_wrong_words_are_named(arguments, code, words):
    result = demo(*arguments)

    assert result.returncode == code
    assert words in result.stderr


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
    for fault in ("duplicates", "lost", "secrets"):
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
