"""The built distributions: installed into a clean environment, every plugin is found through its entry point."""

import json
import subprocess
import sys
import tarfile
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


OFF = {"audit_trail", "chaos", "passthrough_sanitizer", "recovery_journal", "strict_sanitizer"}
"""Plugins that are off until a configuration says otherwise."""


def run(*command, **kwargs):
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, **kwargs)
    assert result.returncode == 0, f"{command}\n{result.stdout}\n{result.stderr}"
    return result.stdout


@pytest.fixture(scope="module")
def distributions(tmp_path_factory):
    """The sdist, and the wheel built from it."""
    target = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--outdir", target, ROOT)
    return target


@pytest.fixture(scope="module")
def clean_python(distributions, tmp_path_factory):
    """The interpreter of a new environment that holds the wheel and nothing else of ours."""
    home = tmp_path_factory.mktemp("clean")
    venv.create(home, with_pip=True)
    python = home / "bin" / "python"
    run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", next(distributions.glob("*.whl")))
    return python


def test_every_plugin_is_found_and_loads(clean_python, tmp_path):
    listed = json.loads(run(clean_python, "-m", "recoup", "plugins", "list", "--json", cwd=tmp_path))

    assert {plugin["name"] for plugin in listed} == set(PROJECT["entry-points"]["recoup.plugins"])
    off = "off by default; enable it in the configuration"
    assert {plugin["name"]: plugin["reason"] for plugin in listed if not plugin["enabled"]} == dict.fromkeys(OFF, off)
    assert {(plugin["distribution"], plugin["version"]) for plugin in listed} == {("recoup", PROJECT["version"])}


def test_the_command_is_installed(clean_python, tmp_path):
    assert "plugins" in run(clean_python.parent / "recoup", "--help", cwd=tmp_path)


def test_every_plugin_keeps_its_contract(clean_python, tmp_path):
    key = tmp_path / "audit.key"
    key.write_text("3f1d" * 16)
    key.chmod(0o600)
    section = {"directory": str(tmp_path / "audit"), "key_file": str(key)}
    config = tmp_path / "recoup.json"
    journal = {"path": str(tmp_path / "journal.db")}
    sections = {"audit_trail": {"config": section}, "recovery_journal": {"config": journal}}
    config.write_text(json.dumps({"error_handling": {"plugins": sections}}))

    for name in set(PROJECT["entry-points"]["recoup.plugins"]) - {"passthrough_sanitizer"}:
        run(clean_python, "-m", "recoup", "plugins", "check", name, "--config", config, cwd=tmp_path)


def test_the_plugin_that_hides_nothing_is_told_from_those_that_keep_the_contract(clean_python, tmp_path):
    result = subprocess.run(
        [str(clean_python), "-m", "recoup", "plugins", "check", "passthrough_sanitizer"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )

    assert result.returncode == 1
    assert "it must be told twice" in result.stdout


def test_the_import_brings_in_nothing_heavy(clean_python, tmp_path):
    code = "import recoup, sys; print(*sorted({'yaml', 'cattrs', 'loguru', 'recoup_plugins'} & sys.modules.keys()))"

    assert run(clean_python, "-c", code, cwd=tmp_path).split() == []


def test_the_wheel_holds_types_and_licence_and_no_tests(distributions):
    with zipfile.ZipFile(next(distributions.glob("*.whl"))) as wheel:
        names = wheel.namelist()

    assert {"recoup/py.typed", "recoup_plugins/py.typed"} <= set(names)
    assert any(name.endswith("/LICENSE") for name in names)
    assert not [name for name in names if name.startswith(("tests", "contrib", "docs"))]


def test_the_sdist_holds_what_the_tests_need(distributions):
    with tarfile.open(next(distributions.glob("*.tar.gz"))) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}

    assert {"LICENSE", "README.md", "CHANGELOG.md", "core/recoup/__init__.py", "pyproject.toml"} <= names
