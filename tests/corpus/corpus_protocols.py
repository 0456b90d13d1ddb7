"""Credentials in the dialogues of protocols, in tools' own notations, and in what people say: published formats."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from corpus_holes import fill
from corpus_material import Material
from corpus_model import Case

if TYPE_CHECKING:
    from collections.abc import Iterator

_FILLS: Final = 2

_LINES: Final[dict[str, tuple[tuple[str, tuple[str, ...]], ...]]] = {
    "event": (
        (
            "CEF:0|Vault|Audit|1.14|100|Secret read|5|rt=1790000000 cs1=<secret> cs1Label=apiKey src=host1",
            ("Secret read", "cs1Label=apiKey", "src=host1"),
        ),
        (
            "CEF:0|IdP|SSO|1|login|Login failed|7|cs2=<pass> cs2Label=password duser=ops",
            ("Login failed", "cs2Label=password"),
        ),
        ("cs1=<secret> cs2=BTC cs2Label=symbol cs1Label=API Key src=host1", ("cs2=BTC", "src=host1")),
    ),
    "mail": (
        (
            "C: AUTH LOGIN\nS: 334 VXNlcm5hbWU6\nC: ZGVzaw==\nS: 334 UGFzc3dvcmQ6\nC: VHI0ZGluZyFQYXNzIzk=\nS: 235 ok",
            ("AUTH LOGIN", "235 ok"),
        ),
        ("USER desk\nPASS <pass>\n230 logged in", ("USER desk", "230 logged in")),
        ("pop3 < PASS <pass>", ("pop3",)),
        ("relay [mail.lan]:587 desk:<pass>", ("mail.lan",)),
        ("userPassword:: VHI0ZGluZyFQYXNzIzk3", ("userPassword::",)),
    ),
    "device": (
        ("username admin privilege 15 secret 0 Falcon<digits>", ("username admin privilege 15",)),
        ("crypto isakmp key Falcon<digits> address 10.1.1.1", ("crypto isakmp key", "address")),
        ('set security ike policy p1 pre-shared-key ascii-text "Falcon<digits>"', ("set security ike policy p1",)),
        ("WIFI:S:desk;T:WPA;P:<pass>;;", ("WIFI:S:desk",)),
        ('createUser mon SHA "<pass>" AES "<pass>"', ("createUser mon SHA", "AES")),
        ("zk> addauth digest desk:<pass>", ("addauth digest desk:",)),
        ("bindpw <pass>", ("bindpw",)),
    ),
    "command": (
        ("ejabberdctl register desk lan <pass>", ("ejabberdctl register desk lan",)),
        ("etcdctl --user root:Falcon<digits> get /", ("etcdctl", "get /")),
        ("net user desk Falcon<digits> /add", ("net user desk", "/add")),
        ("cryptsetup luksOpen /dev/sdb1 x <<< Falcon<digits>", ("cryptsetup luksOpen",)),
        ("rsync --password-file=<(echo Falcon<digits>) src dst", ("rsync", "src dst")),
        ('db.auth("desk", "<pass>")', ("db.auth(",)),
        ("mc alias set s3 https://s3.lan <secret> <secret>", ("mc alias set s3",)),
        ("bw unlock --raw Falcon<digits>", ("bw unlock --raw",)),
        ("pg1:5432:ticks:desk:Falcon<digits>", ("pg1:5432:ticks:desk:",)),
    ),
    "said": (
        ("Falcon<digits> is my password for the sub account, please reset it", ("is my password for the sub account",)),
        ("we changed it: Falcon<digits> is the new passphrase", ("we changed it:", "is the new passphrase")),
        ("Your verification code is: <digits>. Don't share it.", ("Your verification code is:", "Don't share it.")),
        ("Reply with <digits> to confirm your withdrawal", ("Reply with", "to confirm your withdrawal")),
        ("param password value Falcon<digits>", ("param password value",)),
        ("password guess <pass> failed", ("password guess", "failed")),
        ("set passphrase to <pass>", ("set passphrase to",)),
        ("changed password from <pass> to <pass>", ("changed password from", "to")),
        ("user typed Falcon<digits> at the password prompt", ("user typed", "at the password prompt")),
        ("security answer: Falcon<digits>", ("security answer:",)),
        ("license key 84OE8-QVP4P-MMAD2-VQD6V-SKCI8", ("license key",)),
        ("activation code BNJP-R2YA-L8YM", ("activation code",)),
        ("session id <hex> created for the feed", ("session id", "created for the feed")),
        ("PHPSESSID 2acnnckkibdeh2bx4tmzikscld", ("PHPSESSID",)),
        ("recovery code E4ABF-E0CVQ-KKXIP used", ("recovery code", "used")),
        ("<b>password</b>=<i>Falcon<digits></i>", ("<b>password</b>=<i>", "</i>")),
        ("__Host-session=<secret>; Path=/", ("__Host-session=", "Path=/")),
        ("routing_key: R05P7X60W59BCPP64O33MFRP1UZTD5UL", ("routing_key:",)),
    ),
}
"""Templates by kind, with what has to survive of each."""

_NAMED: Final = {
    "VHI0ZGluZyFQYXNzIzk=": "Tr4ding!Pass#9",
    "VHI0ZGluZyFQYXNzIzk3": "Tr4ding!Pass#97",
    "2acnnckkibdeh2bx4tmzikscld": "",
    "E4ABF-E0CVQ-KKXIP": "",
    "84OE8-QVP4P-MMAD2-VQD6V-SKCI8": "",
    "BNJP-R2YA-L8YM": "",
    "R05P7X60W59BCPP64O33MFRP1UZTD5UL": "",
}
"""Secrets that stand in a template as they are, some of them encoded."""


def protocol_cases() -> Iterator[Case]:
    """Yield each template filled twice."""
    for kind, lines in _LINES.items():
        material = Material(f"protocol-{kind}")
        for template, context in lines:
            for _ in range(_FILLS):
                text, secrets = fill(template, material)
                named = [plain or spelt for spelt, plain in _NAMED.items() if spelt in template]
                yield Case(
                    kind=f"protocol-{kind}", level="LOW", payload=text, secrets=(*secrets, *named), context=context
                )
