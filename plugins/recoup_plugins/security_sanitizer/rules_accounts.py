"""User names and account numbers in sentences and in brokers' own notations (level HIGH).

The sentences are those of PAM, OpenSSH, sudo and PostgreSQL; the account numbers those of Interactive Brokers
(``U1234567``, ``DU`` for paper), OANDA (``101-001-1234567-001``), MetaTrader logins, AWS (in an ARN) and FIX (tag 1).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from recoup_plugins.security_sanitizer.levels import Level
from recoup_plugins.security_sanitizer.rule import Locate, Rule, stands_alone
from recoup_plugins.security_sanitizer.rules_network import OF_USERS
from recoup_plugins.security_sanitizer.values import NOBODY, is_placeholder, is_prose

if TYPE_CHECKING:
    import re

_NAME: Final = r"([\w.@+\-]{2,64})"
_QUOTE: Final = r"\\{0,4}[\"']"


def _somebody(match: re.Match[str]) -> tuple[int, int] | None:
    """Reject words of the sentence, and the accounts of the system itself, which name nobody."""
    start = match.start(1)
    value = match.group(1).rstrip(".-")
    ordinary = (
        value.lower() in NOBODY
        or value.lower() in OF_USERS
        or value.lower() in ("another", "designed", "expected", "intended", "planned", "usual", "normal")
        or is_prose(value)
        or is_placeholder(value)
        or value.isdigit()
    )
    return None if ordinary else (start, start + len(value))


def _number(match: re.Match[str]) -> tuple[int, int] | None:
    """Accept a whole number of an account: no part of a decimal or of a longer word, and no day such as 20260301."""
    text, (start, end) = match.string, match.span(1)
    if not stands_alone(text, start, end) or (text[end : end + 1] == "." and text[end + 1 : end + 2].isdigit()):
        return None
    digits = match.group(1)
    is_day = len(digits) == len("YYYYMMDD") and digits[:2] in ("19", "20") and "01" <= digits[4:6] <= "12"
    return None if is_day or text[end : end + 1] == "%" else (start, end)


def _rule(
    name: str,
    kind: str,
    pattern: str,
    literals: tuple[str, ...],
    locate: Locate | None = None,
    shapes: tuple[str, ...] = (),
) -> Rule:
    return Rule(
        name=name,
        kind=kind,
        level=Level.HIGH,
        pattern=pattern,
        literals=literals,
        shapes=shapes,
        group=1,
        locate=locate,
    )


ACCOUNT_RULES: Final = (
    _rule(
        "login_user",
        "USER",
        r"(?i:\b(?:publickey|password|keyboard-interactive(?:/pam)?|authentication|session (?:opened|closed)|login|"
        r"logon|accepted|denied|invalid|illegal|unknown|locked|blocked|created|deleted|updated|disabled|enabled|"
        r"suspended|banned) (?:failed |failure )?(?:for |by |of )?"
        rf"(?:invalid |illegal |unknown )?user |\blogin attempt (?:by |for |of |as ))[\"'`]?{_NAME}(?:[\"'`]|[ (]|$)",
        (" user ", "login attempt "),
        _somebody,
    ),
    _rule(
        "ssh_user",
        "USER",
        r"(?i:\b(?:publickey|password|keyboard-interactive(?:/pam)?|gssapi-with-mic) for (?:invalid user )?)"
        rf"{_NAME} from ",
        ("publickey for ", "password for ", "keyboard-interactive", "gssapi"),
        _somebody,
    ),
    _rule(
        "remote_user",
        "USER",
        rf"\b(?:ssh|scp|sftp|rsync|mosh|sshfs)\b[^\n@;|&]{{0,128}}[ =]{_NAME}@[\w.\-\[]{{1,255}}",
        ("ssh", "scp", "sftp", "rsync", "mosh"),
        _somebody,
    ),
    _rule(
        "logged_in_user",
        "USER",
        rf"(?i:\b(?:logged (?:in|on)|signed in|authenticated|connected|running|login) as (?:user )?)[\"'`]?{_NAME}",
        (" as ",),
        _somebody,
    ),
    _rule("sudo_user", "USER", rf"\bsudo(?:\[\d{{1,8}}\])?: {{1,8}}{_NAME} : ", ("sudo",), _somebody),
    _rule(
        "named_user",
        "USER",
        rf"(?i:{_QUOTE}(?:user|owner|trader|customer|member|author|operator|account_?holder){_QUOTE}\s?:\s?)"
        rf"\{{[^{{}}]{{0,200}}?(?i:{_QUOTE}(?:name|login|handle|nick){_QUOTE}\s?:\s?){_QUOTE}([^\"'\\]{{2,64}})",
        tuple(
            f"{who}{end}"
            for who in ("user", "owner", "trader", "customer", "member", "author", "operator", "holder")
            for end in "\"'\\"
        ),
        _somebody,
    ),
    _rule(
        "account_number",
        "ACCOUNT",
        r"(?i:\b(?:(?:sub-?)?account|acct\.?|login|logon|ibkr|tws|portfolio|uid)"
        r"(?: (?:uid|id|no\.?|number|nr\.?)){0,1}[ #:]{1,3})"
        r"([A-Z]{0,3}\d{5,14})\b",
        ("account", "acct", "login", "logon", "ibkr", "tws", "portfolio", "uid"),
        _number,
    ),
    _rule(
        "customer_number",
        "ACCOUNT",
        r"(?i:\b(?:customer|client|member|investor|subscriber|trader|user)[ _\-]"
        r"(?:id|no\.?|number|nr\.?|num|ref)[ #:=]{1,3})([A-Z]{0,3}-?\d{5,14})\b",
        tuple(
            f"{who}{sign}{what}"
            for who in ("customer", "client", "member", "investor", "subscriber", "trader", "user")
            for sign in " _-"
            for what in ("id", "no", "number", "nr", "num", "ref")
        ),
        _number,
    ),
    _rule(
        "ib_account",
        "ACCOUNT",
        r"\b(D?[UF]\d{6,9})\b",
        (),
        _number,
        ("a000000",),
    ),
    _rule("oanda_account", "ACCOUNT", r"\b(\d{3}-\d{3}-\d{5,10}-\d{3})\b", (), _number, ("000-000-00000",)),
    _rule(
        "aws_account", "ACCOUNT", r"\barn:aws[a-z\-]{0,16}:[a-z0-9\-]{0,32}:[a-z0-9\-]{0,32}:(\d{12}):", ("arn:aws",)
    ),
    _rule(
        "fix_account",
        "ACCOUNT",
        r"(?:[\x01|; ]|\^A|\\x01)1=([\w\-]{4,32})(?:[\x01|;]|\^A|\\x01)\d{1,4}=",
        ("\x011=", "|1=", ";1=", " 1=", "^a1=", "x011="),
    ),
)
"""Rules from level HIGH on, in the order in which they are tried."""
