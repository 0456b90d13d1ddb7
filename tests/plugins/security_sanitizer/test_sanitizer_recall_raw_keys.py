"""Keys that nothing but their own encoding tells, and secrets at prompts, in prose about headers, and in nested XML."""

import random
from base64 import b64encode

import pytest

from recoup_plugins.security_sanitizer import SecurityDataSanitizer

SANITIZER = SecurityDataSanitizer()
DRAW = random.Random(41)
WORD = "copper-lantern-58"
UUID = "3f0c9a52-7b1e-4d68-9c07-5ae1d2b84f36"
HEX = [DRAW.randbytes(32).hex() for _ in range(3)]
BYTES = DRAW.sample(range(256), 64)
BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def base58_of(raw):
    number, text = int.from_bytes(raw, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        text = BASE58[digit] + text
    return text


def der(*parts):
    """Return a DER sequence of the parts, with its length in the shortest form (ITU-T X.690)."""
    body = b"".join(parts)
    size = len(body)
    length = bytes([size]) if size < 128 else bytes([0x81, size]) if size < 256 else b"\x82" + size.to_bytes(2, "big")
    return b"\x30" + length + body


def octets(raw):
    return b"\x04" + (bytes([len(raw)]) if len(raw) < 128 else b"\x82" + len(raw).to_bytes(2, "big")) + raw


RSA_ALGORITHM = bytes.fromhex("300d06092a864886f70d0101010500")
ED25519_ALGORITHM = bytes.fromhex("300506032b6570")
P256_ALGORITHM = bytes.fromhex("301306072a8648ce3d020106082a8648ce3d030107")
MODULUS = b"\x02\x82\x01\x01\x00" + DRAW.randbytes(256)
ENCODED = {
    "PKCS#8, RSA": der(b"\x02\x01\x00", RSA_ALGORITHM, octets(DRAW.randbytes(600))),
    "PKCS#8, P-256": der(b"\x02\x01\x00", P256_ALGORITHM, octets(DRAW.randbytes(109))),
    "PKCS#8, Ed25519": der(b"\x02\x01\x00", ED25519_ALGORITHM, octets(octets(DRAW.randbytes(32)))),
    "PKCS#8 version 2, Ed25519": der(b"\x02\x01\x01", ED25519_ALGORITHM, octets(octets(DRAW.randbytes(32)))),
    "PKCS#1": der(b"\x02\x01\x00", MODULUS, DRAW.randbytes(500)),
    "SEC 1": der(b"\x02\x01\x01", octets(DRAW.randbytes(32)), bytes.fromhex("a00a06082a8648ce3d030107")),
}


@pytest.mark.parametrize("form", ENCODED)
@pytest.mark.parametrize("text", ["loaded {} from vault", "cannot parse '{}'", "{}"])
def test_a_private_key_in_base_64_is_found_without_its_pem_lines(form, text):
    key = b64encode(ENCODED[form]).decode()
    assert SANITIZER.sanitize_text(text.format(key), "LOW") == text.format("[PRIVATE_KEY]")


def test_a_private_key_that_the_log_cut_off_is_found():
    key = b64encode(ENCODED["PKCS#8, RSA"]).decode()[:120]
    assert SANITIZER.sanitize_text(f"loaded {key} ...", "LOW") == "loaded [PRIVATE_KEY] ..."


def test_the_lines_on_which_a_private_key_goes_on_vanish_with_it():
    key = b64encode(ENCODED["PKCS#1"]).decode()
    wrapped = "\n".join(key[at : at + 64] for at in range(0, len(key), 64))
    assert SANITIZER.sanitize_text(f"read:\n{wrapped}\nconnected", "LOW") == "read:\\n[PRIVATE_KEY]\\nconnected"


def test_a_certificate_and_a_public_key_in_base_64_stay():
    certificate = b64encode(der(der(b"\xa0\x03\x02\x01\x02\x02\x04" + DRAW.randbytes(4), DRAW.randbytes(400)))).decode()
    public = b64encode(der(ED25519_ALGORITHM, b"\x03\x21\x00" + DRAW.randbytes(32))).decode()
    for text in (f"peer {certificate}", f"pinned {public}"):
        assert SANITIZER.sanitize_text(text, "LOW") == text


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (f"imported suiprivkey1q{'pzry9x8gf2tvdw0s3jn54khce6mua7l' * 2}", "pzry9x8g"),
        (f"near login ed25519:{base58_of(bytes(BYTES[::-1]))} bot.near", base58_of(bytes(BYTES[::-1]))),
        (f"let sk = {BYTES}; // payer", "{}"),
        (f"SECRET_BYTES: {str(BYTES).replace(' ', '')}", "{}"),
        (f"web3.Keypair.fromSecretKey(Uint8Array.from({BYTES}))", "{}"),
        (f"await sign(new Uint8Array({BYTES}), tx)", "{}"),
    ],
)
def test_a_key_in_the_notation_of_its_chain_is_found(text, secret):
    found = SANITIZER.sanitize_text(text, "LOW")
    assert secret not in found
    assert ", ".join(map(str, BYTES[5:9])) not in found
    assert ",".join(map(str, BYTES[5:9])) not in found
    assert found.split()[0] == text.split()[0].partition("(")[0] or found.startswith(text[:5])


@pytest.mark.parametrize(
    "text",
    [
        f"near key ed25519:{base58_of(bytes(BYTES[:32]))}",
        f"Uint8Array.from({list(range(64))})",
        f"latencies = {BYTES}",
        "Uint8Array.from([1, 2, 3])",
    ],
)
def test_public_keys_and_other_arrays_of_numbers_stay(text):
    assert SANITIZER.sanitize_text(text, "LOW") == text


@pytest.mark.parametrize("entry", ["({}) 0x{}", "{}. {}", "[{}] {}", "{}) 0x{}"])
@pytest.mark.parametrize("prefix", ["", "ganache-1  | ", "<14>1 2026-03-01T09:00:00Z dev node 9 - - "])
def test_a_numbered_list_below_its_heading_vanishes_and_what_follows_stays(entry, prefix):
    lines = [
        "Private Keys",
        "------",
        *(entry.format(place, key) for place, key in enumerate(HEX)),
        "RPC ready on 8545",
    ]
    found = SANITIZER.sanitize_text("\n".join(prefix + line for line in lines), "LOW")
    assert not any(key in found for key in HEX)
    assert found.count("[PRIVATE_KEY]") == len(HEX)
    assert found.endswith("RPC ready on 8545")


def test_a_numbered_list_of_something_else_stays():
    text = "\n".join(["Private keys loaded. Transactions:", *(f"({place}) 0x{key}" for place, key in enumerate(HEX))])
    assert SANITIZER.sanitize_text(text, "LOW") == text.replace("\n", "\\n")


@pytest.mark.parametrize(
    "text",
    [
        "Enter keystore passphrase >>> {}",
        "Re-enter your wallet password: >>> {}\nwallet open",
        "Enter password for bot@db:\n{}\nconnected",
        "[sudo] password for bot:\n{}\nok",
        "signer-1  | Please enter the passphrase:\nsigner-1  | {}\nsigner-1  | unlocked",
    ],
)
def test_what_was_typed_at_a_prompt_vanishes(text):
    found = SANITIZER.sanitize_text(text.format(WORD), "LOW")
    assert found == text.format("[PASSWORD]").replace("\n", "\\n")


@pytest.mark.parametrize("answer", ["Aborted!", "Timeout", "Login incorrect", "ERROR no terminal", "[PASSWORD]", ""])
def test_what_a_program_says_after_its_prompt_stays(answer):
    text = f"Enter passphrase:\n{answer}"
    assert SANITIZER.sanitize_text(text, "LOW") == text.replace("\n", "\\n")


@pytest.mark.parametrize(
    ("text", "placeholder"),
    [
        ("Invalid X-ACCESS-KEY {}", "[API_KEY]"),
        ("unknown CF-Access-Key header '{}'", "[API_KEY]"),
        ("bad parameter access_key {} (400)", "[API_KEY]"),
        ('rejected: X-Auth-Token header "{}"', "[TOKEN]"),
    ],
)
def test_an_identifier_behind_a_credential_s_header_vanishes(text, placeholder):
    assert SANITIZER.sanitize_text(text.format(UUID), "LOW") == text.format(placeholder)


@pytest.mark.parametrize("text", ["duplicate Idempotency-Key {}", "X-Request-Id {}", "unknown request_key {}"])
def test_an_identifier_behind_another_header_stays(text):
    assert SANITIZER.sanitize_text(text.format(UUID), "LOW") == text.format(UUID)


@pytest.mark.parametrize(
    "text",
    [
        '<property name="apiSecret"><value>{}</value></property>',
        '<property name="password">\n  <value><![CDATA[{}]]></value>\n</property>',
        "<member><name>passphrase</name><value><string>{}</string></value></member>",
        "<member>\n<name>api_key</name>\n<value>\n<string>{}</string></value></member>",
    ],
)
def test_the_value_of_a_name_in_xml_may_lie_in_a_child_of_its_own(text):
    found = SANITIZER.sanitize_text(text.format(WORD), "LOW")
    before, after = (part.replace("\n", "\\n") for part in text.split("{}"))
    assert WORD not in found
    assert found.startswith(before)
    assert found.endswith(after)


def test_children_of_another_sort_stay():
    text = '<bean name="tokenManager"><ref bean="cache"/><description>keeps sessions</description></bean>'
    assert SANITIZER.sanitize_text(text, "LOW") == text
