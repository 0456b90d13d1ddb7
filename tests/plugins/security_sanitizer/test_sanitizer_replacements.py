"""What stands between the parts of a text that were replaced is found again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from recoup_plugins.security_sanitizer.replacements import Replacements

TEXT = "key=abc; token=defg; x"
HIDDEN = Replacements([(4, 7, "[API_KEY]"), (15, 19, "[T]")])


def test_each_part_gives_way_to_what_takes_its_place() -> None:
    assert HIDDEN.applied(TEXT) == "key=[API_KEY]; token=[T]; x"


def test_what_stands_between_parts_moves_with_them() -> None:
    text = HIDDEN.applied(TEXT)
    spans = HIDDEN.moved([(0, 3), (9, 14), (21, 22)])
    assert [text[start:end] for start, end in spans] == ["key", "token", "x"]


def test_a_span_that_begins_within_a_part_takes_all_of_it_in() -> None:
    text = HIDDEN.applied(TEXT)
    spans = HIDDEN.moved([(0, len(TEXT)), (5, 7), (17, 20)])
    assert [text[start:end] for start, end in spans] == [text, "[API_KEY]", "[T];"]


def test_a_span_that_ends_within_a_part_is_gone() -> None:
    assert HIDDEN.moved([(0, 4), (0, 6), (5, 6), (9, 15)]) == []


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 5), st.text("xyz", max_size=6)), max_size=6))
def test_every_place_outside_the_parts_keeps_its_character(steps: list[tuple[int, int, str]]) -> None:
    parts, end = [], 0
    for gap, length, new in steps:
        parts.append((end + gap, end + gap + length, new))
        end += gap + length
    text = "".join(chr(ord("A") + place) for place in range(end + 1))
    hidden = Replacements(parts)
    result = hidden.applied(text)
    for place in range(end + 1):
        if not any(start <= place < stop for start, stop, _ in parts):
            ((start, _),) = hidden.moved([(place, len(text))])
            assert result[start] == text[place]
