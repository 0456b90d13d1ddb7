"""What is read from the headers of venues."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recoup_plugins.rate_limit import Counted, Usage, usages

NOW = 1_767_225_600.0 + 12.5  # 2026-01-01 00:00:12.5 UTC


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"X-MBX-USED-WEIGHT-1M": "70"}, [Usage(per=60.0, used=70, reset=47.5)]),
        ({"x-mbx-used-weight-5m": "70"}, [Usage(per=300.0, used=70, reset=287.5)]),
        ({"X-MBX-USED-WEIGHT": "70"}, []),
        ({"X-MBX-ORDER-COUNT-10S": "3"}, [Usage(counts=Counted.ORDERS, per=10.0, used=3, reset=7.5)]),
        ({"X-MBX-ORDER-COUNT-1D": "3"}, [Usage(counts=Counted.ORDERS, per=86400.0, used=3, reset=86387.5)]),
        ({"X-SAPI-USED-IP-WEIGHT-1H": "9"}, [Usage(per=3600.0, used=9, reset=3587.5)]),
        (
            {"X-MBX-USED-WEIGHT-1M": "70", "Date": "Thu, 01 Jan 2026 00:00:50 GMT"},
            [Usage(per=60.0, used=70, reset=10.0)],
        ),
        (
            {
                "X-Bapi-Limit": "10",
                "X-Bapi-Limit-Status": "4",
                "X-Bapi-Limit-Reset-Timestamp": "1767225613000",
            },
            [Usage(limit=10, remaining=4)],
        ),
        (
            {
                "X-Bapi-Limit": "10",
                "X-Bapi-Limit-Status": "0",
                "X-Bapi-Limit-Reset-Timestamp": "1767225613000",
            },
            [Usage(limit=10, remaining=0, reset=0.5)],
        ),
        (
            {"gw-ratelimit-limit": "2000", "gw-ratelimit-remaining": "1500", "gw-ratelimit-reset": "2500"},
            [Usage(limit=2000, remaining=1500, reset=2.5)],
        ),
        (
            {
                "X-Gate-RateLimit-Limit": "200",
                "X-Gate-RateLimit-Requests-Remain": "1",
                "X-Gate-RateLimit-Reset-Timestamp": "1767225614",
            },
            [Usage(limit=200, remaining=1, reset=1.5)],
        ),
        (
            {"RateLimit-Limit": "100", "RateLimit-Remaining": "50", "RateLimit-Reset": "30"},
            [Usage(limit=100, remaining=50, reset=30)],
        ),
        (
            {"x-ratelimit-limit": "120", "x-ratelimit-remaining": "119", "x-ratelimit-reset": "1767225613"},
            [Usage(limit=120, remaining=119, reset=0.5)],
        ),
        ({"X-RateLimit-Remaining": "7"}, [Usage(remaining=7)]),
        (
            {"RateLimit-Policy": '"default";q=100;w=60', "RateLimit": '"default";r=50;t=30'},
            [Usage(per=60.0, limit=100, remaining=50, reset=30)],
        ),
        ({"RateLimit": '"burst";r=5, "day";r=900;t=3600'}, [Usage(remaining=5), Usage(remaining=900, reset=3600)]),
        ({"X-RateLimit-Remaining": "many", "X-MBX-USED-WEIGHT-0M": "1", "RateLimit": ";;=,r="}, []),
        ({"X-RateLimit-Remaining": "9" * 100}, []),
        ({"X-RateLimit-Remaining": "\u0663"}, []),
        ({"X-RateLimit-Remaining": "1", "Date": "soon"}, [Usage(remaining=1)]),
    ],
)
def test_reads(headers, expected):
    assert usages(headers, NOW) == expected


def test_what_is_left_needs_a_limit_where_only_the_use_is_told():
    assert Usage(used=70).left(100) == 30
    assert Usage(used=70, limit=80).left(100) == 10
    assert Usage(remaining=5, used=70).left(100) == 5
    assert Usage(limit=5).left(100) is None


@given(
    st.dictionaries(
        st.sampled_from(["X-MBX-USED-WEIGHT-1M", "RateLimit", "RateLimit-Policy", "Date", "X-RateLimit-Remaining"])
        | st.text(),
        st.text() | st.from_regex(r'\A"[a-z]{0,3}";?(r|t|q|w)=[0-9]{0,20}', fullmatch=True),
    )
)
def test_no_header_is_an_error(headers):
    for usage in usages(headers, NOW):
        for value in (usage.used, usage.remaining, usage.limit, usage.reset):
            assert value is None or value >= 0
