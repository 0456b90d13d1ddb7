"""Finds sensitive names with their values in running text, whatever notation joins the two.

Covered: ``name=value``, ``name: value``, ``name => value``, ``name := value``, ``name is value``, JSON and Python
literals (also escaped inside strings), header dumps, query strings and form bodies, pairs ``("name", "value")``,
``--flag value``, and the FIX tags of a logon. Names that stand apart from their values are the matter of
``rules_members`` (``{"name": ..., "value": ...}``, XML), ``rules_tables`` (columns), ``rules_frames`` (logins), and
``rules_spaced`` (nothing but a space between).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from recoup_plugins.security_sanitizer.cache import BoundedCache
from recoup_plugins.security_sanitizer.fix_fields import in_fix_messages
from recoup_plugins.security_sanitizer.headings import is_remark, is_sentence
from recoup_plugins.security_sanitizer.levels import Level
from recoup_plugins.security_sanitizer.notations import Notation, everywhere
from recoup_plugins.security_sanitizer.placeholders import PLAIN, Placeholders, is_in_tag
from recoup_plugins.security_sanitizer.replacements import Replacements
from recoup_plugins.security_sanitizer.rules_frames import in_logins
from recoup_plugins.security_sanitizer.rules_members import (
    in_elements,
    in_sections,
    told_after,
    told_before,
    told_in_words,
)
from recoup_plugins.security_sanitizer.rules_names import (
    NAME_WINDOW,
    end_of_owned,
    end_of_remarked,
    is_typed,
    name_before,
    name_in_path,
    reads,
)
from recoup_plugins.security_sanitizer.rules_options import in_options
from recoup_plugins.security_sanitizer.rules_spaced import in_commands, spaced_values
from recoup_plugins.security_sanitizer.rules_tables import in_inserts, in_tables
from recoup_plugins.security_sanitizer.rules_values import (
    bare_value,
    closing_bracket,
    end_of_concatenated,
    end_of_continued,
    groups_end,
    indented,
    inside_quotes,
    is_convincing,
    list_end,
    words_end,
)
from recoup_plugins.security_sanitizer.sample import Sample
from recoup_plugins.security_sanitizer.source_code import is_source
from recoup_plugins.security_sanitizer.statements import describes, is_metavar, is_scope, says_about
from recoup_plugins.security_sanitizer.values import (
    VALUE_NAMES,
    is_placeholder,
    is_prose,
    is_reference,
    looks_like,
    looks_random,
    looks_secret,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from recoup_plugins.security_sanitizer.keys import KeyPolicy, Verdict
    from recoup_plugins.security_sanitizer.notations import Located
    from recoup_plugins.security_sanitizer.rules_tables import Found, Sensitive, Span

_SEPARATOR = re.compile(
    r"==?=?>?|~>|->|<-(?= ?[\"'])|:=|::(?= )|:|\u2192|\u21d2|\u2254|\uff1a|"
    r"\"(?:,\s{0,2}b?(?=\\{0,16}[\"'])|;s:\d{1,4}:(?=[\"']))|'(?:,\s{0,2}b?(?=\\{0,16}[\"'])|;s:\d{1,4}:(?=[\"']))|"
    r",(?:\s{0,2}(?=<<[\"'])|(?<=\w.)(?=[^\s|;,\"'\\]))|"
    r"\|(?<=\w.)(?=[^\s|;,\"'\\])|;(?<=\w.)(?=[^\s|;,\"'\\])|\t(?<=\w.)(?=[^\s|;,\"'\\])|"
    r"\\(?<=\w.)\\{0,3}t(?=[^\s|;,\"'\\])|"
    r" (?:(?:is|was|has been|been)[ +](?:set[ +]to[ +]|changed to |reset to |now )?|(?:set|changed|updated|reset) to |"
    r"equals |(?<=[\w\"'].)(?=\\{0,8}[bru]?[\"'])|\.{4,64} )|"
    r"\+(?:is|was|has been|been)[ +](?:set[ +]to[ +]|changed to |reset to |now )?|"
    r"\((?<=[\w\"'].)(?=\\{0,8}[bru]?[\"'])|\{(?<=[\w\"'].)(?=\\{0,8}[bru]?[\"'])"
)
"""What joins a name and its value. Each branch begins with a character, since ``re`` then skips to those that do."""

_LONGEST_SEPARATOR: Final = 100
"""More characters than a separator has, together with what must follow it."""

_LOOSE: Final = frozenset("|;,\t\\({ ")
"""With one of these alone between name and value, the value itself must be convincing."""

_CELL = re.compile(r"[^\s|;,\"'\\<>]{6,1000}")
_MARKUP: Final = r"<(?:strong|b|em|i|u|code|tt|kbd|span|mark|samp|pre)(?: [^<>\n]{0,80})?>[ \t]{0,4}"
"""A tag of HTML that marks what follows, and does not hold it."""

_PREFIX = re.compile(
    r"[ \t]{0,8}(?:\*{1,2}|_{2}|~~|!!\w{1,16}|&\w{1,32}|"
    r"\(\*?(?:string|str|\[\]byte|\[\]uint8)\) ?(?:\(len=\d{1,6}\)|\(0x[0-9a-f]{1,16}\))?)(?=[ \t]{1,4}[^\s=])|"
    r"[ \t]{0,4}(?:\([\w:]{1,32} ?\*?\) ?)?@?0x[0-9a-f]{1,16}:?(?=[ \t]{1,2}\\{0,4}[\"'])|"
    rf"\s{{0,8}}{_MARKUP}(?:{_MARKUP})?(?=[^\s<])",
    re.IGNORECASE,
)
_QUOTE = re.compile(
    r"\s{0,8}(?:<<)?(?:[bruf]{0,2}|[NE@])(\"\"\"|\'\'\'|(?:\"\"|'')(?=[\w/+.$!@#%^&*\-])|\\{0,16}[\"'`])"
)
_WRAPPER = re.compile(
    r"\s{0,8}(?:new |&)?(?:Some|Ok|Just|Right|chr|SecretStr|SecretBytes|Secret|Sensitive|String|string|str|"
    r"bytes|bytearray|Bytes|Password|\[\]string|"
    r"ApiKey|Token|b58decode|b32decode|PrivateKey|SigningKey|Optional|Optional\.of|Value|Buffer\.from|b64decode|std::string|NSString|\[\]byte|"
    r"\[\]rune)(?:\(\d{1,4}\))?[\[({ ]{1,2}(?=[\"'`\\])"
)
_OPEN = re.compile(r"\s{0,8}([\[{(])")
_PLURALS: Final = frozenset(
    [
        *("codes", "backup_codes", "recovery_codes", "keys", "tokens", "passwords", "secrets"),
        *("backup codes", "recovery codes", "api keys"),
    ]
)
_COOKIE_ATTRIBUTE = re.compile(r";\s{0,2}(?:path|domain|expires|max-age|httponly|secure|samesite)\b", re.IGNORECASE)
_DIRECTORIES: Final = frozenset(["PWD", "OLDPWD", "pwd", "LOGIN_PWD"])
_PATH = re.compile(r"[~.]{0,2}/|[A-Za-z]:\\")
_PROPERTIES = re.compile(r"[A-Za-z][\w ]{1,32}=[^;=]{0,200};")
_NOT_SAID: Final = frozenset(["", "true", "false", "raise", "return", "continue", "break", "pass"])
_HARMLESS_LENGTH: Final = 128
_COLON = re.compile(r"\\{0,16}[\"']\s{0,4}:")
_BITS: Final = re.compile(r"\d{2,5} bits?|\d{1,2} primes")
_QUOTES: Final = ("'", '"')
_VOID: Final = ("<input", "<INPUT", "<meta", "<META")
_BEFORE_MARKUP: Final = (":", "=", "is", "was")
_NUMBERS = re.compile(r"[\[(]{1,3}\s{0,4}[\"']?[+\-]?\d")
_GROUPED: Final = frozenset(["IBAN", "CARD", "PHONE", "BANK", "NATIONAL_ID"])
_NESTED = re.compile(r"[ \t]{0,3}(?:[=:]|->)")
_GOES_ON: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-$/+=~%@!#&*^")
"""Characters that follow a placeholder only where it does not stand for the whole value."""

_OF_USER = re.compile(r"[ \t]{1,2}/[ \t]{1,2}([^\s\"']{3,256})")


class Assignments:
    """Replaces the values of sensitive names in text. Immutable apart from its caches: thread-safe and task-safe.

    What it remembers of values are keyed 64-bit hashes, since one may be a secret.
    """

    __slots__ = ("_judged", "_keys", "_placeholders")

    def __init__(self, keys: KeyPolicy, placeholders: Placeholders = PLAIN) -> None:
        self._judged: BoundedCache[int, bool] = BoundedCache(4096)
        self._keys = keys
        self._placeholders = placeholders

    def apply(self, text: str, level: Level, located: Located | None = None) -> str:
        """Return the text with every sensitive value replaced by its placeholder.

        Args:
            text: any text.
            level: what to hide.
            located: which notations the text may hold, and where; None: those for which it has a literal, anywhere.
        """
        located = everywhere(Sample(text)) if located is None else located
        for notation in sorted(located):
            if found := list(self._found(notation, text, level, located[notation])):
                of = self._placeholders.of
                hidden = Replacements([(start, end, of(kind, text[start:end])) for start, end, kind in found])
                text = hidden.applied(text)
                located = {later: hidden.moved(spans) for later, spans in located.items() if later > notation}
        return text

    def _found(  # noqa: C901, PLR0911 - one notation a branch
        self, notation: Notation, text: str, level: Level, spans: Sequence[Span]
    ) -> Iterable[Found]:
        """Return the values that stand in one notation, which may be in certain places only, in ascending order."""

        def sensitive(name: str) -> Verdict | None:
            verdict = self._keys.verdict(name)
            return verdict if verdict.kind and verdict.level <= level else None

        match notation:
            case Notation.TOLD:
                told = [*told_before(text, sensitive), *told_in_words(text, sensitive), *self._told(text, sensitive)]
                return _apart(text, told)
            case Notation.NAMED:
                return self._named(text, level, spans)
            case Notation.FLAG:
                return in_options(text, sensitive, self._keys)
            case Notation.ELEMENT:
                return _apart(text, in_elements(text, sensitive))
            case Notation.FIX:
                return _apart(text, in_fix_messages(text, level))
            case Notation.INSERT:
                return _apart(text, in_inserts(text, sensitive))
            case Notation.TABLE:
                return _apart(text, [*in_tables(text, sensitive, spans), *in_sections(text, sensitive)])
            case Notation.LOGIN:
                return _apart(text, in_logins(text))
            case Notation.COMMAND:
                return _apart(text, in_commands(text, self._keys))
            case Notation.SPACED:
                return _apart(text, spaced_values(text, self._name_before, spans))

    def _told(self, text: str, sensitive: Sensitive) -> Iterable[Found]:
        """Yield the values of ``{"name": "api_key", "value": ...}``."""
        for at, name, verdict in told_after(text, sensitive):
            if text[at - 1] == ">":
                if text[text.rfind("<", 0, at) :].startswith(_VOID):
                    continue  # an element that has no content
                end = text.find("<", at)
                span: tuple[int, int] | None = (at, end if end >= 0 else len(text))
            else:
                span = self._value(text, at, ":", name, verdict)
            if span is not None:
                yield (*span, verdict.kind)

    def _named(self, text: str, level: Level, spans: Iterable[Span]) -> Iterator[Found]:
        """Yield the values that a mark joins to their names: ``name=value``."""
        done = 0
        for separator in _separators(text, spans):
            start, end = separator.span()
            if start < done:
                continue
            name, verdict, loose = self._name_of(text, separator, done, level)
            if verdict is None or (text[start - len(name) - 1 : start - len(name)] == ":" and "arn:" in text[:start]):
                continue
            if separator.group()[0] in "|;,\t\\" and text[end] != "<":
                span = _cell(text, start, end, name)
            else:
                span = self._value(text, end, separator.group(), name, verdict)
            if span is None or (loose and not is_convincing(text[slice(*span)], name, verdict)):
                continue
            if separator.group() == ":" and is_sentence(text, start, name, verdict.kind):
                continue
            yield (*span, verdict.kind)
            done = span[1]

    def _name_of(
        self, text: str, separator: re.Match[str], floor: int, level: Level
    ) -> tuple[str, Verdict | None, bool]:
        """Return the name before a separator, its verdict, and whether it takes a convincing value to believe it."""
        start, mark = separator.start(), separator.group()
        name, verdict = self._name_before(text, start, floor, level)
        if mark[0] in _LOOSE and (len(mark) == 1 or mark[0] in "\\," or mark[1] == "."):
            believed = verdict is not None and not verdict.weak and verdict.level is Level.LOW
            believed = believed and not (mark == "(" and reads(name))
            return name, verdict if believed else None, mark[:1] != "," or text[separator.end()] != "<"
        if verdict is not None:
            return name, None if mark == ":" and is_typed(text, separator.end()) else verdict, False
        if (end := end_of_remarked(text, start, floor, mark)) is not None:
            return *self._name_before(text, end, floor, level), False
        if mark[0] in "\"'":
            return *name_in_path(self._keys, text, start, level), True
        if (end := end_of_owned(text, start, floor)) is not None:
            name, verdict = self._name_before(text, end, floor, level)
            return name, verdict if verdict is not None and verdict.level is Level.LOW else None, True
        return name, None, False

    def _name_before(self, text: str, end: int, floor: int, level: Level) -> tuple[str, Verdict | None]:
        return name_before(self._keys, text, end, floor, level)

    def _value(  # noqa: C901, PLR0911, PLR0912 - one branch a notation
        self, text: str, at: int, separator: str, name: str, verdict: Verdict
    ) -> tuple[int, int] | None:
        """Return where the secret value that begins at a place stands, or None when it is harmless."""
        if separator.strip() in _BEFORE_MARKUP and (prefix := _PREFIX.match(text, at)) is not None:
            at = prefix.end()
        if (wrapper := _WRAPPER.match(text, at)) is not None:
            at = wrapper.end()
        if (quoted := _QUOTE.match(text, at)) is not None:
            before = at - len(separator) - len(name) - 1
            prompt = before >= 0 and text[before : at - len(separator)] == quoted.group(1) + name
            if prompt and text[at : at + 1] == " ":
                return None  # a prompt, "Password: "
            start, end = inside_quotes(text, quoted.end(), quoted.group(1))
            end = end_of_concatenated(text, end, quoted.group(1))
            bare = False
            if separator[0] in "\"'" and not _opens_pair(text, at, name) and not _has_digits(text[start:end]):
                return None  # a list of names, or the first line of a CSV
            if separator[0] in "\"'" and (colon := _COLON.match(text, end)) is not None:
                # {"name": "api_key", "value": "..."}: what follows the name is a name itself.
                told = text[start:end].lower() in VALUE_NAMES
                return self._value(text, colon.end(), ":", name, verdict) if told else None
        elif (opened := _OPEN.match(text, at)) is not None:
            start = opened.start(1)
            numbers = verdict.level is Level.CRITICAL and _NUMBERS.match(text, start) is not None
            if (verdict.weak or verdict.level > Level.LOW) and not numbers:
                return None  # the names inside decide
            if separator[-1] == ">" and opened.group(1) == "{" and reads(name):
                return None  # the answer to a call: the names inside decide
            end = closing_bracket(text, start)
            bare = False
            if (
                is_placeholder(text[start:end]) and text[end : end + 1] in _GOES_ON
            ):  # a placeholder that somebody forged
                start, end = bare_value(text, end, verdict)
                return (start, end) if looks_secret(text[start:end]) else None
        elif separator == ":" and (block := indented(text, at)) is not None:
            return block if not verdict.weak and verdict.level is Level.LOW else None
        else:
            start, end = bare_value(text, at, verdict)
            bare = True
            if text[end - 1 : end] == "=" and text[end : end + 1] in _QUOTES and _is_attribute(text[start : end - 1]):
                return None  # the next attribute: <wsse:Password xsi:type="...">
            if _NESTED.match(text, end) and text[start:end].isidentifier():
                return None  # "credentials: key = ..."
            if verdict.kind in _GROUPED:
                end = groups_end(text, end, verdict.kind)
            if verdict.kind == "PASSWORD" and "phrase" in name.lower() and not is_prose(text[start:end]):
                end = words_end(text, end)
            end = end_of_continued(text, end)
            if name.lower() in _PLURALS:
                end = list_end(text, end)
            if verdict.kind == "SECRET" and (of_user := _OF_USER.match(text, end)) is not None:
                end = of_user.end()
        if (
            text[at - len(separator) - len(name) - 3 : at - len(separator) - len(name)] == "://"
            and "@" in text[start:end]
        ):
            end = text.rindex("@", start, end)  # the password in a URL
        if verdict.kind == "AUTHORIZATION" and (attributes := _COOKIE_ATTRIBUTE.search(text, start, end)):
            end = attributes.start()
        if bare and is_scope(text, start, text[start:end]):
            return None
        if end - start <= _HARMLESS_LENGTH and self._is_harmless(text[start:end], separator, name, verdict, bare=bare):
            return None
        if is_source(text, (at, start, end), name, separator, verdict.kind, bare=bare):
            return None
        return start, end

    def _is_harmless(self, value: str, separator: str, name: str, verdict: Verdict, *, bare: bool) -> bool:
        case = hash((value, separator, name, verdict.kind, verdict.level, verdict.weak, bare))
        known = self._judged[case]
        if known is None:
            known = self._judge(value, separator, name, verdict, bare=bare)
            self._judged.put(case, known)
        return known

    def _judge(  # noqa: PLR0911 - one reason a line
        self, value: str, separator: str, name: str, verdict: Verdict, *, bare: bool
    ) -> bool:
        literal = not bare and separator[0] not in "\"'"
        if is_placeholder(value.rstrip("):") if bare else value) or is_reference(
            name, value, self._keys, literal=literal
        ):
            return True
        if (name in _DIRECTORIES and _PATH.match(value)) or (verdict.kind == "SECRET" and _PROPERTIES.match(value)):
            return True  # the names inside decide
        if value[:1] in ("[", "{", "(") and not bare:
            parameters = value[0] == "(" and not any(char in "\"'0123456789" for char in _BITS.sub("", value))
            return is_placeholder(value[1:-1]) or parameters or describes(value) or is_remark(value)
        if verdict.level < Level.CRITICAL and says_about(name, value, verdict.kind):
            return True
        if literal and name.lower() == "key" and value.isalpha() and self._keys.verdict(value).kind:
            return True  # <add key="ConnectionPassword" value="...">
        if bare and separator == "=" and value.isupper() and is_metavar(value):
            return True  # "--username=NAME" in a help text
        if name.lower() == "pass" and value.isdigit():
            return True  # a count of tests
        if verdict.level is Level.CRITICAL and not looks_like("ORDER", value):
            return True
        if verdict.weak and not looks_like(verdict.kind, value):
            return True
        return bare and separator not in ("=", ":=", "=>") and _speaks(value, separator)


def _apart(text: str, found: Iterable[Found]) -> Iterator[Found]:
    """Yield in order what was found, but for placeholders and what overlaps an earlier one."""
    done = 0
    for start, end, kind in sorted(found):
        if start >= done and not is_placeholder(text[start:end]) and not is_in_tag(text, start, end):
            yield start, end, kind
            done = end


def _separators(text: str, spans: Iterable[Span]) -> Iterator[re.Match[str]]:
    """Yield what may join a name and its value and begins in one of the spans, each once."""
    done = 0
    for start, end in spans:
        if done < end:
            for separator in _SEPARATOR.finditer(text, max(start, done), end + _LONGEST_SEPARATOR):
                if separator.start() >= end:
                    break
                yield separator
                done = separator.end()


def _cell(text: str, start: int, end: int, name: str) -> tuple[int, int] | None:
    """Return the span of a value in a row: ``api_key|...|retries|3``, and at a line's start ``api_key,...``."""
    before = text[start - len(name) - 1 : start - len(name)]
    if text[start] == "," and before not in ("", "\n") and text[start - len(name) - 2 : start - len(name)] != "\\n":
        return None
    found = _CELL.match(text, end)
    if found is None or (found.group().isidentifier() and not looks_random(found.group())):
        return None
    return found.span()


def _is_attribute(name: str) -> bool:
    return name.isidentifier() and not looks_random(name)


def _opens_pair(text: str, at: int, name: str) -> bool:
    """Tell whether the name before a comma is the first item in its brackets, as in ``("password", "...")``."""
    before = (
        text[max(0, at - NAME_WINDOW) : at]
        .rstrip(" ,\"'`\\")[: -len(name)]
        .rstrip("\"'`\\ bru.ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    )
    return before[-1:] in ("(", "[", "{")


def _has_digits(value: str) -> bool:
    return looks_secret(value) and any(map(str.isdigit, value))


def _speaks(value: str, separator: str) -> bool:
    """Tell whether what follows ``name:`` or ``name is`` is the rest of a sentence."""
    if is_prose(value) or value.strip(".,;:!?").lower() in _NOT_SAID:
        return True
    return separator.startswith(" ") and not looks_secret(value) and not any(char.isdigit() for char in value)
