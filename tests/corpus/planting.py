"""Strategies that plant secrets at random places of random structures, with what must not come out again."""

import string
from hashlib import sha256

from hypothesis import strategies as st

from recoup_plugins.security_sanitizer.checksums import BITCOIN_ALPHABET, luhn

LEVELS = ["LOW", "MEDIUM", "HIGH", "CRITICAL"]
ALNUM = string.ascii_letters + string.digits

token = st.text(ALNUM, min_size=20, max_size=40).filter(
    lambda text: any(c.isdigit() for c in text[:12]) and any(c.isalpha() for c in text)
)


def luhn_complete(digits):
    return next(f"{digits}{last}" for last in "0123456789" if luhn(f"{digits}{last}"))


def base58check(payload):
    raw = payload + sha256(sha256(payload).digest()).digest()[:4]
    number, text = int.from_bytes(raw, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        text = BITCOIN_ALPHABET[digit] + text
    return "1" * (len(raw) - len(raw.lstrip(b"\0"))) + text


# Each gives (level, what stands in the text, what must not come out).
by_shape = st.one_of(
    token.map(lambda t: ("LOW", f"sk_live_{t}", t)),
    token.map(lambda t: ("LOW", f"ghp_{t}{t}", t)),
    token.map(lambda t: ("LOW", f"Bearer {t}", t)),
    token.map(lambda t: ("LOW", f"https://bob:{t}@api.example.com/v1", t)),
    token.map(lambda t: ("LOW", f"eyJ{t}.{t}.{t}", t)),
    token.map(lambda t: ("LOW", f"-----BEGIN PRIVATE KEY-----\n{t}\n-----END PRIVATE KEY-----", t)),
    token.map(lambda t: ("LOW", f"-----BEGIN PRIVATE KEY-----\\n{t}\\n-----END PRIVATE KEY-----", t)),
    st.binary(min_size=32, max_size=32).map(lambda b: base58check(b"\x80" + b)).map(lambda t: ("LOW", t, t)),
    st.binary(min_size=20, max_size=20).map(lambda b: base58check(b"\0" + b)).map(lambda t: ("MEDIUM", t, t)),
    st.binary(min_size=20, max_size=20)
    .filter(lambda b: b.hex().count("0") <= 30)
    .map(lambda b: f"0x{b.hex()}")
    .map(lambda t: ("MEDIUM", t, t)),
    st.text(string.digits, min_size=14, max_size=14)
    .map(lambda d: luhn_complete(f"4{d}"))
    .map(lambda t: ("MEDIUM", t, t)),
    st.text(string.ascii_lowercase, min_size=3, max_size=12).map(
        lambda n: ("MEDIUM", f"{n}@example.com", f"{n}@example.com")
    ),
    st.tuples(*[st.integers(1, 255)] * 4)
    .filter(lambda p: p[0] not in (0, 127))
    .map(lambda p: ".".join(map(str, p)))
    .map(lambda t: ("HIGH", t, t)),
    st.integers(10_000, 99_999).map(lambda n: ("CRITICAL", f"{n}.25 USDT", f"{n}.25")),
)

names = st.sampled_from(
    ["api_key", "apiSecret", "X-MBX-APIKEY", "password", "Authorization", "KC-API-PASSPHRASE", "access_token"]
)
forms = st.sampled_from(
    [
        "{n}={v}",
        "{n}: {v}",
        "{n} => {v}",
        '"{n}": "{v}"',
        "'{n}': '{v}'",
        '\\"{n}\\": \\"{v}\\"',
        "?a=1&{n}={v}&b=2",
        "('{n}', '{v}')",
        "--{n} {v}",
        "<{n}>{v}</{n}>",
        "{n}%3D{v}",
        "\\u0022{n}\\u0022: \\u0022{v}\\u0022",
        "{n} = '{v}'",
        "&quot;{n}&quot;:&quot;{v}&quot;",
    ]
)
by_name = st.tuples(forms, names, token).map(lambda row: ("LOW", row[0].format(n=row[1], v=row[2]), row[2]))
planted = st.one_of(by_shape, by_name)

filler = st.sampled_from(
    [
        "Order rejected by exchange,",
        "after 3 attempts",
        "(HTTP 503)",
        "",
        "for BTC/USDT;",
        "at 12:03:44.123 -",
        "got:",
        "\n",
        "ünïcode",
    ]
)
leaf = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=20), st.binary(max_size=10))
neighbour = st.one_of(st.none(), st.integers(0, 999), st.text("xyz ,:=", max_size=12))


def nest(inner):
    return st.recursive(
        inner,
        lambda child: st.one_of(
            st.lists(neighbour, max_size=3).flatmap(lambda rest: child.map(lambda c: [*rest, c])),
            st.tuples(neighbour, child, neighbour),
            st.tuples(st.sampled_from(["details", "message", "data", "stack_trace", "args"]), child).map(
                lambda kv: {kv[0]: kv[1], "n": 1}
            ),
            child.map(lambda c: ValueError("failed", c)),
        ),
        max_leaves=4,
    )
