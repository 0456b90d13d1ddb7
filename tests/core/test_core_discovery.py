"""Plugins of installed distributions: found without being imported, and clearly blamed when they are broken."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from recoup import ErrorHandler, PluginLoadError
from recoup.discovery import PluginSource, installed_plugins

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Install = Callable[[str, str], None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Install a distribution: a real ``.dist-info`` folder on the path."""
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "fine_plugin_module.py").write_text("class Fine:\n    pass\n\nnot_a_class = 5\n")
    (tmp_path / "broken_plugin_module.py").write_text("import a_dependency_that_is_missing\n")

    def make(name: str, entry_points: str) -> None:
        folder = tmp_path / f"{name.replace('-', '_')}-1.2.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n")
        (folder / "entry_points.txt").write_text(f"[recoup.plugins]\n{entry_points}\n")

    return make


def test_a_plugin_of_another_distribution_is_found_and_not_yet_imported(install: Install) -> None:
    install("some-plugins", "fine = fine_plugin_module:Fine\nbroken = broken_plugin_module:Broken")
    source = installed_plugins()["fine"]
    assert (source.distribution, source.version) == ("some-plugins", "1.2")
    assert "fine_plugin_module" not in sys.modules
    assert source.load().__name__ == "Fine"
    sys.modules.pop("fine_plugin_module")


def test_names_come_sorted() -> None:
    assert list(installed_plugins()) == sorted(installed_plugins())


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("broken_plugin_module:Broken", "of some-plugins 1.2 can't be imported: ModuleNotFoundError: No module named"),
        ("fine_plugin_module:Missing", "can't be imported: AttributeError"),
        ("no_such_module_at_all:X", "can't be imported: ModuleNotFoundError"),
        ("fine_plugin_module:not_a_class", "gives a int, but must name a class"),
    ],
)
def test_an_entry_point_that_gives_no_class_is_left_out_and_says_why(
    install: Install, target: str, message: str
) -> None:
    install("some-plugins", f"zz_bad = {target}")
    with pytest.raises(PluginLoadError) as caught:
        installed_plugins()["zz_bad"].load()
    assert message in str(caught.value)
    status = next(item for item in ErrorHandler().plugins.statuses() if item.name == "zz_bad")
    assert (status.enabled, status.distribution) == (False, "some-plugins")
    assert message in status.reason


def test_two_distributions_with_one_name_for_different_plugins_are_both_named(install: Install) -> None:
    install("one", "zz_same = fine_plugin_module:Fine")
    install("two", "zz_same = other_module:Other")
    with pytest.raises(PluginLoadError) as caught:
        installed_plugins()
    assert all(word in str(caught.value) for word in ("'zz_same'", "by one", "by two", "uninstall one of them"))


def test_the_same_plugin_registered_twice_is_no_conflict(install: Install) -> None:
    install("one", "zz_same = fine_plugin_module:Fine")
    install("two", "zz_same = fine_plugin_module:Fine")
    assert "zz_same" in installed_plugins()


def test_a_class_at_hand_needs_no_entry_point() -> None:
    source = PluginSource.of_class("own", dict)
    assert (source.load(), source.distribution, source.version) == (dict, None, None)


def test_a_module_that_fails_without_a_distribution_is_blamed_by_its_plugin_name() -> None:
    def fails() -> None:
        raise ImportError("no")

    with pytest.raises(PluginLoadError, match="plugin 'own': its entry point can't be imported: ImportError: no"):
        PluginSource(name="own", import_class=fails).load()
