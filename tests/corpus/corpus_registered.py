"""Secrets without a format or a name, which the application registered, in every dress."""

from __future__ import annotations

import base64
import html
import json
from collections import OrderedDict
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

from corpus_material import Material
from corpus_model import Case

if TYPE_CHECKING:
    from collections.abc import Iterator


def registered_cases() -> Iterator[Case]:
    """Return six secrets in every encoding and place."""
    material = Material("registered")
    values = (
        material.alnum(24),
        material.hex(32),
        "blue-Tractor_" + material.lower(6),
        f'p@ss "w/{material.lower(5)}<&>+=%',
        "correct horse " + material.lower(6) + " staple",
        "Zoë-naïve-" + material.lower(8),
    )
    for value in values:
        for kind, text in _encoded(value).items():
            yield Case(
                kind=f"registered-{kind}",
                level="LOW",
                payload=f"got {text} from peer",
                secrets=(value, text),
                context=("got", "from peer"),
                registered=value,
            )
        for kind, payload in _placed(value).items():
            yield Case(
                kind=f"registered-{kind}", level="LOW", payload=payload, secrets=value, context="kept", registered=value
            )


def _encoded(value: str) -> dict[str, str]:
    raw = value.encode()
    return {
        "raw": value,
        "base64": base64.b64encode(raw).decode(),
        "base64-unpadded": base64.b64encode(raw).decode().rstrip("="),
        "base64-offset-1": base64.b64encode(b"u" + raw + b":x").decode(),
        "base64-offset-2": base64.b64encode(b"us:"[:2] + raw + b"!").decode(),
        "base64url": base64.urlsafe_b64encode(raw).decode(),
        "basic": "Basic " + base64.b64encode(b"bot:" + raw).decode(),
        "hex": raw.hex(),
        "hex-upper": raw.hex().upper(),
        "hex-colons": raw.hex(":"),
        "url": quote(value, safe=""),
        "url-plus": quote_plus(value),
        "url-twice": quote(quote(value, safe=""), safe=""),
        "url-lower": quote(value, safe="").replace("%C3", "%c3").replace("%2F", "%2f").replace("%3D", "%3d"),
        "json": json.dumps(value),
        "json-twice": json.dumps(json.dumps(value)),
        "repr": repr(value),
        "repr-bytes": repr(raw),
        "html": html.escape(value),
        "unicode-escaped": "".join(f"\\u{ord(char):04x}" for char in value),
        "html-numeric": "".join(f"&#{ord(char)};" for char in value),
        "quoted": f"'{value}'",
        "split-space": value[:7] + " " + value[7:],
        "split-wide": " ".join(value),
        "split-lines": value[:9] + "\r\n " + value[9:],
        "zero-width": value[:5] + "\u200b" + value[5:],
        "ansi": value[:6] + "\x1b[0m" + value[6:],
        "reversed-pair": f"{value} is the seventh setting",
    }


def _placed(value: str) -> dict[str, Any]:
    return {
        "key": {value: "kept"},
        "list": ["kept", value],
        "nested": {"a": {"b": [{"c": ("kept", value)}]}},
        "bytes": {"kept": value.encode()},
        "bytearray": {"kept": bytearray(value.encode())},
        "set": {"kept", value},
        "ordered": OrderedDict(a="kept", b=value),
        "exception": RuntimeError("kept", value),
        "exception-text": RuntimeError(f"kept {value}"),
        "path": {"url": f"https://venue.io/hook/{value if value.isalnum() else quote(value, safe='')}/kept"},
        "innocent-name": {"kept": 1, "colour": value},
    }
