"""docs/reference/hooks.md says of each hook what the hookspec says."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from recoup import Host, hookspecs, roles
from recoup.dispatch.implementation import HOOKS, SYNC_HOOKS
from recoup.testing.contract_tests import TESTS

PAGE = "reference/hooks.md"
ROLES = (
    "PolicyServer",
    "Pacer",
    "Admitter",
    "IntentJournal",
    "IntentVerifier",
    "Reconciler",
    "ResultKeeper",
    "TypeClassifier",
    "CircuitStatus",
)


def declared(hook):
    signature = inspect.signature(getattr(hookspecs, hook))
    arguments = ", ".join(f"{item.name}: {item.annotation}" for item in signature.parameters.values())
    return f"def {hook}({arguments}) -> {signature.return_annotation}"


def test_the_hookspecs_are_the_hooks_that_are_dispatched():
    specified = {name for name, item in vars(hookspecs).items() if hasattr(item, f"{hookspecs.PROJECT}_spec")}
    assert specified == set(HOOKS)


@pytest.mark.parametrize("hook", HOOKS)
def test_the_signature_is_the_hookspecs(page, hook):
    assert page(PAGE).section(hook).blocks("{code-block} python") == [declared(hook) + "\n"]


@pytest.mark.parametrize("hook", HOOKS)
def test_every_argument_is_described(page, hook):
    described = re.findall(r"^`(\w+)`\n: ", page(PAGE).section(hook).text, re.MULTILINE)
    assert described == list(inspect.signature(getattr(hookspecs, hook)).parameters)


@pytest.mark.parametrize("hook", HOOKS)
@pytest.mark.parametrize("words", ["**Fires**", "**Returns**", "**None**", "**When a plugin raises**"])
def test_it_is_said_when_it_fires_what_it_returns_and_what_failing_means(page, hook, words):
    assert re.search(rf"^{re.escape(words)}[ ,]", page(PAGE).section(hook).text, re.MULTILINE)


def test_the_table_lists_every_hook_and_whether_it_may_be_asynchronous(page):
    text = page(PAGE).text
    rows = re.findall(r"^\| \[`(\w+)`\]\(#(\w+)\) \| [^|]+ \| (sync|either) \|", text, re.MULTILINE)
    assert {name: kind for name, anchor, kind in rows if name == anchor} == {
        hook: "sync" if hook in SYNC_HOOKS else "either" for hook in HOOKS
    }


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_has_contract_tests_and_a_test_that_calls_it(hook):
    tests = Path(__file__).parents[1]
    sources = [path for path in tests.rglob("test_*.py") if path != Path(__file__)]
    assert TESTS[hook]
    assert any(f".{hook}(" in path.read_text(encoding="utf-8") for path in sources)


def test_every_role_and_its_members_are_listed(page):
    (table,) = page(PAGE).tables("role", "member", "purpose")
    assert sorted(table) == sorted(ROLES)
    for role, row in table.items():
        protocol = getattr(roles, role)
        members = {name for name in (*vars(protocol), *protocol.__annotations__) if not name.startswith("_")}
        assert set(re.findall(r"`(\w+)[:(`]", row["member"])) == members


def test_what_the_host_offers_is_listed(page):
    (table,) = page(PAGE).tables("name", "kind", "meaning")
    offered = {name for name in vars(Host) if not name.startswith("_")}
    assert set(re.findall(r"`(\w+)`", table["host"]["meaning"])) - {"Host"} == offered
