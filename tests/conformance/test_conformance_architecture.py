"""The core knows no plugin, and costs no plugin's dependency."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from importlib.metadata import entry_points
from pathlib import Path

import pytest

import recoup
from recoup.dispatch.implementation import HOOKS

CORE = Path(recoup.__file__).parent
MODULES = sorted(path for path in CORE.rglob("*.py") if path.relative_to(CORE).parts[0] not in ("cli", "testing"))
PLUGINS = {point.name for point in entry_points(group="recoup.plugins")}
PROJECT = Path(__file__).parents[2] / "pyproject.toml"


def test_there_is_something_to_check():
    assert len(MODULES) > 20
    assert PLUGINS


@pytest.mark.skipif(not PROJECT.exists(), reason="tests run away from the source tree")
def test_every_plugin_that_the_project_declares_is_installed():
    assert set(tomllib.loads(PROJECT.read_text())["project"]["entry-points"]["recoup.plugins"]) <= PLUGINS


def _enum_values(tree: ast.AST) -> set[int]:
    """Return the values of enumerations: a decision may be called what a plugin is called."""
    classes = (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef))
    enums = (node for node in classes if any("Enum" in ast.unparse(base) for base in node.bases))
    return {id(item.value) for enum in enums for item in enum.body if isinstance(item, ast.Assign)}


def _docstrings(tree: ast.AST) -> set[int]:
    holders = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    bodies = (node.body for node in ast.walk(tree) if isinstance(node, holders))
    return {
        id(statement.value)
        for body in bodies
        for statement in body
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    }


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(CORE)))
def test_no_module_of_the_core_names_a_plugin(path):
    tree = ast.parse(path.read_text())
    exempt = _docstrings(tree) | _enum_values(tree)
    named = {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and id(node) not in exempt
        and node.value in PLUGINS - set(HOOKS)  # one has a hook's name
    }
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not named
    assert not {name for name in imported if name.split(".")[0] == "recoup_plugins"}


@pytest.mark.parametrize(
    "code",
    ["import recoup", "import recoup; recoup.guard()(lambda: 1); recoup.ErrorHandler(discover=False)"],
)
def test_importing_the_core_imports_nothing_that_a_plugin_or_a_file_needs(code):
    heavy = ["yaml", "cattrs", "loguru", "recoup_plugins", "aiohttp", "ccxt", "trio", "email", "tomllib"]
    script = f"{code}; import sys; print(*[name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
