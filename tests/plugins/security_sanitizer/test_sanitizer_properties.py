"""Secrets of many kinds, planted at random places in random structures, never come out."""

import base64
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from planting import LEVELS, filler, leaf, names, nest, planted, token

from recoup_plugins.security_sanitizer import SecurityDataSanitizer

SANITIZER = SecurityDataSanitizer()


@given(data=st.data(), secret=planted, before=filler, after=filler)
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_nothing_planted_comes_out_at_its_level_or_above(data, secret, before, after):
    lowest, text, hidden = secret
    sentence = f"{before} {text} {after}"
    payload = data.draw(nest(st.just(sentence)))
    for level in LEVELS[LEVELS.index(lowest) :]:
        assert hidden not in repr(SANITIZER.sanitize(payload, level))
        assert hidden not in json.dumps(SANITIZER.sanitize(payload, level), default=repr)
        assert hidden not in SANITIZER.sanitize_stack_trace(sentence, level)


@given(
    name=names,
    value=st.one_of(
        token, token.map(str.encode), st.lists(token, min_size=1), st.dictionaries(token, token, min_size=1)
    ),
)
@settings(max_examples=100, deadline=None)
def test_a_sensitive_key_hides_all_that_it_holds(name, value):
    found = SANITIZER.sanitize({"details": [{name: value}]}, "LOW")
    assert list(found["details"][0]) == [name]
    assert found["details"][0][name].startswith("[")


@given(
    secret=token,
    before=st.text("xyz, =", max_size=10),
    after=st.text("xyz, =", max_size=10),
    encode=st.sampled_from(["plain", "hex", "base64"]),
)
@settings(max_examples=100, deadline=None)
def test_a_registered_value_never_comes_out(secret, before, after, encode):
    sanitizer = SecurityDataSanitizer()
    sanitizer.register_secret(secret)
    text = {
        "plain": f"{before}{secret}{after}",
        "hex": secret.encode().hex(),
        "base64": base64.b64encode(f"{before}{secret}{after}".encode()).decode(),
    }[encode]
    found = sanitizer.sanitize({"x": text}, "LOW")["x"]
    assert secret not in found
    assert "[SECRET]" in found or "[TOKEN]" in found


@given(
    payload=st.recursive(
        leaf, lambda c: st.one_of(st.lists(c), st.dictionaries(st.text(), c), st.tuples(c, c)), max_leaves=20
    )
)
@settings(max_examples=150, deadline=None)
@pytest.mark.parametrize("level", LEVELS)
def test_any_payload_comes_out_in_its_own_type_and_changes_no_more_the_second_time(level, payload):
    once = SANITIZER.sanitize(payload, level)
    assert type(once) is type(payload) or isinstance(once, str)
    if isinstance(once, str):
        assert "\n" not in once
        assert SANITIZER.sanitize(once, level) == once
