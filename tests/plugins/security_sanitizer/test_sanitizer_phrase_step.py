"""The look at words in a row never passes over a phrase that would be hidden, whatever stands around and between."""

from __future__ import annotations

from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recoup_plugins.security_sanitizer.phrase_step import PhraseStep
from recoup_plugins.security_sanitizer.placeholders import PLAIN
from recoup_plugins.security_sanitizer.sample import Sample
from recoup_plugins.security_sanitizer.screening import Joined
from recoup_plugins.security_sanitizer.seed_phrases import hide_phrases, other_languages, word_list

ENGLISH = sorted(word_list())
LANGUAGES = [ENGLISH] + [
    sorted(word for word, numbers in other_languages().items() if language in numbers) for language in range(9)
]
BETWEEN = st.sampled_from([" ", ", ", "\u2192", " \u2192 ", "\n", "-", "_", " 1. ", "\u3000", " \u2022 ", "/"])
AROUND = st.sampled_from(["", " ", "\u2026 \u00e9 \u2713 ", "x=1 ", "\u00e9", " \u2013 ok", "word"])
FORMS = st.sampled_from([str, str.upper, str.title, lambda text: normalize("NFD", text)])

step = PhraseStep(PLAIN)


def phrases():
    def of(words):
        chosen = st.lists(st.sampled_from(words), min_size=11, max_size=25)
        return st.builds(lambda held, between: between.join(held), chosen, BETWEEN)

    return st.sampled_from(LANGUAGES).flatmap(of)


@given(AROUND, phrases(), FORMS, AROUND)
def test_every_phrase_is_hidden_that_is_one(before, phrase, form, after):
    text = before + form(phrase) + after
    sample = Sample(text)
    assert step(sample, sample) == hide_phrases(text)


@given(st.lists(st.one_of(st.text(max_size=30), phrases()), min_size=1, max_size=4))
def test_of_many_texts_those_with_a_phrase_are_named(texts):
    texts = [text.replace("\n", " ") for text in texts]
    named = {number for number, _ in step.hits(Joined(texts))}
    assert named >= {number for number, text in enumerate(texts) if hide_phrases(text) != text}


@pytest.mark.parametrize("language", range(len(LANGUAGES)))
def test_eleven_words_are_no_phrase_and_twelve_are_one(language):
    words = LANGUAGES[language][100:1300:100]
    for count, is_hidden in ((11, False), (12, True)):
        sample = Sample(" ".join(words[:count]))
        assert (step(sample, sample) != sample.text) is is_hidden
