"""The examples that are written for pytest pass, and the third party's plugin works as a distribution of its own."""

from __future__ import annotations

import inspect
import json
import re
import sys
import tomllib
from pathlib import Path

import pytest

from recoup import Config, ErrorHandler, FailureReason
from recoup.cli import main

DOCS = Path(__file__).parents[2] / "docs"


def examples_in(name):
    return [(name, test) for test in re.findall(r"^def (test_\w+)", (DOCS / name).read_text("utf-8"), re.MULTILINE)]


@pytest.mark.parametrize(
    ("name", "test"), examples_in("howto/test-your-bot.md") + examples_in("howto/write-a-plugin.md")
)
def test_the_test_on_the_page_passes(page, request, name, test):
    namespace = {"__name__": "page"}
    for block in page(name).blocks("python"):
        exec(compile(block, name, "exec"), namespace)
    function = namespace[test]
    function(**{fixture: request.getfixturevalue(fixture) for fixture in inspect.signature(function).parameters})


@pytest.fixture
def gateway(page, tmp_path, monkeypatch):
    """The distribution of docs/howto/write-a-plugin.md, as an installer would lay it out; its module's name."""
    howto = page("howto/write-a-plugin.md")
    project = tomllib.loads(howto.blocks("toml")[0])["project"]
    (points,) = project["entry-points"].values()
    ((plugin, target),) = points.items()
    module = target.partition(":")[0]
    information = tmp_path / f"{module}-{project['version']}.dist-info"
    information.mkdir()
    (information / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    )
    (information / "entry_points.txt").write_text(f"[recoup.plugins]\n{plugin} = {target}\n")
    (tmp_path / f"{module}.py").write_text(howto.blocks("python")[0])
    monkeypatch.syspath_prepend(tmp_path)
    yield module
    sys.modules.pop(module, None)


def status_of(handler, name):
    return next(item for item in handler.plugins.statuses() if item.name == name)


def test_the_documented_plugin_is_found(gateway):
    status = status_of(ErrorHandler(), "gateway_codes")
    assert (status.distribution, status.version) == ("recoup-gateway", "0.1.0")
    assert (status.enabled, status.hooks) == (True, ("classify",))


def test_it_is_configured(gateway):
    section = {"halted_codes": [9], "pause": 1}
    handler = ErrorHandler(Config.from_dict({"error_handling": {"plugins": {"gateway_codes": {"config": section}}}}))
    error = sys.modules[gateway].GatewayError(9, "halted")
    assert handler.create_error_context(error, "gateway", "send_order").classification.retry_after == 1


def test_its_section_is_checked(gateway, tmp_path, capsys):
    file = tmp_path / "recoup.yaml"
    file.write_text("error_handling: {plugins: {gateway_codes: {config: {pauze: 5}}}}")
    assert main(["config", "check", str(file)]) == 1
    output = capsys.readouterr().out
    assert "error_handling.plugins.gateway_codes.config.pauze" in output
    assert "did you mean 'pause'?" in output


@pytest.mark.parametrize(
    ("order", "reason"), [(["gateway_codes"], FailureReason.MAINTENANCE), (["classifier"], FailureReason.RATE_LIMITED)]
)
def test_it_is_ordered_before_or_after_a_built_in(gateway, order, reason):
    handler = ErrorHandler(Config.from_dict({"error_handling": {"plugin_order": order}}))
    error = sys.modules[gateway].GatewayError(7001, "halted")
    error.status = 429  # both plugins know such an error
    assert handler.create_error_context(error, "gateway", "send_order").classification.reason is reason


def test_it_is_disabled_without_being_imported(gateway):
    handler = ErrorHandler(Config.from_dict({"error_handling": {"plugins": {"gateway_codes": {"enabled": False}}}}))
    assert status_of(handler, "gateway_codes").reason == "disabled by the configuration"
    assert gateway not in sys.modules


def test_it_passes_recoup_plugins_check(gateway, capsys):
    assert main(["plugins", "check", "gateway_codes", "--json"]) == 0
    checks = json.loads(capsys.readouterr().out)
    assert len(checks) > 3
    assert all(check["passed"] for check in checks)
