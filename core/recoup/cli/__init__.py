"""The command line, ``recoup``; each command comes from an entry point of the group ``recoup.commands``."""

from recoup.cli.runner import Command, main

__all__ = ["Command", "main"]
