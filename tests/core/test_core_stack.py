"""Stack traces without values."""

from __future__ import annotations

from recoup.stack import stack_trace


def fail(depth: int, secret: str = "sk_live_1") -> None:
    if depth:
        fail(depth - 1, secret)
    raise ValueError(secret)


def caught(depth: int) -> ValueError:
    try:
        fail(depth)
    except ValueError as error:
        return error
    raise AssertionError


def test_it_names_places_outermost_first_and_no_values() -> None:
    text = stack_trace(caught(1))
    assert text is not None
    lines = text.splitlines()
    assert [line.rpartition(" ")[2] for line in lines] == ["caught", "fail", "fail"]
    assert all(line.startswith(f'File "{__file__}", line ') for line in lines)
    assert "sk_live_1" not in text


def test_a_deep_one_keeps_the_innermost_frames_and_counts_the_rest() -> None:
    lines = (stack_trace(caught(50), max_frames=5) or "").splitlines()
    assert lines[0] == "(47 outer frames left out)"
    assert len(lines) == 6


def test_an_exception_that_was_never_raised_has_none() -> None:
    assert stack_trace(ValueError()) is None
