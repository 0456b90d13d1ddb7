"""The notations in which a sensitive name has its value in running text, and what each cannot do without.

Looking for all of them costs far more than the text is worth, and most texts that speak of a key or a token have none.
So each notation has a sketch, a pattern that matches wherever the notation is, in which the name is reduced to a stem
of sensitive names. It matches in other places too: it only decides what is worth a look.
"""

from __future__ import annotations

import re
from enum import IntEnum
from typing import TYPE_CHECKING, Final

from recoup_plugins.security_sanitizer.levels import Level
from recoup_plugins.security_sanitizer.outline import Needs
from recoup_plugins.security_sanitizer.sample import octets

if TYPE_CHECKING:
    from collections.abc import Collection

    from recoup_plugins.security_sanitizer.engine import Engine, Finder
    from recoup_plugins.security_sanitizer.sample import Sample


class Notation(IntEnum):
    """The ways to write a name and its value, in the order in which they are tried."""

    TOLD = 0
    NAMED = 1
    FLAG = 2
    ELEMENT = 3
    FIX = 4
    INSERT = 5
    TABLE = 6
    LOGIN = 7
    COMMAND = 8
    SPACED = 9


_LITERALS: Final = {
    Notation.TOLD: (
        *("val", " from ", " --", "content", "data", "string", "v=", 'v"', "v'", "entry"),
        *("key=", "name=", "duplicate"),
    ),
    Notation.FLAG: ("-",),
    Notation.ELEMENT: ("</",),
    Notation.FIX: ("8=fix", "554=", "35="),
    Notation.INSERT: ("(",),
    Notation.TABLE: ("\n", "\\n", "\t", "|", "\u2502", "  "),
    Notation.LOGIN: ("auth", "login", "logon", "signin", "sign_in", "server.sign"),
    Notation.COMMAND: ("set", "env ", "arg ", "add ", "put ", "export "),
}
"""Of which one stands in every text with the notation. The other notations need nothing that is worth a look."""

_CREDENTIAL: Final = "key secret token pass pwd sign cred auth mnemonic seed jwt hmac session cookie webhook".split()  # noqa: SIM905
_FOREIGN: Final = "\\x80"
_WORD: Final = rf"[\w.$\-{_FOREIGN}]"
_AROUND: Final = r"[ \t\"'`\\*\]).]*"
_REACH: Final = 300
"""Characters behind the begin of a name within which there must be what joins it to its value."""

_REST_OF_WORD: Final = re.compile(rb"[A-Za-z0-9_.$\-\x80]*")
_DIGIT: Final = f"[0-9{_FOREIGN}]"
_LETTER: Final = f"[A-Za-z{_FOREIGN}]"
_SPACE: Final = rf"[\s{_FOREIGN}]"
_QUOTED_NEXT: Final = rf"(?:,{_SPACE}{{0,2}}b?\\{{0,16}}[\"']|;s:\d{{1,4}}:[\"'])"
_OTHER: Final = r"[^\s\"'`<>()\[\]{}]*"
_MIXED: Final = f"{_OTHER}(?:{_DIGIT}{_OTHER}{_LETTER}|{_LETTER}{_OTHER}{_DIGIT})"
_DELIMITER: Final = rf"(?:[\t|,;{_FOREIGN}]|  )"
_CELLS: Final = rf"[\w$.\-\"'` \t|,;{_FOREIGN}]*"
_LINE_END: Final = r"(?:\r?\n|\\r\\n|\\n)"
_REMARK: Final = r"(?:[ \t]\([^()]{1,48}\)|[ \t]?#\d{1,3}|\[\d{1,3}\]) ?"
_OWNER: Final = rf"[ \t](?:for|of|on|to)[ \t][\w \-./{_FOREIGN}]{{1,40}}[ \t]?"
_TYPE: Final = r"[ \t]{0,2}&?(?:'\w{1,16} )?[\w\[\]<>|. ]{0,80}"
_JOINT: Final = (
    rf"(?::{_TYPE}=|[=:{_FOREIGN}]|[~\-]>|<-|[\"']{_QUOTED_NEXT}|,{_SPACE}{{0,2}}<<[\"']|"
    r"[ +](?:is|was|has been|been)[ +]| (?:set|changed|updated|reset) to | equals | \.{4,64} )"
)
_LOOSE_JOINT: Final = (
    rf"(?:(?:[|;,\t]|\\{{1,4}}t)(?:[^\s|;,\"'\\<>]*{_DIGIT}|<)|[ ({{]\\{{0,8}}[bru]?[\"'][^ ]*{_DIGIT})"
)
"""What joins a name to a value that must be convincing, hence has digits and no blanks."""

_FIELD: Final = (
    "name|key|k|field|header|headername|parameter|param|label|variable|var|env|attribute|property|setting|option"
)
_PROPORTIONS: Final = "with|had|has|of|to|new|old|its|the|invalid|unexpected|current"


Located = dict[Notation, list[tuple[int, int]]]
"""Where in a text which notation may stand."""


class Notations:
    """Tells which notations a text may hold, and where. Immutable, hence thread-safe and task-safe.

    Args:
        stems: parts of names, in lower case, of which every sensitive name has one.
        level: the level at which the names are sensitive.
        engine: looks for the sketches.

    Attributes:
        located: whether it is known where the notations stand, not only in which texts.
    """

    __slots__ = ("_finders", "_gate", "_notations", "located")

    def __init__(self, stems: Collection[str], level: Level, engine: Engine) -> None:
        sketches = _sketches(_any_of(stems), level)
        self._notations = tuple(notation for notation, _ in sketches)
        self._finders = tuple(None if "" in stems else engine.finder(pattern) for _, pattern in sketches)
        self.located = None not in self._finders
        needs = [Needs(tuple(map(octets, _LITERALS.get(notation, ()))), pattern=each) for notation, each in sketches]
        if self.located:
            needs[0] = Needs()  # the first is so frequent that to look where it is costs less than to look twice
        self._gate = engine.gate(needs)

    def look(self, sample: Sample) -> Located:
        """Return where each notation may stand that a text may hold, in ascending order; spans may overlap.

        A span begins with the name or a mark. Where nothing is known of a notation's place, its span is the whole text.
        """
        located: Located = {}
        for place in self._gate.opened(sample):
            notation, find = self._notations[place], self._finders[place]
            spans = (
                [(0, len(sample.raw))]
                if find is None
                else _spans(find, sample.raw, each_name=notation is Notation.NAMED)
            )
            if spans:
                held = located.setdefault(notation, [])
                held += spans
                if len(held) > len(spans):
                    held.sort()
        return located


def _spans(find: Finder, raw: bytes, *, each_name: bool) -> list[tuple[int, int]]:
    """Return all spans, or only so many that what they cover is all that may belong to a notation.

    Where spans may overlap, each name has its own, unless one span reaches beyond all that a name in it can reach.
    """
    spans = []
    at = 0
    while at < len(raw) and (span := find(raw, at)) is not None:
        spans.append(span)
        start, end = span
        if not each_name:
            at = max(end, start + 1)
        elif end - start <= 2 * _REACH:
            at = max(_REST_OF_WORD.match(raw, start).end(), start + 1)  # type: ignore[union-attr]  # matches nothing, too
        else:
            at = end - _REACH
    return spans


def everywhere(sample: Sample) -> Located:
    """Return all notations, each of which may stand anywhere in a text."""
    return {notation: [(0, len(sample.raw))] for notation in Notation}


def _any_of(stems: Collection[str]) -> str:
    if "" in stems:
        return ""
    either = "|".join(sorted(re.escape(octets(stem).decode("latin-1")).replace("\x80", _FOREIGN) for stem in stems))
    return f"(?i:{either})"


def _sketches(stem: str, level: Level) -> list[tuple[Notation, str]]:
    name = f"{stem}{_WORD}*(?: {_WORD}{{1,}}){{0,2}}"
    """Return patterns that match wherever a notation is, the most frequent first."""
    sketches = {
        Notation.NAMED: (
            f"{name}{_AROUND}(?:(?:{_REMARK}|{_OWNER})?{_JOINT}|{_LOOSE_JOINT})",
            rf"{stem}(?:[^\"]{{0,80}}\"|[^']{{0,80}}'){_QUOTED_NEXT}",
        ),
        Notation.TOLD: (
            rf"(?i:\b(?:{_FIELD})\b)(?:\\{{0,8}}[\"'`])?\s{{0,3}}(?:=>|[:=])\s{{0,3}}\\{{0,8}}[\"'`]?[\w.\-]*{stem}",
            "[Dd]uplicate entry '|input_value=",
            rf"--(?:name|key|parameter|secret-id|secret-name|variable|field|id)[= ]{{1,2}}[\"']?[\w./:\-]*{stem}",
            rf"{stem}[\w.\-]*[\"'`]?(?: [^\n:=\"'`]*)? (?i:{_PROPORTIONS}) (?i:value)[ :=]",
            r"(?i:\bvalue)[ :=]{1,3}[\"'`][^\s\"'`]*[\"'`] (?i:for|of|in|given for|passed to|supplied for) ",
            (
                rf"{stem}[\w.\-]*[\"'`]? (?i:was |has been )?"
                "(?i:changed|updated|rotated|replaced|switched|renamed|moved) (?i:from) "
            ),
        ),
        Notation.FLAG: (rf"\B--?[\w\-]*{stem}[\w\-]*[\"']?,?[ \t]{{1,4}}[\"']?[^\s\"'\-<]",),
        Notation.ELEMENT: (
            rf"<[\w.:\-]*{stem}[\w.:\-]*(?:\s[^<>]*)?>",
            rf">\s*[\w. \-]*{stem}[\w. \-]*:?\s*</",
        ),
        Notation.FIX: (r"\d=" if level is Level.CRITICAL else "(?:554|925|96|553)=",),
        Notation.INSERT: (
            (
                r"(?i:\b(?:insert(?: or \w{1,16})?|replace|copy|merge)(?:\s{1,4}into)?)\s{1,4}"
                rf"[\w.\"`\[\]]{{1,}}\s{{0,4}}\([^()]*{stem}"
            ),
        ),
        Notation.TABLE: (
            f"{name}[ \\t\"'`]*(?:[\\t|{_FOREIGN}]|  )",
            f"{name}[ \\t\"'`]*{_DELIMITER}{_CELLS}{_LINE_END}",
            rf"{_DELIMITER}[ \t\"'`|]*(?:[\w$.\-]{{1,}} ){{0,2}}[\w$.\-]*{stem}{_CELLS}{_LINE_END}",
            rf"{name}[ \t\"'`]*{_LINE_END}[\-+= ]{{2}}",
            rf"\[[\w.\- ]*{stem}[\w.\- ]*\]{{1,2}}[ \t]{{0,8}}\n",
            rf"{stem}[\w\-]*:[ \t]{{0,8}}\n",
        ),
        Notation.LOGIN: (
            (
                r"(?i:\b(?:op|method|event|action|type|command|cmd|request|req|reqtype|channel|ch|e|id|msgtype|messagetype|"
                r"operation)\\{0,8}[\"']?\s{0,3}[:=]\s{0,3}\\{0,8}[\"']?[\w./\-]*"
                r"(?:auth|login|logon|signin|sign_in|server\.sign))"
            ),
        ),
        Notation.COMMAND: (
            (
                r"\b(?:set|setx|setenv|ENV|ARG|add|put|export)(?: {1,2}-{1,2}\w{1,16})?"
                rf"[ \t]{{1,8}}[\w.\-/:]*{stem}[\w.\-/:]*[ \t]"
            ),
        ),
        Notation.SPACED: (
            (
                rf"{_credential()}[\w\-]*[\"'`)]?(?:,|:|'?s)?[ \t]{{1,}}(?:[\-{_FOREIGN}>|/]{{1,3}}[ \t]{{1,4}})?"
                rf"(?:value |of |is |was |\d )?[\"'`(\[<]?{_MIXED}"
            ),
            rf"(?i:\b(?:got|received|given|found|provided|saw|actual|was))[ :=]{{1,3}}[\"'`(\[]?{_MIXED}",
        ),
    }
    return [(notation, pattern) for notation, patterns in sketches.items() for pattern in patterns]


def _credential() -> str:
    """Return what matches a word of a credential; two letters outside ASCII are other cases of k and s."""
    words = "|".join(_CREDENTIAL).replace("k", f"[k{_FOREIGN}]").replace("s", f"[s{_FOREIGN}]")
    return f"(?i:{words})"
