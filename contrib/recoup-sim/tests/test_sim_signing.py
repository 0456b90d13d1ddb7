"""Signatures and timestamps, against the worked rules of the venue's documentation."""

from __future__ import annotations

import hashlib
import hmac
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recoup_sim.answers import VenueError
from recoup_sim.signing import Credentials, SignedRequest, authenticate, parse_parameters

CREDENTIALS = Credentials("the-key", "the-secret")
NOW = 1_700_000_000_000


def sign(query, body):
    return hmac.new(b"the-secret", (query + body).encode(), hashlib.sha256).hexdigest()


def check(query="", body="", api_key="the-key", now=NOW):
    parameters = parse_parameters(query, body)
    authenticate(
        SignedRequest(query=query, body=body, api_key=api_key), parameters, credentials=CREDENTIALS, server_ms=now
    )


def code_of(*args, **kwargs):
    with pytest.raises(VenueError) as caught:
        check(*args, **kwargs)
    return caught.value.code


def test_the_example_of_the_venues_documentation():
    key = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
    secret = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
    body = (
        "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000"
        "&timestamp=1499827319559"
        "&signature=c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"
    )
    authenticate(
        SignedRequest(query="", body=body, api_key=key),
        parse_parameters("", body),
        credentials=Credentials(key, secret),
        server_ms=1499827319560,
    )


@given(st.dictionaries(st.text("abc", min_size=1), st.text(min_size=1), max_size=5), st.booleans(), st.booleans())
def test_a_signature_holds_wherever_it_stands(parameters, in_body, signature_first):
    text = urlencode({**parameters, "timestamp": NOW})
    signature = f"signature={sign(text, '')}"
    signed = f"{signature}&{text}" if signature_first else f"{text}&{signature}"
    check(body=signed) if in_body else check(query=signed)


def test_a_signature_covers_query_and_body_together():
    query, body = f"timestamp={NOW}", "symbol=BTCUSDT"
    check(query=query, body=f"{body}&signature={sign(query, body)}")


def test_a_changed_parameter_breaks_the_signature():
    query = f"timestamp={NOW}&quantity=1"
    assert code_of(f"{query.replace('quantity=1', 'quantity=9')}&signature={sign(query, '')}") == -1022


@pytest.mark.parametrize(
    ("query", "api_key", "code"),
    [
        (f"timestamp={NOW}&signature=00", "", -2014),
        (f"timestamp={NOW}&signature=00", "other", -2015),
        (f"timestamp={NOW}", "the-key", -1102),
        ("signature=00", "the-key", -1102),
        ("timestamp=soon&signature=00", "the-key", -1100),
        (f"timestamp={NOW}&signature=00", "the-key", -1022),
        (f"timestamp={NOW}&recvWindow=60001&signature=00", "the-key", -1131),
        (f"timestamp={NOW}&timestamp={NOW}&signature=00", "the-key", -1101),
        ("&".join(f"a{number}=1" for number in range(60)), "the-key", -1101),
    ],
)
def test_refusals(query, api_key, code):
    assert code_of(query, api_key=api_key) == code


@pytest.mark.parametrize(
    ("offset", "window", "accepted"),
    [
        (1_000, "", True),
        (1_001, "", False),
        (-5_000, "", True),
        (-5_001, "", False),
        (-60_000, "&recvWindow=60000", True),
        (-1, "&recvWindow=0", False),
    ],
)
def test_the_bounds_of_a_timestamp(offset, window, accepted):
    query = f"timestamp={NOW + offset}{window}"
    signed = f"{query}&signature={sign(query, '')}"
    if accepted:
        check(signed)
    else:
        assert code_of(signed) == -1021


def test_credentials_are_never_shown():
    assert "the-" not in repr(CREDENTIALS)
    assert "the-" not in repr(SignedRequest(query="", body="", api_key="the-key"))
