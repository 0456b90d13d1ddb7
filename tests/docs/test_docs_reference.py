"""The other pages of the reference, and the list of dependencies, are complete."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import entry_points
from pathlib import Path
from typing import get_args

import attrs
import pytest

import recoup
import recoup.testing
from recoup import errors
from recoup.cli import main

ROOT = Path(__file__).parents[2]
EVENTS = get_args(recoup.Event)
ACTIONS = {
    "audit": ("verify", "export"),
    "config": ("check", "schema"),
    "journal": ("list", "show", "resolve"),
    "plugins": ("list", "check"),
}


def test_every_public_name_is_in_the_api_page(page):
    text = page("reference/api.md").text
    documented = re.findall(r"^\.\. \w+:: (recoup(?:\.testing)?)\.(\w+)$", text, re.MULTILINE)
    public = {(module.__name__, name) for module in (recoup, recoup.testing) for name in module.__all__}
    assert set(documented) == public
    assert len(documented) == len(public)


def test_every_event_is_listed_by_its_kind(page):
    (table,) = page("reference/events.md").tables("class", "`kind`", "published when")
    assert {name: row["`kind`"].strip("`") for name, row in table.items()} == {
        event.__name__: event.kind for event in EVENTS
    }


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.__name__)
def test_every_field_of_an_event_is_described(page, event):
    (table,) = page("reference/events.md").section(event.__name__).tables("field", "")
    described = [name for cell in table for name in re.findall(r"\w+", cell)]
    assert described == [item.name for item in attrs.fields(event)]


def test_the_tree_of_errors_is_drawn_as_it_is(page):
    (tree,) = page("reference/errors.md").blocks("text")
    drawn = {}
    above = []
    for line in tree.splitlines():
        indent, name = re.match(r"((?:│   |    |├── |└── )*)(\w+)", line).groups()
        depth = len(indent) // 4
        above[depth:] = [name]
        drawn[name] = above[depth - 1] if depth else None
    classes = [
        item for item in vars(errors).values() if isinstance(item, type) and issubclass(item, errors.RecoupError)
    ]
    classes.append(recoup.testing.ContractViolated)
    assert drawn == {
        item.__name__: None if item is errors.RecoupError else item.__bases__[0].__name__ for item in classes
    }


def test_every_link_of_the_readme_leads_somewhere():
    links = re.findall(r"\]\(([^)#:]+)\)", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def commands():
    names = sorted(point.name for point in entry_points(group="recoup.commands"))
    return [(name, *rest) for name in names for rest in ([(action,) for action in ACTIONS.get(name, ())] or [()])]


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_every_option_of_every_command_is_described(page, capsys, words):
    with pytest.raises(SystemExit):
        main([*words, "--help"])
    options = set(re.findall(r"(?<![\w-])--[a-z-]+", capsys.readouterr().out)) - {"--help"}
    text = page("reference/cli.md").text
    section = re.search(rf"^## `recoup {' '.join(words)}(?: [A-Z]+)?`\n(.*?)(?=^## )", text, re.DOTALL | re.MULTILINE)
    assert section is not None
    assert set(re.findall(r"^\| `(--[a-z-]+)", section[1], re.MULTILINE)) == options


def names_of(requirements):
    return {re.match(r"[\w.-]+", item)[0] for item in requirements if isinstance(item, str)}


def project_of(folder):
    return tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))


def listed(page, heading, *header):
    return {name for table in page("explanation/dependencies.md").section(heading).tables(*header) for name in table}


def test_every_dependency_of_every_distribution_has_its_reason(page):
    for folder in (ROOT, *(path.parent for path in ROOT.glob("contrib/*/pyproject.toml"))):
        project = project_of(folder)["project"]
        assert listed(page, project["name"], "package", "why") == names_of(project.get("dependencies", ()))


def test_every_extra_has_its_reason(page):
    extras = project_of(ROOT)["project"]["optional-dependencies"]
    assert listed(page, "recoup", "extra", "package", "why") == set(extras)


def test_every_tool_has_its_reason(page):
    project = project_of(ROOT)
    tools = {name for group in project["dependency-groups"].values() for name in names_of(group)}
    assert listed(page, "Development", "package", "group", "why") == tools | names_of(
        project["build-system"]["requires"]
    )
