"""What all tests share: code blocks of the documentation are tests, and hypothesis repeats itself.

``pytest --hypothesis-profile=default`` draws new examples.
"""

from __future__ import annotations

import gc

from hypothesis import settings
from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser, SkipParser

settings.register_profile("repeatable", derandomize=True, deadline=None, print_blob=True)
settings.load_profile("repeatable")

pytest_collect_file = Sybil(
    parsers=[PythonCodeBlockParser(), SkipParser()],
    patterns=["README.md", "docs/*.md", "docs/**/*.md"],
).pytest()


def pytest_collection_finish() -> None:
    """Keep the garbage collector from walking over thousands of collected tests, again and again."""
    gc.collect()
    gc.freeze()
