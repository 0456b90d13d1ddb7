"""`recoup venue`: a venue that outlives the bots that trade at it."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import ccxt
import pytest

from recoup.cli import main
from recoup_sim import Credentials
from recoup_sim.ccxt_options import exchange_options

NAMED = {"newClientOrderId": "a1"}


@pytest.fixture
def start():
    processes = []

    def run(*arguments):
        command = [sys.executable, "-m", "recoup", "venue", *arguments]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        processes.append(process)
        return process, json.loads(process.stdout.readline())

    yield run
    for process in processes:
        process.kill()
        process.wait()
        process.stdout.close()


def connect(told):
    client = ccxt.binance(exchange_options(told["url"], Credentials(told["api_key"], told["secret"])))
    client.timeout = 30_000
    return client


BOT = """
import json, sys
import ccxt
from recoup_sim import Credentials
from recoup_sim.ccxt_options import exchange_options
told = json.loads(sys.argv[1])
client = ccxt.binance(exchange_options(told["url"], Credentials(told["api_key"], told["secret"])))
client.timeout = 120_000
client.create_order("BTC/USDT", "limit", "buy", 0.01, 50_000, {"newClientOrderId": "a1"})
"""


def ledger_of(told):
    with urllib.request.urlopen(told["url"] + "/__ledger") as answer:
        return json.load(answer)


def test_a_venue_keeps_its_state_when_a_bot_is_killed_and_leaves_its_ledger(tmp_path, start):
    plan, ledger = tmp_path / "plan.yaml", tmp_path / "ledger.json"
    plan.write_text("seed: 3\nfaults:\n  - {kind: timeout_after, at: [1]}\n")
    venue, told = start("--plan", str(plan), "--ledger", str(ledger), "--client-id-rule", "forever")
    assert told["url"] == f"http://127.0.0.1:{told['port']}"
    bot = subprocess.Popen([sys.executable, "-c", BOT, json.dumps(told)])
    try:
        while not ledger_of(told)["accepted"]:
            assert bot.poll() is None
            time.sleep(0.02)
    finally:
        bot.kill()
    assert bot.wait(timeout=30) == -signal.SIGKILL

    reborn = connect(told)
    assert reborn.fetch_order(None, "BTC/USDT", {"origClientOrderId": "a1"})["status"] == "closed"
    with pytest.raises(ccxt.InvalidOrder, match="Duplicate order sent"):
        reborn.create_order("BTC/USDT", "limit", "buy", 0.01, 50_000, NAMED)
    reborn.session.close()

    seen = ledger_of(told)
    assert [order["client_order_id"] for order in seen["accepted"]] == ["a1"]
    venue.send_signal(signal.SIGTERM)
    assert venue.wait(timeout=30) == 0
    assert json.loads(ledger.read_text()) == seen


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--plan", "no-such-file.yaml"], 1, "no-such-file.yaml"),
        (["--port", "65536"], 2, "--port"),
        (["--client-id-rule", "sometimes"], 2, "sometimes"),
    ],
)
def test_wrong_words_are_named(arguments, code, words, capsys):
    try:
        exit_code = main(["venue", *arguments])
    except SystemExit as ended:
        exit_code = ended.code
    assert exit_code == code
    assert words in capsys.readouterr().err


def test_a_port_that_is_taken_is_named(capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert main(["venue", "--port", str(taken.getsockname()[1])]) == 1
    assert "Address already in use" in capsys.readouterr().err
