"""The command line: its commands, what they print, and their exit codes."""

import argparse
import json

import pytest
from attrs import frozen

from recoup import RecoupError, hookimpl
from recoup.cli import main
from recoup.cli.runner import _parser

MODULE = "recoup.cli.runner"


@pytest.fixture
def recoup(capsys):
    def run(*arguments):
        code = main(arguments)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


class Point:
    """An entry point that needs no distribution."""

    def __init__(self, load):
        self.load = load


@pytest.fixture
def commands(monkeypatch):
    def install(**classes):
        points = {name: Point(load) for name, load in classes.items()}
        monkeypatch.setattr(f"{MODULE}.entry_points", lambda _: points)

    return install


class Failing:
    help = "fails"

    def configure(self, parser):
        parser.add_argument("--how", default="politely")

    def run(self, arguments):
        if arguments.how == "pipe":
            raise BrokenPipeError
        raise RecoupError(f"failed {arguments.how}")


def test_plugins_are_listed_as_a_table_and_as_json(recoup):
    code, table, _ = recoup("plugins", "list")
    assert code == 0
    assert table.splitlines()[0].split() == ["NAME", "VERSION", "HOOKS", "DISTRIBUTION", "ENABLED"]
    code, text, _ = recoup("plugins", "list", "--json")
    listed = {plugin["name"]: plugin for plugin in json.loads(text)}
    assert code == 0
    assert listed["retry"]["hooks"] == ["recover"]
    assert all(name in table for name in listed)


def test_a_disabled_plugin_says_why(recoup, tmp_path):
    file = tmp_path / "recoup.toml"
    file.write_text("[error_handling.plugins.retry]\nenabled = false\n")
    _, table, _ = recoup("plugins", "list", "--config", str(file))
    (line,) = (line for line in table.splitlines() if line.startswith("retry "))
    assert line.endswith("no: disabled by the configuration")


def test_a_check_prints_a_line_a_sentence(recoup):
    code, text, _ = recoup("plugins", "check", "fallback")
    assert code == 0
    assert "ok    recover:" in text
    assert text.splitlines()[-1].startswith("fallback: ")
    code, text, _ = recoup("plugins", "check", "fallback", "--json")
    assert all(check["passed"] for check in json.loads(text))


API_KEY = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zv"


class Raising:
    enabled_by_default = False

    @hookimpl
    def classify(self, error):
        raise ValueError(f"refused, api_key={API_KEY}")


class Unbuildable:
    def __init__(self):
        raise RuntimeError(f"no licence, api_key={API_KEY}")


def _unimportable():
    raise ImportError(f"no module, api_key={API_KEY}")


@pytest.fixture
def installed(monkeypatch):
    """Install plugins beside those that are there."""
    from recoup.discovery import PluginSource, installed_plugins

    sources = installed_plugins()

    def install(without=(), **plugins):
        found = {name: source for name, source in sources.items() if name not in without}
        for name, item in plugins.items():
            load = item if not isinstance(item, type) else lambda item=item: item
            found[name] = PluginSource(name=name, import_class=load)
        for module in ("recoup.cli.plugins", "recoup.error_handler", "recoup.config.loader"):
            monkeypatch.setattr(f"{module}.installed_plugins", lambda: found)

    return install


def test_a_plugin_is_checked_with_a_file_that_names_others_and_although_it_is_off(recoup, installed, tmp_path):
    installed(raising=Raising)
    file = tmp_path / "recoup.yaml"
    file.write_text(
        "error_handling: {plugin_order: [retry, fallback], plugins: {log_monitor: {}, fallback: {enabled: true}}}"
    )
    code, text, _ = recoup("plugins", "check", "fallback", "--config", str(file))
    assert (code, text.splitlines()[-1]) == (0, "fallback: 8 passed, 0 failed")
    code, text, _ = recoup("plugins", "check", "raising")
    assert code == 1
    assert "ValueError: refused" in text


@pytest.mark.parametrize("plugin", [Raising, Unbuildable, _unimportable])
@pytest.mark.parametrize("flags", [[], ["--json"]])
def test_a_secret_in_a_plugin_s_exception_is_not_printed(recoup, installed, plugin, flags):
    installed(mine=plugin)
    for words in (["check", "mine"], ["list"]):
        code, out, err = recoup("plugins", *words, *flags)
        assert API_KEY not in out + err
        assert code == (1 if "check" in words else 0)


def test_without_a_sanitizer_no_detail_is_printed_at_all(recoup, installed, tmp_path):
    installed(without=("security_sanitizer",), mine=Raising)
    _, text, _ = recoup("plugins", "check", "mine")
    assert "[WITHHELD]" in text
    assert "refused" not in text


def test_a_file_that_fits_no_handler_leaves_details_withheld(recoup, installed, tmp_path):
    @frozen
    class Needs:
        key: str

    class Needy:
        Config = Needs

    installed(mine=Raising, needy=Needy)
    code, text, _ = recoup("plugins", "check", "mine")
    assert code == 1
    assert "[WITHHELD]" in text


def test_the_log_does_not_repeat_what_the_table_says(recoup, installed):
    from loguru import logger

    installed(without=("log_monitor",), mine=Unbuildable)
    lines = []
    sink = logger.add(lines.append)
    try:
        code, table, _ = recoup("plugins", "list")
    finally:
        logger.remove(sink)
    assert (code, lines) == (0, [])
    assert "no: Unbuildable can't be built: RuntimeError" in table


def test_a_plugin_that_is_not_installed_is_named(recoup):
    code, _, err = recoup("plugins", "check", "retri")
    assert code == 1
    assert "retri" in err
    assert "retry" in err


@pytest.mark.parametrize("as_json", [False, True])
def test_a_configuration_is_checked(recoup, tmp_path, as_json):
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text("error_handling: {}\n")
    bad.write_text("error_handling: {securty: {}, plugin_order: [retri]}\n")
    flags = ["--json"] if as_json else []

    code, text, _ = recoup("config", "check", str(good), *flags)
    assert code == 0
    assert json.loads(text)["ok"] if as_json else text.endswith("ok\n")
    code, text, _ = recoup("config", "check", str(bad), *flags)
    assert code == 1
    assert "error_handling.securty" in text
    assert "error_handling.plugin_order.0" in text


def test_the_schema_is_json(recoup):
    code, text, _ = recoup("config", "schema")
    assert code == 0
    assert json.loads(text)["properties"]["error_handling"]


@pytest.mark.parametrize("words", [[], ["nonsense"], ["plugins"], ["plugins", "check"], ["config", "check"]])
def test_wrong_words_exit_with_2(words, capsys):
    with pytest.raises(SystemExit) as left:
        main(words)
    assert left.value.code == 2
    assert "usage: recoup" in capsys.readouterr().err


def test_help_names_every_command_and_the_exit_codes(capsys):
    with pytest.raises(SystemExit) as left:
        main(["--help"])
    text = capsys.readouterr().out
    assert left.value.code == 0
    assert "plugins" in text
    assert "Exit codes: 0" in text


def test_an_error_of_recoup_s_own_is_shown_and_gives_1(recoup, commands):
    commands(fail=lambda: Failing)
    assert recoup("fail", "--how", "rudely") == (1, "", "recoup: failed rudely\n")


def test_a_command_that_can_t_be_loaded_takes_no_other_away(recoup, commands):
    def gone():
        raise ImportError("no module named rich")

    commands(gone=gone, fail=lambda: Failing)
    parser, missing = _parser()
    assert isinstance(parser, argparse.ArgumentParser)
    assert list(missing) == ["gone"]
    code, _, err = recoup("gone")
    assert code == 1
    assert "no module named rich" in err
    assert recoup("fail")[0] == 1


def test_a_reader_that_has_gone_is_no_failure(commands, monkeypatch):
    import io

    commands(fail=lambda: Failing)
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    assert main(["fail", "--how", "pipe"]) == 0
    assert stream.closed
