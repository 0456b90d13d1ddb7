"""``recoup sanitize`` cleans logs of any size, and damages none."""

from __future__ import annotations

import argparse
import io
import json
import os
import stat
import subprocess
import sys
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recoup import ConfigError
from recoup_plugins.security_sanitizer import SanitizerConfig, SecurityDataSanitizer
from recoup_plugins.security_sanitizer.cleaning import LogCleaner
from recoup_plugins.security_sanitizer.command import SanitizeCommand
from recoup_plugins.security_sanitizer.records import LONGEST_LINE, LONGEST_RECORD, Records
from recoup_plugins.security_sanitizer.statements import holds_no_secret, says_about

KEY = b"vmPUZE6mv9SD5VNH"
LINE = b"2026-01-01 12:00:00 INFO order accepted symbol=BTC/USDT\n"
PEM = (
    b"-----BEGIN PRIVATE KEY-----\n"
    b"MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj\n"
    b"MzEfYyjiWA4R4/M2bS1GB4t7NXp98C3SC6dVMvDuictGeurT8jNbvJZHtCSuYEvu\n"
    b"NMoSfm76oqFvAp8Gy0iz5sxjZmSnXyCdPEovGhLa0VzMaQ8s+CLOyS56YyCFGeJZ\n"
    b"Zw==\n"
    b"-----END PRIVATE KEY-----\n"
)


SANITIZER = SecurityDataSanitizer(
    config=SanitizerConfig(max_bytes=4 * LONGEST_LINE, max_items=LONGEST_LINE, max_seconds=60.0)
)


def cleaned(data, level="HIGH"):
    cleaner = LogCleaner(SANITIZER, level)
    target = io.BytesIO()
    cleaner.clean(io.BytesIO(data), target)
    return target.getvalue(), cleaner.summary


def run(*words):
    command = SanitizeCommand()
    parser = argparse.ArgumentParser()
    command.configure(parser)
    return command.run(parser.parse_args([str(word) for word in words]))


PROGRAM = """
import argparse, sys
from recoup_plugins.security_sanitizer.command import SanitizeCommand
command, parser = SanitizeCommand(), argparse.ArgumentParser()
command.configure(parser)
sys.exit(command.run(parser.parse_args()))
"""


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "bot.log"
    path.write_bytes(LINE + b"sent api_key=" + KEY + b" to bob@venue.example\n")
    return path


# What comes out


def test_secrets_go_and_everything_else_stays(log, capfdbinary):
    assert run(log, "--level", "MEDIUM") == 0
    out, err = capfdbinary.readouterr()
    assert out == LINE + b"sent api_key=[API_KEY] to [EMAIL]\n"
    assert err == b"2 lines at level MEDIUM: 2 found, 1 changed\n       1  API_KEY\n       1  EMAIL\n"


def test_the_log_itself_is_left_as_it_was(log, capfdbinary):
    before = log.read_bytes()
    run(log)
    assert log.read_bytes() == before


def test_the_level_decides(log, capfdbinary):
    run(log, "--level", "low")
    assert b"bob@venue.example" in capfdbinary.readouterr().out


def test_the_summary_is_printed_as_json(log, capfdbinary):
    run(log, "--json")
    report = json.loads(capfdbinary.readouterr().err)
    assert report == {"level": "HIGH", "lines": 2, "changed": 1, "found": {"API_KEY": 1, "EMAIL": 1}}


def test_quiet_prints_no_summary(log, capfdbinary):
    run(log, "--quiet")
    assert capfdbinary.readouterr().err == b""


def test_placeholders_that_were_there_are_not_counted():
    _, summary = cleaned(b"a [API_KEY] and [ERROR] then token=[TOKEN] password=hunter22x\n")
    assert summary.found == {"PASSWORD": 1}


def test_a_log_is_read_from_standard_input(monkeypatch, capfdbinary):
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BufferedReader(io.BytesIO(b"api_key=" + KEY + b"\n"))))
    assert run("-") == 0
    assert capfdbinary.readouterr().out == b"api_key=[API_KEY]\n"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        b"\n\n\n",
        LINE,
        LINE.rstrip(),
        LINE.replace(b"\n", b"\r\n") * 3,
        b"\xef\xbb\xbf" + LINE,
        b"price 10 \xe2\x82\xac for M\xc3\xbcller\n",
        b"latin-1 M\xfcller, half a character \xe2\x82\n",
        b"tab\tand  spaces   stay\n",
        b'{"price": 1.10, "size": 1e-8, "big": 123456789012345678901234567890, "x": null}\n',
        b'{"a":1,"b":[1,2,{"c":"d"}]}\n[1, 2, 3]\n',
        '{"text": "M\u00fcller \\u00e9"}\n'.encode(),
    ],
    ids=lambda data: repr(data[:24]),
)
def test_where_there_is_nothing_to_hide_every_byte_stays(data):
    assert cleaned(data) == (data, cleaned(data)[1])
    assert cleaned(data)[1].changed == 0


def test_bytes_that_are_no_utf8_are_kept_beside_a_secret():
    out, _ = cleaned(b"M\xfcller \xff api_key=" + KEY + b" \xe2\x82\xac\r\n")
    assert out == b"M\xfcller \xff api_key=[API_KEY] \xe2\x82\xac\r\n"


def test_line_ends_are_kept():
    out, _ = cleaned(b"one api_key=" + KEY + b"\r\n  two api_key=" + KEY + b"\r\nthree api_key=" + KEY)
    assert out == b"one api_key=[API_KEY]\r\n  two api_key=[API_KEY]\r\nthree api_key=[API_KEY]"


# JSON lines


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('{"api_key": "vmPUZE6mv9SD5VNH", "price": 1.10}', '{"api_key": "[API_KEY]", "price": 1.10}'),
        ('{"pin":1234,"n":1.50,"s":"a"}', '{"pin":"[PASSWORD]","n":1.50,"s":"a"}'),
        ('{"password": ["a1", {"b": 2}], "ok": true}', '{"password": "[PASSWORD]", "ok": true}'),
        ('[{"name": "password", "value": 993311}]', '[{"name": "password", "value": "[PASSWORD]"}]'),
        ('{"m": "a\\nb api_key=vmPUZE6mv9SD5VNH"}', '{"m": "a\\nb api_key=[API_KEY]"}'),
        ('{"who": "Müller", "api_key": "vmPUZE6mv9SD5VNH"}', '{"who": "Müller", "api_key": "[API_KEY]"}'),
    ],
)
def test_a_line_of_json_stays_one_and_keeps_its_style(line, expected):
    out, _ = cleaned(f"{line}\n".encode())
    assert out.decode() == f"{expected}\n"


@pytest.mark.parametrize(
    "line", ['{"a": NaN, "pin": "9933"}', '{"pin": "9933", "pin": "9944"}', '{"pin": "9933"', "[" * 5000]
)
def test_what_only_looks_like_json_is_cleaned_as_text(line):
    out, _ = cleaned(f"{line}\n".encode())
    assert b"99" not in out
    assert out.endswith(b"\n")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(alphabet='abc \n"\\é', max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["a", "b", "password", "api_key", "pin"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(deadline=None)
@given(
    st.lists(
        st.dictionaries(st.sampled_from(["x", "y", "secret"]), JSON, min_size=1, max_size=3), min_size=1, max_size=4
    )
)
def test_lines_of_json_stay_lines_of_json(rows):
    data = "".join(json.dumps(row) + "\n" for row in rows).encode()
    out, _ = cleaned(data, "LOW")
    parsed = [json.loads(line) for line in out.decode().splitlines()]
    assert [list(row) for row in parsed] == [list(row) for row in rows]
    for before, after in zip(rows, parsed, strict=True):
        value = before.get("secret", "")
        hidden = value != "" and not holds_no_secret(value) and not says_about("secret", str(value), "SECRET")
        assert not hidden or "SECRET" in str(after)


# What stands on several lines


def test_a_private_key_goes_as_a_whole_and_the_log_goes_on():
    out, summary = cleaned(LINE + PEM + LINE)
    assert out == LINE + b"[PRIVATE_KEY]\n" + LINE
    assert summary.found == {"PRIVATE_KEY": 1}


def test_a_private_key_that_is_cut_off_takes_no_more_than_its_own_lines():
    cut = b"".join(PEM.splitlines(keepends=True)[:3])
    out, _ = cleaned(LINE + cut + LINE)
    assert b"MzEfYyji" not in out
    assert out.startswith(LINE)
    assert out.endswith(LINE)


def test_a_private_key_longer_than_a_record_goes_as_a_whole():
    body = PEM.splitlines(keepends=True)[1] * (2 * LONGEST_RECORD // 65)
    armour = PEM.splitlines(keepends=True)
    out, _ = cleaned(LINE + armour[0] + body + armour[-1] + LINE)
    assert out == LINE + b"[PRIVATE_KEY]\n" + LINE


def test_a_traceback_keeps_its_lines():
    trace = (
        b"Traceback (most recent call last):\n"
        b'  File "/srv/bot/main.py", line 3, in go\n'
        b"    client.login(password=self.secret)\n"
        b"ValueError: wrong password 'hunter22x'\n"
    )
    out, _ = cleaned(trace)
    assert out == trace.replace(b"hunter22x", b"[PASSWORD]")


def test_a_value_below_its_name_is_found():
    out, _ = cleaned(b'{\n  "api_key":\n    "vmPUZE6mv9SD5VNH",\n  "symbol": "BTC/USDT"\n}\n' + LINE)
    assert KEY not in out
    assert out.endswith(b'  "symbol": "BTC/USDT"\n}\n' + LINE)


def test_a_seed_phrase_written_one_word_to_a_line_is_found():
    words = b"legal winner thank year wave sausage worth useful legal winner thank yellow".split()
    out, summary = cleaned(LINE + b"\n".join(words) + b"\n" + LINE)
    assert b"sausage" not in out
    assert out.startswith(LINE)
    assert out.endswith(LINE)
    assert summary.found == {"SEED_PHRASE": 1}


# Size


class Counted(io.BytesIO):
    """A log that says how much was read at once."""

    largest = 0

    def readline(self, size=-1, /):
        line = super().readline(size)
        self.largest = max(self.largest, len(line))
        return line


def test_a_log_is_read_piece_by_piece():
    source = Counted(b" " + b"x" * 3 * LONGEST_LINE + b"\n" + b" indented\n" * 100_000)
    sizes = [len(record.data) for record in Records(source)]
    assert sum(sizes) == len(source.getvalue())
    assert source.largest <= LONGEST_LINE
    assert max(sizes) <= LONGEST_LINE + LONGEST_RECORD


def test_in_a_line_longer_than_what_is_looked_at_at_once_nothing_is_lost_at_the_seams():
    word = b"api_key=" + KEY + b", " + b"filler words; " * 300
    line = word * (2 * LONGEST_LINE // len(word) + 1) + b"\n"
    out, summary = cleaned(line + LINE, "LOW")
    assert out == line.replace(KEY, b"[API_KEY]") + LINE
    assert summary.found == {"API_KEY": line.count(KEY)}
    assert summary.lines == 2


def test_a_long_line_without_secrets_keeps_every_byte():
    line = "größer ".encode() * (2 * LONGEST_LINE // 9) + b"\xff\n"
    assert cleaned(line)[0] == line


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from([LINE, PEM, b"api_key=" + KEY + b"\n", b"  indented\n", b"\n", b'{"pin": "9911"}\n']),
        max_size=12,
    )
)
def test_records_hold_every_byte_of_the_log_in_its_order(parts):
    data = b"".join(parts)
    assert b"".join(record.data for record in Records(io.BytesIO(data))) == data
    assert sum(record.lines for record in Records(io.BytesIO(data))) == data.count(b"\n")


# Files


def test_the_output_goes_to_a_file_that_only_its_owner_can_read(log, tmp_path, capfdbinary):
    target = tmp_path / "clean.log"
    assert run(log, "--output", target) == 0
    assert KEY not in target.read_bytes()
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert capfdbinary.readouterr().out == b""


@pytest.mark.parametrize("link", [None, "symbolic", "hard"])
def test_the_log_is_never_written_over(log, tmp_path, capfdbinary, link):
    target = log if link is None else tmp_path / "other.log"
    if link == "symbolic":
        target.symlink_to(log)
    elif link == "hard":
        target.hardlink_to(log)
    before = log.read_bytes()
    assert run(log, "--output", target) == 2
    assert (
        capfdbinary.readouterr().err.decode() == f"recoup sanitize: {target} is the log itself; write to another file\n"
    )
    assert log.read_bytes() == before


def test_a_log_that_standard_output_is_appended_to_is_refused(log):
    with log.open("ab") as output:
        done = subprocess.run([sys.executable, "-c", PROGRAM, log], stdout=output, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 2
    assert b"standard output is the log itself" in done.stderr


def test_when_the_output_fails_what_was_there_stays(log, tmp_path, monkeypatch, capfdbinary):
    target = tmp_path / "clean.log"
    target.write_bytes(b"from before")

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(LogCleaner, "clean", fail)
    assert run(log, "--output", target) == 2
    assert target.read_bytes() == b"from before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bot.log", "clean.log"]
    assert b"No space left on device" in capfdbinary.readouterr().err


@pytest.mark.parametrize(
    ("name", "words"),
    [("missing.log", "No such file or directory"), ("", "Is a directory")],
)
def test_a_log_that_cannot_be_read_is_named_on_one_line(tmp_path, capfdbinary, name, words):
    assert run(tmp_path / name) == 2
    err = capfdbinary.readouterr().err.decode()
    assert err == f"recoup sanitize: {tmp_path / name}: {words}\n"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_log_that_may_not_be_read_is_named(log, capfdbinary):
    log.chmod(0)
    assert run(log) == 2
    assert b"Permission denied" in capfdbinary.readouterr().err


@pytest.mark.parametrize(
    ("name", "words"), [("", "is a directory; give --output a file"), ("none/clean.log", "No such file or directory")]
)
def test_an_output_that_cannot_be_written_is_named(log, tmp_path, capfdbinary, name, words):
    assert run(log, "--output", tmp_path / name) == 2
    assert words in capfdbinary.readouterr().err.decode()


@pytest.mark.parametrize(
    ("head", "words"), [(b"\x1f\x8b\x08\x00", "compressed by gzip"), (b"\xff\xfea\x00", "is UTF-16")]
)
def test_what_is_no_text_as_it_stands_is_refused_with_a_remedy(tmp_path, capfdbinary, head, words):
    path = tmp_path / "bot.log"
    path.write_bytes(head + b"\x00" * 100)
    assert run(path) == 2
    out, err = capfdbinary.readouterr()
    assert out == b""
    assert words in err.decode()


def test_a_reader_that_goes_away_is_said_on_one_line(tmp_path):
    path = tmp_path / "bot.log"
    path.write_bytes(LINE * 20_000)
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, path], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout.readline() == LINE
        process.stdout.close()
        err = process.stderr.read()
    assert process.returncode == 2
    assert err == b"recoup sanitize: standard output was closed before the log's end\n"


# Configuration


def test_rules_names_and_secrets_come_from_a_configuration(tmp_path, capfdbinary):
    config = tmp_path / "recoup.yaml"
    config.write_text(
        "error_handling:\n"
        "  security: {sanitization_level: LOW}\n"
        "  plugins:\n"
        "    security_sanitizer:\n"
        "      enabled: false\n"
        "      config:\n"
        "        secrets: [alpha-desk]\n"
        "        rules: [{name: desk, kind: DESK, pattern: 'DESK-[0-9]{4}', literals: ['desk-']}]\n"
    )
    log = tmp_path / "bot.log"
    log.write_bytes(b"alpha-desk DESK-1234 bob@venue.example\n")
    assert run(log, "--config", config, "--json") == 0
    out, err = capfdbinary.readouterr()
    assert out == b"[SECRET] [DESK] bob@venue.example\n"
    assert json.loads(err)["level"] == "LOW"


def test_a_configuration_that_does_not_fit_is_an_error(tmp_path, log):
    config = tmp_path / "recoup.yaml"
    config.write_text("error_handling: {plugins: {security_sanitizer: {config: {max_depth: deep}}}}")
    with pytest.raises(ConfigError, match="max_depth"):
        run(log, "--config", config)
