"""Tells the source code behind a sensitive name from its value: expressions, types, tables of names, docstrings.

Asked only where something is about to be hidden, with the text around it. Kinds that nobody chooses, such as tokens,
are no plain words; a password may be one, so that code must show itself there by more than its words.
"""

from __future__ import annotations

import re
from typing import Final

from recoup_plugins.security_sanitizer.identifiers import is_compound, is_identifier, is_path, words_in
from recoup_plugins.security_sanitizer.keys import judge, words_of
from recoup_plugins.security_sanitizer.values import is_prose, looks_random

_NEVER_CHOSEN: Final = frozenset(["AUTHORIZATION", "TOKEN", "SIGNATURE", "API_KEY", "CREDENTIALS", "PRIVATE_KEY"])
_CHOSEN: Final = frozenset(["PASSWORD", "SECRET", "SEED_PHRASE"])
_FORMATTED: Final = re.compile(r"[ \t]{0,8}[rR]?[fF][rR]?[\"']{1,3}")
_FIELD: Final = re.compile(r"\{[^{}]{1,200}(?:\}|\Z)")
_OPERATOR: Final = re.compile(r"(?:await|new|lambda|yield|not|async)")
_OPERAND: Final = re.compile(r"[ \t]{1,4}[A-Za-z_*&]")
_LOOP: Final = re.compile(r"[\w\])] for [\w, ]{1,80} in \w", re.ASCII)
_WORD: Final = re.compile(r"[^\s\[\]{}(),:\"']{1,80}")
_PLAIN_WORD: Final = re.compile(r"[a-z]{1,12}|[A-Z][a-z]{1,12}", re.ASCII)
_ARGUMENT: Final = re.compile(r"[a-z_]{1,60}\)", re.ASCII)
_CALL: Final = re.compile(r"[A-Za-z_][A-Za-z_\d.]{1,63}\((?:[A-Za-z_.]{0,64}[()]\.?|[a-z_]{1,64}(?:=|\Z))", re.ASCII)
_CALL_WITH_NUMBERS: Final = re.compile(r"[A-Za-z_.]{3,64}\(-?\d[\d_*.]{0,12}", re.ASCII)
_GENERIC: Final = re.compile(
    r"(?:List|Dict|Optional|Union|Tuple|Sequence|Literal|list|dict|tuple|set)\[[\w\[\], .|]{1,120}"
)
_DECLARED: Final = re.compile(r"(?:bool|int|float|str|bytes) = (?:True|False|None|\d{1,8})", re.ASCII)
_PLURALS: Final = ("secrets", "credentials", "passwords", "accounts", "users")
_COUNTED: Final = re.compile(
    r" (?:rows?|entries|items|records|users|accounts|hits|calls|bytes|times|lines|keys|files|orders)\b"
)
_IN_PARENTHESES: Final = re.compile(r"\((?:await |yield |not )?[A-Za-z_][\w.]{1,64}[(\[]", re.ASCII)
_DOING: Final = re.compile(r"[A-Za-z][a-z]{2,12}ing", re.ASCII)
"""What something does, where a sentence goes on: ``secrets: mounting the volume``."""

_NO_VALUE: Final = re.compile(r"\\[nrt]?|[^\w\s]{1,2}")
_PARAMETER_OF: Final = re.compile(r"\bdef \w{1,64}\([^\n]{0,200}\Z", re.ASCII)
_QUOTED_NAME: Final = re.compile(r"[\"'][\w\-]{1,64}[\"']\s{0,4}:", re.ASCII)
_TAG: Final = re.compile(r"\[/?[a-z]{2,12}\]")
"""What sets the colour of words on a terminal: ``[blue]``."""

_ROUTE: Final = re.compile(r"(?=/)[a-z_/\-]{2,80}(?:/v\d{1,2})?[a-z_/\-]{0,80}", re.ASCII)
_ROUTE_WINDOW: Final = 80
_REQUESTED: Final = re.compile(r"/[\w\-]{1,64} ?->\Z", re.ASCII)
_STATUS: Final = re.compile(r"[1-5]\d\d", re.ASCII)
"""What a venue answers to a request: ``POST /v5/order -> 401``."""

_NAMING: Final = frozenset(
    ["api", "secret", "key", "token", "access", "private", "public", "your", "my", "the", "client"]
)
_MOST_PARTS: Final = 6
_ROLE: Final = re.compile(r"[a-z:]{2,24}:`", re.ASCII)
"""What marks a word in reStructuredText: ``:term:`signer```."""

_SCOPED: Final = re.compile(r":[A-Za-z_][A-Za-z_:.\[\]()\"'\-]{1,120}", re.ASCII)
_INDENTED: Final = re.compile(r"[ ]{4,64}(?:if |elif |return |self\.)?[\w.\[\]\"', ]{1,120}\Z", re.ASCII)
_DOCUMENTED: Final = re.compile(
    r":(?:param|type|arg|key|keyword|ivar|cvar|vartype|return|returns|rtype)[ \t][^:\n]{0,80}\Z|"
    r"\w \((?:Optional\[|Union\[|list\[|dict\[)?(?:str|bool|int|bytes|float|UUID|dict|list|string|object|"
    r"[A-Z][a-z]\w{2,32})\]?"
    r"(?: \| None)?(?:, ?optional)?\)\Z",
    re.ASCII,
)
"""A parameter in a docstring, before the colon behind which it is explained."""

_EXPLAINED: Final = re.compile(r"[,.]? [A-Za-z]")
_DOCSTRING_WINDOW: Final = 120
_PLAIN: Final = re.compile(r"[A-Z]?[a-z'\-]{1,24}[,.;:!]?|[A-Z]{1,8}[,.;:!]?", re.ASCII)
_FEWEST_WORDS: Final = 3
_SHORT_SIGNATURE: Final = 24
_SHORTEST_PART: Final = 3
_BEFORE_NAME: Final = 4
_LONGEST_LINE: Final = 400
"""Characters beyond which no code is read, or a long text would be read again for each name in it."""

_SENTENCE_WINDOW: Final = 60
_NEXT_WORDS: Final = 5
_CLIENT_ID: Final = re.compile(r"client[_\-]?id", re.IGNORECASE)
_OF_ORDERS: Final = re.compile(r"\b(?:orders?|px|price|side|symbol|qty|fills?)\b", re.IGNORECASE)
_ORDER_WINDOW: Final = 100
_CLOSED: Final = re.compile(r"[A-Za-z_][A-Za-z_.]{0,60}\)[\[.]", re.ASCII)
"""The last argument of a call whose result is taken apart: ``read(secret_id=name)["value"]``."""

_WORDS_OF_A_PHRASE: Final = 6
_TITLE: Final = re.compile(r"[A-Z]?[a-z]{1,16}|OAuth|API", re.ASCII)
_FILENAME: Final = re.compile(r"[\w\-]{1,60}\.(?:pem|key|crt|cer|json|ya?ml|toml|txt|env|p12|pub|py)", re.ASCII)
_OF_SENTENCES: Final = frozenset("to of the id that for is with which account".split())  # noqa: SIM905
_MORE: Final = re.compile(r"[\"'],\s{0,4}[\"']")
_OPTION: Final = re.compile(r"--?[\w\-]{1,40}=?|/\w{1,40}", re.ASCII)
_GOES_ON: Final = re.compile(r" [a-z]{2,24}(?![\w=:])", re.ASCII)
"""The next word of a sentence."""

_ARGUMENT_OF: Final = re.compile(r"(?<![A-Za-z0-9_])_?[a-z][a-z0-9_]{1,40}\((?:[^()\"'\n]{1,120},[ ])?\Z", re.ASCII)
"""Ends before the name of an argument in a call: ``get_secret_value(``."""

_CALL_WINDOW: Final = 160
_COMMAND: Final = re.compile(r"[a-z][a-z\d\-]{1,24} [a-z\-./$][\w\-./$]{0,64}", re.ASCII)
"""What a shell puts the output of in its place: ``password=`pass show okx```."""

_OF_ACCESS: Final = frozenset(
    [
        *("api", "access", "secret", "auth", "private", "sign", "signing", "client", "consumer", "app", "bot"),
        *("session", "bearer", "refresh", "csrf", "webhook", "ws", "encryption", "master", "license", "listen", "user"),
        *("wallet", "service", "account", "admin", "hmac", "jwt", "oauth", "security", "login", "subscription"),
    ]
)
"""Words before ``key`` and ``token`` that make a credential of it."""


def is_source(  # noqa: C901, PLR0911 - one sort of value a line
    text: str, place: tuple[int, int, int], name: str, separator: str, kind: str, *, bare: bool
) -> bool:
    """Tell whether what stands behind a sensitive name is source code, or explains the name.

    Args:
        text: the text.
        place: where the separator ends, and where the value begins and ends.
        name: the name before the separator.
        separator: what joins the two.
        kind: the placeholder that the name calls for.
        bare: the value stands in neither quotes nor brackets.
    """
    at, start, end = place
    value = text[start:end]
    if value[:1] == ":" and separator == ":":
        return _SCOPED.fullmatch(value.rstrip(",;")) is not None
    if separator == ":" and (
        _is_location(text, at, value)
        or _is_explained(text, at, start, end)
        or _PARAMETER_OF.search(text, _line(text, at), at - 1)
    ):
        return True
    if not bare and _is_spelled_out(value):
        return True
    if bare and is_prose(value) and _GOES_ON.match(text, end):
        return True  # "; password = see vault"
    if text[start - 1] == "`" and at == start - 1 and _COMMAND.match(value):
        return True
    if kind not in _CHOSEN and (_repeats(name, value, kind) or _is_of_order(text, start, end, name, kind)):
        return True
    if bare:
        return _is_argument(text, place, name, separator) or _is_expression(text, place, name, separator, kind)
    if text[start - 1] not in "\"'`" and value[:1] in ("[", "{", "("):
        return _is_collection(value, kind)
    if len(value) < _SHORTEST_PART and not any(map(str.isalnum, value)):
        return True  # what stands between two strings
    if (
        value[:1] in (" ", ",", ")")
        and text[start - 1] in text[max(0, at - len(name) - _BEFORE_NAME) : at - len(name) - 1]
    ):
        return True  # what follows a string that ends in the name: ``if "?auth-token=" in url:``
    if _FORMATTED.fullmatch(text, at, start) or text.startswith((".format(", " % "), end + 1):
        return _is_formatted(value, kind)
    if separator[0] in "\"'":
        return _is_member(text, (at, end), name, value, kind)
    return _GENERIC.match(value) is not None or _is_named(name, value, kind)


def _is_location(text: str, at: int, value: str) -> bool:
    """Tell whether a logger says which line of which function speaks: ``bot.secrets:fetch:77 - ...``."""
    function, colon, number = value.partition(":")
    if not colon or not number.isdigit() or at == 0 or text[at] != function[:1]:
        return False
    return function in ("<module>", "<lambda>") or is_identifier(function)


def _is_explained(text: str, at: int, start: int, end: int) -> bool:
    """Tell whether a docstring explains a parameter: ``secret (str): Key of the account``."""
    begin = max(0, at - 1 - _DOCSTRING_WINDOW)
    if text[at : at + 1] != " " or _DOCUMENTED.search(text, begin, at - 1) is None:
        return False
    value = text[start:end]
    return " " in value or (value.isalpha() and (_EXPLAINED.match(text, end) is not None or end == len(text)))


def _repeats(name: str, value: str, kind: str) -> bool:
    """Tell whether a value is the end of a path with the same name, or a part of the name: ``LIMIT_KEY = "limit"``."""
    trimmed = value.rstrip(",;)]:.")
    low, whole = trimmed.lower(), name.lower().replace("-", "_").replace(" ", "_")
    if low.endswith("." + whole):
        return is_path(trimmed)
    if kind in ("ACCOUNT", "USER") and "." not in trimmed and len(words_in(trimmed)) > 1:
        return whole.replace("_", "") in low or not set(words_of(name)).isdisjoint(words_of(value))
    if kind in ("ACCOUNT", "USER") and is_path(trimmed):
        return words_of(name)[-1:] == words_of(trimmed.rpartition(".")[2])[-1:]
    return len(low) >= _SHORTEST_PART and low != whole and f"_{low}_" in f"_{whole}_"


def _is_of_order(text: str, start: int, end: int, name: str, kind: str) -> bool:
    """Tell whether the id of a client is that which he gave an order."""
    if kind != "ACCOUNT" or _CLIENT_ID.fullmatch(name) is None:
        return False
    around = text[max(0, start - _ORDER_WINDOW) : end + _ORDER_WINDOW]
    return _OF_ORDERS.search(around) is not None and "secret" not in around.lower()


def _is_argument(text: str, place: tuple[int, int, int], name: str, separator: str) -> bool:
    """Tell whether a variable stands in a call behind the name of an argument: ``get_secret_value(SecretId=name)``."""
    at, start, end = place
    value = text[start:end]
    if separator != "=" or at != start or text[end : end + 1] not in (")", ","):
        return False
    is_variable = value.islower() and value.isidentifier() and not any(map(str.isdigit, value))
    first = at - len(separator) - len(name)
    return is_variable and _ARGUMENT_OF.search(text, max(0, first - _CALL_WINDOW), first) is not None


def _is_expression(  # noqa: PLR0911 - one sort of expression a line
    text: str, place: tuple[int, int, int], name: str, separator: str, kind: str
) -> bool:
    """Tell whether a bare value is an expression: ``await refresh(...)``, ``key_log)[2:]``, ``Key | None``."""
    at, start, end = place
    value = text[start:end]
    if _NO_VALUE.fullmatch(value) or _ROLE.match(value) or (_OPERATOR.fullmatch(value) and _OPERAND.match(text, end)):
        return True
    if _CLOSED.match(value) or (value.isdigit() and _COUNTED.match(text, end)):
        return True
    if separator == ":" and _is_said(text, (start, end), name, kind):
        return True
    trimmed = value.rstrip(",;)]:")
    if separator == ":" and text[at - 2 : at - 1] in ("'", '"') and (is_compound(trimmed) or is_path(trimmed)):
        return True
    before = text[max(0, at - len(separator) - _BEFORE_NAME) : at - len(separator)]
    if separator == "->" and _STATUS.fullmatch(trimmed) and _REQUESTED.search(text, max(0, at - _ROUTE_WINDOW), at):
        return True
    if separator == "->" and before.rstrip().endswith(")"):
        return is_path(trimmed) or is_identifier(trimmed)
    if kind == "EMAIL":
        return is_path(trimmed)
    counted = _CALL_WITH_NUMBERS.fullmatch(value) and text[end : end + 1] == ","
    if kind != "PASSWORD" and (counted or _CALL.match(value)):
        return True
    if kind in _NEVER_CHOSEN:
        return _is_never_chosen(text, place, separator, trimmed)
    assigned = (
        separator == "=" and text[at : at + 1] == " " and _INDENTED.match(text, _line(text, at), at - 1) is not None
    )
    return assigned and not any(map(str.isdigit, value)) and is_identifier(value)


def _is_said(text: str, span: tuple[int, int], name: str, kind: str) -> bool:
    """Tell whether a sentence, a type with its default, or another name stands behind a name and its colon."""
    start, end = span
    value = text[start:end]
    if kind == "AUTHORIZATION" and _is_sentence(value.split()):
        return True
    if text.startswith((" | None", " = None"), end) or _DECLARED.fullmatch(value) or value[0] == "?":
        return True
    if value[-1] == ":" and text[end : end + 1] == " " and is_identifier(value[:-1]):
        return True  # the name of a member: ``ApiKeyAuth: type: apiKey``
    if kind == "SEED_PHRASE" or _EXPLAINED.match(text, end) is None:
        return False
    following = text[end : end + _SENTENCE_WINDOW].split(" ", _NEXT_WORDS)[:_NEXT_WORDS]
    if kind == "ACCOUNT" and value.isalpha() and not _OF_SENTENCES.isdisjoint(following):
        return True
    spoken = kind in _NEVER_CHOSEN or name.lower().endswith(_PLURALS)
    return (spoken and _PLAIN_WORD.fullmatch(value) is not None) or _DOING.fullmatch(value) is not None


def _line(text: str, at: int) -> int:
    """Return where the line begins that a place is in, also one within a string, as far as a line of code reaches."""
    floor = max(0, at - _LONGEST_LINE)
    feed, escaped = text.rfind("\n", floor, at), text.rfind("\\n", floor, at)
    return max(floor, feed + 1, escaped + 2 if escaped >= 0 else 0)


def _is_spelled_out(value: str) -> bool:
    """Tell whether a quoted value is the name of a variable, as of the environment, or words such as ``secret-key``."""
    if value.isupper() and "_" in value and is_identifier(value):
        return judge(value).kind != ""
    parts = value.lower().replace("_", "-").split("-", _MOST_PARTS)
    return len(parts) > 1 and _NAMING.issuperset(parts)


def _is_never_chosen(text: str, place: tuple[int, int, int], separator: str, value: str) -> bool:
    """Tell whether a bare value is a name in code, where nobody chooses words: ``key=by_price``, ``sig=signal.INT``."""
    at = place[0]
    if looks_random(value):
        return False
    if is_path(value):
        return True
    if separator[0] != "=" or any(map(str.isdigit, value)):
        return False
    is_named = is_identifier(value) if text[at : at + 1] == " " else is_compound(value)
    return is_named or _ARGUMENT.match(value) is not None


def _is_sentence(words: list[str]) -> bool:
    return len(words) >= _FEWEST_WORDS and all(map(_PLAIN.fullmatch, words))


def _is_collection(value: str, kind: str) -> bool:
    """Tell whether a bracketed value loops over something, or lists names where no name can be the secret."""
    if len(value) > _LONGEST_LINE:
        return False
    words = _WORD.findall(value)
    if any(map(looks_random, words)):
        return False
    if (
        _LOOP.search(value)
        or _IN_PARENTHESES.match(value)
        or all(map(_OPTION.fullmatch, words))
        or _TAG.fullmatch(value)
    ):
        return True
    rest = _QUOTED_NAME.sub("", value)
    quoted_names = rest != value and "'" not in rest and '"' not in rest
    if any(map(str.isdigit, rest)) or not (quoted_names or kind in _NEVER_CHOSEN):
        return False
    words = _WORD.findall(rest)
    return bool(words) and all(map(words_in, words))


def _is_formatted(value: str, kind: str) -> bool:
    """Tell whether a string is put together when the code runs: ``f"Bearer {self.token}"``."""
    rest = _FIELD.sub(" ", value.replace("%s", "{s}"))
    if rest == value:
        return False
    if kind in _NEVER_CHOSEN:
        return not any(map(looks_random, rest.split()))
    return not any(map(str.isalnum, rest))


def _is_member(text: str, place: tuple[int, int], name: str, value: str, kind: str) -> bool:
    """Tell whether a quoted name and what follows it are members of a list of names: ``["nonce", "token", "type"]``."""
    at, end = place
    if value[:2] == "--" or (value[:1] == "-" and len(value) < _SHORTEST_PART):
        return True
    if " " in value and kind not in ("PASSWORD", "SEED_PHRASE"):
        return len(value.split()) < _WORDS_OF_A_PHRASE and all(map(_TITLE.fullmatch, value.split()))
    more = _MORE.match(text, end) is not None
    if more and _opener(text, at, name) == "{":
        return True
    if kind in _NEVER_CHOSEN and _PLAIN_WORD.fullmatch(value):
        return True
    return kind not in _CHOSEN and is_compound(value)


def _is_named(name: str, value: str, kind: str) -> bool:  # noqa: PLR0911 - one sort of name a line
    """Tell whether a quoted value is a name, where the key is one in a table: ``CONTEXT_KEY = "visitor_state"``."""
    if kind in _NEVER_CHOSEN and not any(map(str.isalnum, value)):
        return True
    if kind == "SIGNATURE":
        return len(value) < _SHORT_SIGNATURE and not any(map(str.isdigit, value))
    if kind in _NEVER_CHOSEN and _FILENAME.fullmatch(value):
        return True
    if kind in _NEVER_CHOSEN and value[0] == "/" and _ROUTE.fullmatch(value):
        return True
    if kind in ("USER", "ACCOUNT") and value.startswith(("http://", "https://")):
        return "@" not in value
    words = words_of(name)
    if kind not in ("API_KEY", "TOKEN") or len(words) == 1 or words[-2] in _OF_ACCESS:
        return False
    if words[-1] not in ("key", "keys", "token", "tokens"):
        return False
    return is_compound(value) or _PLAIN_WORD.fullmatch(value) is not None


def _opener(text: str, at: int, name: str) -> str:
    """Return the bracket right before a quoted name that a comma follows."""
    begin = text.rfind(name, max(0, at - len(name) - 8), at)
    return text[max(0, begin - 8) : begin].rstrip("\"'bru ")[-1:] if begin >= 0 else ""
