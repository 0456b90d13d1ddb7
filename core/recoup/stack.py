"""Stack traces as text, from code locations alone.

``traceback.format_exception`` reads source files and costs two orders of magnitude more. A line names file, line number
and function; it holds no values and no source, so that nothing secret can stand in it but what a path may hold.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import CodeType, TracebackType

MAX_FRAMES = 30


@lru_cache(maxsize=2048)
def _frame_line(code: CodeType, line: int) -> str:
    return f'File "{code.co_filename}", line {line}, in {code.co_qualname}'


def stack_trace(error: BaseException, max_frames: int = MAX_FRAMES) -> str | None:
    """Return the frames that the exception passed, outermost first, one a line.

    Args:
        error: a raised exception.
        max_frames: the innermost frames that are kept; the rest is counted in the first line.

    Returns:
        The text, or None where the exception was never raised.
    """
    lines: list[str] = []
    entry: TracebackType | None = error.__traceback__
    while entry is not None:
        lines.append(_frame_line(entry.tb_frame.f_code, entry.tb_lineno))
        entry = entry.tb_next
    if not lines:
        return None
    cut = len(lines) - max_frames
    if cut > 0:
        lines[:cut] = [f"({cut} outer frames left out)"]
    return "\n".join(lines)
