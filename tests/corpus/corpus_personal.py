"""Personal, financial and network data, from MEDIUM and HIGH on; wallets, keys of wallets and seed phrases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from corpus_material import Material
from corpus_model import Case

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Make = Callable[[Material], str]

_RIPPLE: Final = "rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz"
_EIP55: Final = (
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
    "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
    "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
)

_BY_SHAPE: Final[dict[str, tuple[str, Make]]] = {
    "card-visa": ("MEDIUM", lambda m: m.card("4")),
    "card-visa-spaced": ("MEDIUM", lambda m: _grouped(m.card("4"), " ")),
    "card-mastercard-dashed": ("MEDIUM", lambda m: _grouped(m.card("53"), "-")),
    "card-amex": ("MEDIUM", lambda m: m.card("37", 15)),
    "card-discover": ("MEDIUM", lambda m: m.card("6011")),
    "card-jcb": ("MEDIUM", lambda m: m.card("3530")),
    "card-diners": ("MEDIUM", lambda m: m.card("36", 14)),
    "iban-de": ("MEDIUM", lambda m: m.iban("DE", m.digits(18))),
    "iban-gb": ("MEDIUM", lambda m: m.iban("GB", "NWBK" + m.digits(14))),
    "iban-fr-spaced": ("MEDIUM", lambda m: _grouped(m.iban("FR", m.digits(23)), " ")),
    "iban-nl": ("MEDIUM", lambda m: m.iban("NL", "ABNA" + m.digits(10))),
    "iban-ch": ("MEDIUM", lambda m: m.iban("CH", m.digits(17))),
    "email": ("MEDIUM", lambda m: f"{m.lower(6)}.trader@{m.lower(5)}-capital.com"),
    "email-plus": ("MEDIUM", lambda m: f"ops+{m.lower(5)}@mail.{m.lower(5)}.co.uk"),
    "phone-e164": ("MEDIUM", lambda m: f"+4915{m.digits(9)}"),
    "phone-us": ("MEDIUM", lambda m: f"+1 (415) 555-{m.digits(4)}"),
    "phone-uk": ("MEDIUM", lambda m: f"+44 20 7946 {m.digits(4)}"),
    "ssn": ("MEDIUM", lambda m: f"SSN {m.pick(['219', '457', '512'])}-{m.random.randint(10, 99)}-{m.digits(4)}"[4:]),
    "wallet-bitcoin": ("MEDIUM", lambda m: m.base58check(b"\0", 20)),
    "wallet-bitcoin-p2sh": ("MEDIUM", lambda m: m.base58check(b"\5", 20)),
    "wallet-bitcoin-segwit": ("MEDIUM", lambda m: m.bech32("bc", 20, version=0)),
    "wallet-bitcoin-taproot": ("MEDIUM", lambda m: m.bech32("bc", 32, version=1)),
    "wallet-litecoin": ("MEDIUM", lambda m: m.base58check(b"\x30", 20)),
    "wallet-litecoin-segwit": ("MEDIUM", lambda m: m.bech32("ltc", 20, version=0)),
    "wallet-dogecoin": ("MEDIUM", lambda m: m.base58check(b"\x1e", 20)),
    "wallet-tron": ("MEDIUM", lambda m: m.base58check(b"\x41", 20)),
    "wallet-ripple": ("MEDIUM", lambda m: m.ripple()),
    "wallet-cosmos": ("MEDIUM", lambda m: m.bech32("cosmos", 20)),
    "wallet-osmosis": ("MEDIUM", lambda m: m.bech32("osmo", 20)),
    "wallet-cardano": ("MEDIUM", lambda m: m.bech32("addr", 57)),
    "wallet-stellar": ("MEDIUM", lambda m: m.stellar(6)),
    "wallet-ton": ("MEDIUM", lambda m: m.ton()),
    "wallet-polkadot": ("MEDIUM", lambda m: m.polkadot()),
    "wallet-tezos": ("MEDIUM", lambda m: m.base58check(b"\x06\xa1\x9f", 20)),
    "wallet-nano": ("MEDIUM", lambda m: m.nano()),
    "wallet-filecoin": ("MEDIUM", lambda m: m.filecoin()),
    "wallet-stacks": ("MEDIUM", lambda m: m.stacks()),
    "wallet-ethereum": ("MEDIUM", lambda m: m.pick(list(_EIP55))),
    "wallet-ethereum-lower": ("MEDIUM", lambda m: "0x" + m.hex(40)),
    "stellar-seed": ("LOW", lambda m: m.stellar(18)),
    "wallet-wif": ("LOW", lambda m: m.base58check(b"\x80", 32)),
    "wallet-wif-compressed": ("LOW", lambda m: m.base58check(b"\x80" + m.octets(32) + b"\1", 0)),
    "wallet-bip38": ("LOW", lambda m: m.base58check(b"\1\x42\xc0", 36)),
    "wallet-extended-private": ("LOW", lambda m: m.base58check(b"\x04\x88\xad\xe4", 74)),
    "wallet-extended-zprv": ("LOW", lambda m: m.base58check(b"\x04\xb2\x43\x0c", 74)),
    "wallet-nostr-secret": ("LOW", lambda m: m.bech32("nsec", 32)),
    "wallet-ripple-seed": ("LOW", lambda m: m.base58check(b"\x21", 16, _RIPPLE)),
    "seed-phrase-12": ("LOW", lambda m: m.mnemonic()),
    "seed-phrase-24": ("LOW", lambda m: m.mnemonic(24)),
    "seed-phrase-upper": ("LOW", lambda m: m.mnemonic().upper()),
    "ip-v4": (
        "HIGH",
        lambda m: f"{m.pick([84, 91, 185, 203])}.{m.random.randint(10, 250)}.{m.random.randint(10, 250)}.7",
    ),
    "ip-private": ("HIGH", lambda m: f"10.{m.random.randint(10, 250)}.{m.random.randint(10, 250)}.7"),
    "ip-v6": ("HIGH", lambda m: f"2a02:{m.hex(4)}:{m.hex(4)}:7::{m.hex(4)}"),
    "ip-v6-full": ("HIGH", lambda m: f"2001:db8:{m.hex(4)}:1:ab{m.hex(2)}:cd{m.hex(2)}:{m.hex(4)}:7ea1"),
    "mac": ("HIGH", lambda m: ":".join(m.hex(2) for _ in range(6))),
    "mac-dashed": ("HIGH", lambda m: "-".join(m.hex(2) for _ in range(6)).upper()),
}

_PROSE: Final = (
    ("withdrawal to {} is pending since 10:11", ("withdrawal to", "is pending since 10:11")),
    ("WARN risk: {}, flagged", ("WARN risk:", "flagged")),
    ("contact={} lang=en", ("contact=", "lang=en")),
    ('{{"seen": "{}", "mode": "live"}}', ("seen", '"mode": "live"')),
    ("<{}> was printed", ("was printed",)),
)


def shape_cases() -> Iterator[Case]:
    """Return what is known by its shape, in five sentences, a list and an exception."""
    for kind, (level, make) in _BY_SHAPE.items():
        material = Material(kind)
        for prose, kept in _PROSE:
            secret = make(material)
            yield Case(kind=kind, level=level, payload=prose.format(secret), secrets=secret, context=kept)
        secret = make(material)
        yield Case(
            kind=kind, level=level, payload=["first", secret, "third"], secrets=secret, context=("first", "third")
        )
        secret = make(material)
        yield Case(
            kind=kind, level=level, payload=ValueError(f"cannot use {secret}", 7), secrets=secret, context="cannot use"
        )


_BY_NAME: Final[tuple[tuple[str, str, str, str], ...]] = (
    # kind, level, names, value: # stands for a digit, @ for a letter, h for a hexadecimal digit
    ("bank-account", "MEDIUM", "account_number accountNumber bankAccount bank_account_number", "########"),
    ("bank-routing", "MEDIUM", "routing_number routingNumber sort_code sortCode", "0#####4#9"),
    ("bank-bic", "MEDIUM", "bic swift swift_code", "DEUT@@FF"),
    ("national-id", "MEDIUM", "ssn social_security_number national_id nationalId tax_id taxId", "###-4#-####"),
    ("passport", "MEDIUM", "passport passport_number passportNo", "C########"),
    ("person-phone", "MEDIUM", "phone phoneNumber mobile mobile_number", "0171 ### ####"),
    ("card-cvv", "MEDIUM", "cvv cvc card_cvc", "#9#"),
    ("date-of-birth", "MEDIUM", "date_of_birth dateOfBirth dob", "1987-0#-1#"),
    ("iban-name", "MEDIUM", "iban IBAN", "DE89370400440532013###"),
    ("card-name", "MEDIUM", "card_number cardNumber pan credit_card", "4000 #### #### ##9"),
    (
        "wallet-name",
        "MEDIUM",
        "wallet_address walletAddress deposit_address depositAddress",
        "0xhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh",
    ),
    ("account-id", "HIGH", "account_id accountId user_id userId uid customerId customer_id", "38######"),
    ("user-name", "HIGH", "username user_name userName login loginName", "kl@@@@us"),
    ("sub-account", "HIGH", "sub_account subAccount subAccountId", "desk@@@9"),
    ("address-ip", "HIGH", "ip client_ip clientIp remote_addr x-forwarded-for X-Real-IP", "185.1##.1##.9"),
    ("pin", "LOW", "pin pin_code otp totp 2fa_code mfa_code", "##7##9"),
)


def named_personal_cases() -> Iterator[Case]:
    """Return what only its name gives away, as a key, in text, in JSON and in a query."""
    for kind, level, names, pattern in _BY_NAME:
        material = Material(kind)
        for name in names.split():
            value = _filled(material, pattern)
            yield Case(
                kind=kind,
                level=level,
                payload={"mode": "live", name: value},
                secrets=value,
                context=("mode", "live", name),
            )
            value = _filled(material, pattern)
            yield Case(
                kind=kind,
                level=level,
                payload=f'{{"{name}":"{value}","mode":"live"}}',
                secrets=value,
                context=(name, '"mode":"live"'),
            )
            value = _filled(material, pattern)
            yield Case(
                kind=kind,
                level=level,
                payload=f"check {name}={value.replace(' ', '')} mode=live",
                secrets=value.replace(" ", ""),
                context=("check", name, "mode=live"),
            )


def private_key_cases() -> Iterator[Case]:
    """Return 64 hexadecimal digits that their context makes a private key."""
    material = Material("raw keys")
    for text in (
        "private key 0x{}", "privkey={}", "PRIVATE_KEY=0x{}", "account.from_key('0x{}')", "w3.eth.account.from_key({})",
        "signing with private key: {}", "--private-key 0x{}", "cast send --private-key {} --rpc-url http://node",
        "Wallet('0x{}')", 'new ethers.Wallet("0x{}")', "LocalAccount key=0x{}", "'privateKey': '0x{}'",
        "sk: {}", "secret key is {}", "spending key {}", "imported key 0x{} into the keystore", "seed hex: {}",
    ):  # fmt: skip
        secret = material.hex(64)
        yield Case(
            kind="raw-private-key", level="LOW", payload=f"init {text.format(secret)}", secrets=secret, context="init"
        )


def phrase_cases() -> Iterator[Case]:
    """Return seed phrases as they are written down."""
    material = Material("phrases")
    for words in (12, 15, 18, 21, 24):
        phrase = material.mnemonic(words)
        split = phrase.split()
        numbered = " ".join(f"{place}. {word}" for place, word in enumerate(split, 1))
        for kind, payload, kept in (
            ("phrase-named", {"mnemonic": phrase, "path": "m/44'"}, ("mnemonic", "path")),
            ("phrase-text", f"restored from mnemonic={phrase}", "restored from"),
            ("phrase-quoted", f'mnemonic="{phrase}" path=0', ("mnemonic", "path=0")),
            ("phrase-list", {"words": split, "mode": "live"}, ("words", "live")),
            ("phrase-list-named", {"mnemonic": split, "mode": "live"}, "live"),
            ("phrase-commas", "backup " + ", ".join(split), "backup"),
            ("phrase-json-list", "backup " + str(split).replace("'", '"'), "backup"),
            ("phrase-numbered", f"written: {numbered}", "written"),
            ("phrase-lines", "written\n" + "\n".join(split) + "\nend", ("written", "end")),
            ("phrase-dashes", "backup " + "-".join(split), "backup"),
            ("phrase-titled", "Backup: " + phrase.title() + ".", "Backup"),
            ("phrase-url", "import?phrase=" + phrase.replace(" ", "%20") + "&path=0", "path=0"),
            ("phrase-plus", "import?seed=" + phrase.replace(" ", "+") + "&path=0", "path=0"),
            ("phrase-exception", ValueError("Unknown words in mnemonic", phrase), "Unknown words"),
        ):
            separators = {
                "phrase-commas": ", ",
                "phrase-dashes": "-",
                "phrase-json-list": '", "',
                "phrase-url": "%20",
                "phrase-plus": "+",
                "phrase-lines": "\n",
                "phrase-list": "\n",
                "phrase-list-named": "\n",
            }
            run = separators.get(kind, " ")
            shown = phrase.title() if kind == "phrase-titled" else phrase
            parts = shown.split()
            secrets = tuple(run.join(parts[i : i + 3]) for i in range(len(parts) - 2))
            if kind == "phrase-numbered":
                secrets = tuple(f"{i + 1}. {split[i]} {i + 2}. {split[i + 1]}" for i in range(len(split) - 1))
            yield Case(kind=kind, level="LOW", payload=payload, secrets=secrets, context=kept)


def _grouped(digits: str, separator: str) -> str:
    return separator.join(digits[i : i + 4] for i in range(0, len(digits), 4))


def _filled(material: Material, pattern: str) -> str:
    alphabets = {"#": "0123456789", "@": "ABCDEFGHJKLMNPQRSTUVWXYZ", "h": "0123456789abcdef"}
    return "".join(material.chars(alphabets[char], 1) if char in alphabets else char for char in pattern)
