"""Pages of the documentation, as the tests read them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from attrs import field, frozen

DOCS = Path(__file__).parents[2] / "docs"


@frozen
class Page:
    """One page. Immutable."""

    name: str
    text: str = field(repr=False)

    def blocks(self, language: str) -> list[str]:
        return re.findall(rf"^```{re.escape(language)}\n(.*?)^```", self.text, re.DOTALL | re.MULTILINE)

    def section(self, heading: str) -> Page:
        """What stands under a heading of the second level, as far as the next one."""
        found = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", self.text, re.DOTALL | re.MULTILINE)
        assert found is not None, f"docs/{self.name} has no section {heading!r}"
        return Page(f"{self.name}, {heading}", found[1])

    def tables(self, *header: str) -> list[dict[str, dict[str, str]]]:
        """Every table with that header: the first cell of each row, without backticks, to its row."""
        tables = []
        for found in re.finditer(r"(?:^\|.*\n)+", self.text, re.MULTILINE):
            rows = [_cells(line) for line in found[0].splitlines()]
            if rows[0] == list(header):
                tables.append({row[0].strip("`"): dict(zip(header, row, strict=True)) for row in rows[2:]})
        return tables


def _cells(line: str) -> list[str]:
    return [cell.strip().replace(r"\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


@pytest.fixture
def page():
    return lambda name: Page(name, (DOCS / name).read_text(encoding="utf-8"))


@pytest.fixture
def pages():
    paths = [path for path in sorted(DOCS.rglob("*.md")) if "_build" not in path.parts]
    return [Page(str(path.relative_to(DOCS)), path.read_text(encoding="utf-8")) for path in paths]
