"""The ``Retry-After`` header."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recoup import parse_retry_after
from recoup.testing import FakeClock

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        (" 0 ", 0.0),
        ("1.5", 1.5),
        ("-5", 0.0),
        ("Thu, 01 Jan 2026 00:02:00 GMT", 120.0),
        ("Thursday, 01-Jan-26 00:02:00 GMT", 120.0),
        ("Thu Jan  1 00:02:00 2026", 120.0),
        ("Wed, 31 Dec 2025 23:59:59 GMT", 0.0),
        ("soon", None),
        ("", None),
        ("1e9", None),
        ("nan", None),
        ("1" * 65, None),
        ("Thu, 99 Jan 2026 00:02:00 GMT", None),
    ],
)
def test_it_is_a_number_of_seconds_or_a_date(value, seconds):
    assert parse_retry_after(value, FakeClock(NOW)) == seconds


@given(st.integers(min_value=0, max_value=10**9))
def test_seconds_and_the_date_of_the_same_moment_agree(seconds):
    date = format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)
    assert parse_retry_after(date, FakeClock(NOW)) == parse_retry_after(str(seconds), FakeClock(NOW)) == seconds


@given(st.text(max_size=100))
def test_no_text_breaks_it(text):
    wait = parse_retry_after(text, FakeClock(NOW))
    assert wait is None or wait >= 0
