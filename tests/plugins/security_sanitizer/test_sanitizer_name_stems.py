"""Every name in the tables is looked for, however it is written, by either engine; ordinary words are not."""

import pytest

from recoup_plugins.security_sanitizer.engine import best_engine
from recoup_plugins.security_sanitizer.engine_standard import StandardEngine
from recoup_plugins.security_sanitizer.key_tables import ANYWHERE, FOREIGN, LAST, PHRASES
from recoup_plugins.security_sanitizer.keys import KeyPolicy
from recoup_plugins.security_sanitizer.levels import Level
from recoup_plugins.security_sanitizer.sample import Sample
from recoup_plugins.security_sanitizer.suspects import Suspects

LEVELS = [Level.LOW, Level.HIGH]
ENGINES = {type(engine).__name__: engine for engine in (best_engine(), StandardEngine())}


def spellings(words):
    yield from (sign.join(words) for sign in ("_", "-", " ", "."))
    yield "".join(words)
    yield words[0] + "".join(word.capitalize() for word in words[1:])
    yield "".join(map(str.capitalize, words))
    yield "_".join(words).upper()
    yield "my_" + "_".join(words)
    yield "my" + "".join(map(str.capitalize, words))
    yield "MY_" + "_".join(words).upper() + "_2"
    yield "X-" + "-".join(map(str.capitalize, words))
    yield "_".join(words) + "s"


def texts(name):
    return f"failed ({name}=4f3a)", f"a\\n{name}: 4f3a"


@pytest.fixture(scope="module", params=ENGINES)
def suspects(request):
    return {level: Suspects(KeyPolicy(), level, ENGINES[request.param]) for level in LEVELS}


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("table", [ANYWHERE, LAST, PHRASES, FOREIGN], ids=["anywhere", "last", "phrases", "foreign"])
def test_each_name_of_a_table_is_looked_for_in_every_spelling(suspects, table, level):
    keys = KeyPolicy()
    missed = []
    for entry in table:
        for name in spellings(entry.split("-")):
            verdict = keys.verdict(name)
            if verdict.kind and verdict.level <= level:
                missed += [text for text in texts(name) if not suspects[level].any(text)]
    assert missed == []


@pytest.mark.parametrize(
    "name", ["two fa", "bx public", "cc number", "acc no", "id number", "request api", "mot de passe"]
)
def test_names_of_several_words_need_no_sign_between_them(suspects, name):
    assert suspects[Level.HIGH].any(f"the {name}: 4f3a9c")


@pytest.mark.parametrize(
    "text",
    ["order cancelled after testing", "setting routes, posting", "monkey=3 keyboard=4", "clientOrderId=x-1 hostname=b"],
)
def test_a_word_within_a_word_is_no_name(suspects, text):
    assert not suspects[Level.HIGH].any(text)


def test_places_are_those_of_the_names(suspects):
    text = "login ok; api_key=1, token: 2"
    assert {text[start:end] for start, end in suspects[Level.LOW].spans(Sample(text))} >= {"api_key", "token"}
