"""Feeds the sanitizer with coverage-guided inputs: none may crash it, leak, or take more than linear time.

Run it with ``make fuzz``; libFuzzer's flags pass through, such as ``-max_total_time=600`` or a corpus folder.

Checked of each input:

- it never raises, and gives text of one line without control characters for text;
- a registered secret, planted in the input, does not come out;
- four times as much of the same input takes less than ten times as long.
"""

from __future__ import annotations

import json
import re
import sys
import time
from typing import Any

import atheris

with atheris.instrument_imports(include=["recoup_plugins.security_sanitizer"]):
    from recoup_plugins.security_sanitizer import SecurityDataSanitizer

SECRET = "Zq9vLw3xT7pKc2Rm"
LEVELS = ("LOW", "MEDIUM", "HIGH", "CRITICAL")

_SMALL = 4_096
_LONGEST_GROWTH = 10.0
_SHORTEST_TIME = 0.1
_DEEPEST = 6
_MEASURED_ONE_IN = 64

_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")
_MOST_PIECES = 24
_FRAGMENTS = (
    "api_key", "apiSecret", "password", "token", "X-MBX-APIKEY", "Authorization", "signature", "mnemonic", "user",
    "554", "8=FIX", "Bearer ", "-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----", "https://a:b@c.example/",
    "eyJ", "sk_live_", "0x", "bc1q", "4111 1111 1111 1111", "192.0.2.7", "::ffff:1.2.3.4", "abandon ability able ",
    "=", ":", " => ", " is ", "--", "<", ">", "</", '"', "'", "`", "\\", '\\"', "\\u0022", "%3D", "&quot;", "&", "?",
    "{", "}", "[", "]", "(", ")", ",", ";", "|", "\t", "\n", "\r", "\x1b[31m", "\u200b", "\u0430", " ", ".",
    "-", "_", "a1", "9f",
    "[API_KEY]", "***", "None", "self.secret", '  File "bot.py", line 1, in f\n', "1000.25 USDT", "order 81", "@",
)  # fmt: skip

sanitizer = SecurityDataSanitizer()
sanitizer.register_secret(SECRET)


class Finding(Exception):
    """The sanitizer broke a promise."""


def text_of(data: atheris.FuzzedDataProvider) -> str:
    """Build a text from fragments that mean something to the sanitizer, with anything at all between them."""
    pieces = []
    for _ in range(data.ConsumeIntInRange(1, _MOST_PIECES)):
        choice = data.ConsumeIntInRange(0, len(_FRAGMENTS))
        pieces.append(_FRAGMENTS[choice] if choice < len(_FRAGMENTS) else data.ConsumeUnicode(40))
    return "".join(pieces)


def payload_of(data: atheris.FuzzedDataProvider, depth: int = 0) -> Any:
    """Build a payload of any shape from fuzzed bytes."""
    leaves = (
        lambda: SECRET,
        lambda: text_of(data),
        lambda: data.ConsumeBytes(100),
        lambda: data.ConsumeInt(8),
        lambda: text_of(data) + SECRET + text_of(data),
    )
    if depth == _DEEPEST or data.ConsumeBool():
        return leaves[data.ConsumeIntInRange(0, len(leaves) - 1)]()
    members = [payload_of(data, depth + 1) for _ in range(data.ConsumeIntInRange(0, 4))]
    shapes = (
        lambda: members,
        lambda: tuple(members),
        lambda: ValueError(*members),
        lambda: {text_of(data): member for member in members},
    )
    return shapes[data.ConsumeIntInRange(0, len(shapes) - 1)]()


def check_text(text: str, level: str) -> None:
    """Hold what becomes of a text to the promises."""
    found = sanitizer.sanitize_text(text, level)
    if _CONTROL.search(found):
        raise Finding(f"a control character came out of {text!r} at {level}: {found!r}")


def check_payload(payload: Any, level: str) -> None:
    """Hold what becomes of a payload to the promises."""
    found = sanitizer.sanitize(payload, level)
    if SECRET in repr(found) or SECRET in json.dumps(found, default=repr, skipkeys=True):
        raise Finding(f"the secret came out of {payload!r} at {level}: {found!r}")


def check_growth(unit: str, level: str) -> None:
    """Hold the time for a repeated text to linear growth; a slow machine gets three chances."""
    small = (unit * (_SMALL // len(unit) + 1))[:_SMALL]
    growth = min(_growth(small, level) for _ in range(3))
    if growth > _LONGEST_GROWTH:
        raise Finding(f"four times as much of {unit!r} took {growth:.1f} times as long at {level}")


def _growth(small: str, level: str) -> float:
    before, after = _time(small * 4, level), _time(small * 16, level)
    return after / before if after > _SHORTEST_TIME else 0.0


def _time(text: str, level: str) -> float:
    started = time.process_time()
    sanitizer.sanitize_text(text, level)
    return time.process_time() - started


def check(data: bytes) -> None:
    """Check one input."""
    source = atheris.FuzzedDataProvider(data)
    level = LEVELS[source.ConsumeIntInRange(0, 3)]
    measured = source.ConsumeIntInRange(0, _MEASURED_ONE_IN) == 0
    if source.ConsumeBool():
        check_payload(payload_of(source), level)
        return
    text = text_of(source)
    check_text(text, level)
    if measured and text:
        check_growth(text[:200], level)


if __name__ == "__main__":
    atheris.Setup(sys.argv, check)
    atheris.Fuzz()
