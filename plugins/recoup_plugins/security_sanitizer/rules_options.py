"""Finds the values of options of command lines whose names are sensitive: ``--api-secret value``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from recoup_plugins.security_sanitizer.headings import is_explained
from recoup_plugins.security_sanitizer.statements import is_metavar, says_about
from recoup_plugins.security_sanitizer.values import is_placeholder, is_prose, is_reference, looks_secret

if TYPE_CHECKING:
    from collections.abc import Iterator

    from recoup_plugins.security_sanitizer.keys import KeyPolicy
    from recoup_plugins.security_sanitizer.rules_tables import Found, Sensitive

_OPTION: Final = re.compile(
    r"(?:^|(?<=[\s\"'\[,]))--?([A-Za-z][\w\-]{1,63})(?:[\"'],?)?[ \t]{1,4}(?:a\d{1,3}=)?"
    r"[\"']?([^\s\"'\-<][^\s\"']{0,1000})( [^\t\r\n\"'\-]{1,1000}(?=[\"']))?",
    re.ASCII,
)
"""The groups are the name, the first word of what may be its value, and the words after that, up to a quote."""

_KEYWORD: Final = re.compile(r"[a-z_]{2,24}=", re.ASCII)


def in_options(text: str, sensitive: Sensitive, keys: KeyPolicy) -> Iterator[Found]:
    """Yield the values of options with sensitive names.

    Args:
        text: any text.
        sensitive: gives the verdict on a name that is sensitive at the level in question, else None.
        keys: says of any word whether it is a sensitive name itself.
    """
    for option in _OPTION.finditer(text):
        verdict = sensitive(option.group(1))
        if verdict is not None and _takes_secret(option, verdict.kind, keys):
            yield option.start(2), option.end(3 if _has_more(option) else 2), verdict.kind


def _takes_secret(option: re.Match[str], kind: str, keys: KeyPolicy) -> bool:
    """Tell whether what stands behind an option is its value, and no word about it."""
    name, value = option.group(1, 2)
    if is_placeholder(value) or is_reference(name, value, keys) or is_prose(value) or is_metavar(value):
        return False
    other = name == "key" and not looks_secret(value)  # another name, as in "--key order_id"
    argument = option.string.startswith(", ", option.start(2) - 2) and _KEYWORD.match(value)  # type=str
    return not (other or argument or says_about(name, value, kind) or is_explained(option, kind))


def _has_more(option: re.Match[str]) -> bool:
    """Tell whether a value has more words than one: those up to the quote that closes it."""
    more = option.group(3)
    if more is None or option.string[option.start(2) - 1] != option.string[option.end()]:
        return False
    return not any(map(is_prose, more.split()))
