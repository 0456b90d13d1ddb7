"""Every name in the tables is a class that really exists, under the package that the table says."""

from __future__ import annotations

import importlib

import pytest

from recoup_plugins.classifier.plugin import TABLE, _rules_for

MODULES = {
    "asyncio": ["asyncio.exceptions", "asyncio.queues"],
    "asyncpg": ["asyncpg.exceptions"],
    "concurrent": ["concurrent.futures"],
    "http": ["http.client"],
    "redis": ["redis.exceptions", "redis.sentinel"],
    "requests": ["requests.exceptions"],
    "sqlalchemy": ["sqlalchemy.exc"],
    "urllib": ["urllib.error"],
    "urllib3": ["urllib3.exceptions"],
    "websockets": ["websockets.exceptions"],
}


@pytest.mark.parametrize("name", sorted(TABLE))
def test_name_is_an_exception_class_and_its_rule_is_found_for_it(name: str) -> None:
    package, _, class_name = name.partition(".")
    modules = [importlib.import_module(module) for module in MODULES.get(package, [package])]
    kind = next(getattr(module, class_name) for module in modules if hasattr(module, class_name))
    assert issubclass(kind, Exception)
    assert _rules_for(kind)[0] is TABLE[name]
