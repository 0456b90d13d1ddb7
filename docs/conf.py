# ruff: noqa: INP001 - Sphinx runs this file, nobody imports it
"""Sphinx's settings for the documentation."""

from __future__ import annotations

from importlib.metadata import version as version_of

project = "recoup"
author = "the recoup contributors"
project_copyright = f"2026, {author}"
release = version_of("recoup")
version = release

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
source_suffix = {".md": "markdown"}

html_theme = "furo"
html_title = "recoup"

myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_default_options = {"members": True}
autodoc_class_signature = "mixed"
napoleon_numpy_docstring = False
napoleon_use_ivar = True  # an attribute of a docstring would otherwise be a second description of the member
