"""Tags let an operator see that two placeholders stand for the same value, and nothing more."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recoup_plugins.security_sanitizer import SanitizerConfig, SecurityDataSanitizer
from recoup_plugins.security_sanitizer.placeholders import PSEUDONYM_KINDS, UNTAGGED_KINDS, Placeholders

KEY = "a deployment's own key, kept beside its other secrets"
SECRET = "vmPUZE6mv9SD5VNH"
TAGGED = re.compile(r"\[[A-Z][A-Z_]{1,31} ([0-9a-f]{8})\]")


def tagged(key=KEY):
    return Placeholders(PSEUDONYM_KINDS, key)


def tag_of(placeholder):
    return TAGGED.fullmatch(placeholder)[1]


# One placeholder


def test_without_kinds_a_placeholder_is_its_kind():
    assert Placeholders().of("API_KEY", SECRET) == "[API_KEY]"


def test_the_same_value_has_the_same_tag_and_another_value_another():
    assert tagged().of("API_KEY", SECRET) == tagged().of("API_KEY", SECRET)
    assert tagged().of("API_KEY", SECRET) != tagged().of("API_KEY", SECRET + "x")


def test_the_tag_is_the_same_whatever_the_kind():
    assert tag_of(tagged().of("API_KEY", SECRET)) == tag_of(tagged().of("SECRET", SECRET))


def test_another_key_gives_other_tags():
    assert tagged().of("API_KEY", SECRET) != tagged("another key of a deployment").of("API_KEY", SECRET)


def test_without_a_key_tags_hold_within_the_process_only():
    own = Placeholders(PSEUDONYM_KINDS)
    assert own.of("API_KEY", SECRET) == own.of("API_KEY", SECRET)
    assert own.of("API_KEY", SECRET) != Placeholders(PSEUDONYM_KINDS).of("API_KEY", SECRET)


def test_with_a_key_tags_hold_across_processes():
    code = (
        "from recoup_plugins.security_sanitizer.placeholders import *;"
        f"print(Placeholders(PSEUDONYM_KINDS, {KEY!r}).of('API_KEY', {SECRET!r}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == tagged().of("API_KEY", SECRET)


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        ("API_KEY", SECRET, SECRET.encode()),
        ("API_KEY", SECRET, f' "{SECRET}" '),
        ("ACCOUNT", 12345678, "12345678"),
        ("EMAIL", "Kim@Desk.example", "kim@desk.example"),
        ("WALLET", "0xDe709F2102306220921060314715629080e2FB77", "0xde709f2102306220921060314715629080e2fb77"),
        ("MAC", "00:1B:44:11:3A:B7", "00:1b:44:11:3a:b7"),
    ],
)
def test_spellings_of_one_value_have_one_tag(kind, one, other):
    assert tag_of(tagged().of(kind, one)) == tag_of(tagged().of(kind, other))


def test_an_address_with_a_checksum_in_its_case_keeps_its_case():
    assert tagged().of("WALLET", "1BoatSLRHtKNngkdXEeobR76b53LETtpyT") != tagged().of(
        "WALLET", "1boatslrhtknngkdxeeobr76b53lettpyt"
    )


@pytest.mark.parametrize("kind", sorted(UNTAGGED_KINDS))
def test_kinds_with_few_possible_values_never_have_a_tag(kind):
    assert tagged().of(kind, "123456789012") == f"[{kind}]"
    with pytest.raises(ValueError, match=f"must not name {kind}"):
        Placeholders((kind,), KEY)


@pytest.mark.parametrize("kind", ["PHONE", "IBAN", "NATIONAL_ID", "BANK"])
def test_personal_numbers_have_a_tag_only_where_a_deployment_says_so(kind):
    assert tagged().of(kind, "+34 600 123 456") == f"[{kind}]"
    assert TAGGED.fullmatch(Placeholders((kind,), KEY).of(kind, "+34 600 123 456"))


@pytest.mark.parametrize("value", ["1234567", "hunter2", "", "  ", None, True, 1.5, ["a"], {"b": 1}], ids=repr)
def test_short_credentials_and_values_without_one_form_have_no_tag(value):
    assert tagged().of("PASSWORD", value) == "[PASSWORD]"


@pytest.mark.parametrize("key", ["short", " " * 40])
def test_a_key_that_could_be_guessed_is_refused(key):
    with pytest.raises(ValueError, match="at least 16 characters"):
        Placeholders(PSEUDONYM_KINDS, key)


@given(st.text(min_size=8).filter(lambda text: len(text.strip(" \t\r\n\"'`")) >= 8))
def test_any_text_has_a_tag_that_does_not_hold_it(value):
    placeholder = tagged().of("SECRET", value)
    assert TAGGED.fullmatch(placeholder)
    assert value not in placeholder


def test_it_serves_threads_at_once():
    placeholders = tagged()
    expected = [placeholders.of("TOKEN", f"value-{number}") for number in range(200)]
    wrong = []

    def ask():
        found = [placeholders.of("TOKEN", f"value-{number}") for number in range(200)]
        wrong.extend(pair for pair in zip(found, expected, strict=True) if pair[0] != pair[1])

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


# The sanitizer


@cache
def sanitizer(**config):
    return SecurityDataSanitizer(config=SanitizerConfig(pseudonym_key=KEY, pseudonyms=True, **config))


def tags(clean):
    return set(TAGGED.findall(str(clean)))


FORMS = {
    "by its name": {"api_key": SECRET},
    "in a pair": [["api_key", SECRET]],
    "as bytes": {"api_key": SECRET.encode()},
    "in text": f"sent api_key={SECRET} there",
    "in quotes": f"sent 'api_key': '{SECRET}' there",
    "in JSON": f'{{"api_key": "{SECRET}"}}',
    "as a flag": f"bot --api-key {SECRET}",
    "in XML": f"<apiKey>{SECRET}</apiKey>",
}


@pytest.mark.parametrize("form", FORMS)
def test_one_secret_has_one_tag_wherever_it_stood(form):
    clean = sanitizer().sanitize(FORMS[form], "HIGH")
    assert tags(clean) == {tag_of(tagged().of("API_KEY", SECRET))}
    assert SECRET not in str(clean)


SHAPES = {
    "TOKEN": "ghp_" + "a1B2" * 9,
    "EMAIL": "kim@desk.example",
    "IP": "203.0.113.77",
    "WALLET": "0xde709f2102306220921060314715629080e2fb77",
}


@pytest.mark.parametrize("kind", SHAPES)
def test_what_is_found_by_its_shape_has_the_tag_of_the_whole_value(kind):
    clean = sanitizer().sanitize(f"from {SHAPES[kind]} again", "HIGH")
    assert clean == f"from {tagged().of(kind, SHAPES[kind])} again"


def test_a_registered_value_has_its_tag_in_every_spelling():
    registered = sanitizer(secrets=("zebra/crossing-7",))
    expected = {tag_of(tagged().of("SECRET", "zebra/crossing-7"))}
    for text in ("at zebra/crossing-7 now", "at zebra%2Fcrossing-7 now", "at emVicmEvY3Jvc3NpbmctNw== now"):
        assert tags(registered.sanitize(text)) == expected


def test_a_card_keeps_its_last_four_and_has_no_tag():
    assert sanitizer().sanitize("card 4111111111111111", "MEDIUM") == "card [CARD 1111]"
    assert sanitizer().sanitize("card 4111111111111111", "HIGH") == "card [CARD]"


def test_what_is_clean_stays_as_it_is():
    once = sanitizer().sanitize(
        f"token={'ghp_' + 'a1B2' * 9} password 'hunter22x' secret {SECRET} from 203.0.113.77 api_key: {SECRET}",
        "CRITICAL",
    )
    assert len(TAGGED.findall(once)) >= 4
    assert sanitizer().sanitize(once, "CRITICAL") == once


def test_kinds_are_chosen():
    clean = sanitizer(pseudonym_kinds=("EMAIL",)).sanitize(f"api_key={SECRET} kim@desk.example", "HIGH")
    assert clean == f"api_key=[API_KEY] {tagged().of('EMAIL', 'kim@desk.example')}"


def test_switched_off_nothing_has_a_tag():
    plain = SecurityDataSanitizer(config=SanitizerConfig(pseudonym_key=KEY))
    assert plain.sanitize(FORMS, "CRITICAL") == SecurityDataSanitizer().sanitize(FORMS, "CRITICAL")
    assert tags(plain.sanitize(FORMS, "CRITICAL")) == set()


def test_the_key_is_not_shown():
    assert KEY not in repr(SanitizerConfig(pseudonym_key=KEY))
