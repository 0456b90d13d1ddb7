"""Credentials in command lines, statements and configuration lines that no name announces (level LOW).

``curl -u user:password``, ``IDENTIFIED BY '...'``, ``machine api.example.com login bot password ...``, lines of a
``.pgpass``, and what venues echo in their answers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from recoup_plugins.security_sanitizer.identifiers import is_jumbled
from recoup_plugins.security_sanitizer.levels import Level
from recoup_plugins.security_sanitizer.rule import Locate, Rule, accepted
from recoup_plugins.security_sanitizer.values import (
    UUID,
    is_ordinary,
    is_placeholder,
    is_prose,
    looks_random,
    looks_secret,
)

if TYPE_CHECKING:
    import re


_SOURCES: Final = frozenset("py pyx go js ts jsx tsx mjs java kt rs c cc cpp h rb php cs scala log swift".split())  # noqa: SIM905


_HEX: Final = frozenset("0123456789abcdefABCDEF-")
_FIELDS: Final = frozenset("/|")
"""What divides the steps of a path and the fields of a line, and is no part of a password that is spoken of."""


def _argument(match: re.Match[str]) -> tuple[int, int] | None:
    value = match.group(1)
    ids = value.replace(":", "").isdigit() and ":" in value
    return None if ids or is_placeholder(value) or is_prose(value) else match.span(1)


def _of_statement(match: re.Match[str]) -> tuple[int, int] | None:
    """Reject the last word of a sentence, as in ``unlock it with walletpassphrase first.``."""
    value = match.group(1)
    return None if value[-1] in ".,;!?" and value[:-1].isalpha() else _argument(match)


def _password_of_proxy(match: re.Match[str]) -> tuple[int, int] | None:
    """Accept what stands behind host, port and user, but not behind a source file, its line and a function."""
    host = match.group().partition(":")[0]
    return match.span(1) if host.rpartition(".")[2] not in _SOURCES and looks_random(match.group(1)) else None


def _last_of_five(match: re.Match[str]) -> tuple[int, int] | None:
    """Accept the last field of a line of a ``.pgpass``, which has such a line for itself."""
    line = match.string[: match.start()].rpartition("\n")[2] + match.string[match.end() : match.end() + 1]
    return _password(match) if not line.strip() else _password_of_proxy(match)


def _configured(match: re.Match[str]) -> tuple[int, int] | None:
    """Accept an id of a key, alone or with its secret, with the quotes between the two."""
    if not (UUID.fullmatch(match.group(1)) or looks_random(match.group(1))):
        return None
    return match.start(1), match.end(2) if match.group(2) else match.end(1)


def _secret(match: re.Match[str]) -> tuple[int, int] | None:
    value = match.group(1)
    return match.span(1) if looks_secret(value) and any(map(str.isdigit, value)) else None


def _code(match: re.Match[str]) -> tuple[int, int] | None:
    """Accept what a query or a form holds under the name; at the begin of a word, what can only be a key."""
    in_query = match.group()[:1] in ("?", "&", "#")
    return _secret(match) if in_query or looks_random(match.group(1)) else None


def _password(match: re.Match[str]) -> tuple[int, int] | None:
    """Accept what has a digit among its letters or a symbol, but no path."""
    value = match.group(1).rstrip(".,;)]}")
    is_random = any(map(str.isdigit, value)) and any(map(str.isalpha, value)) and not is_ordinary(value)
    is_time = value[0].isdigit() and match.string[match.start(1) - 2 : match.start(1) - 1].isdigit()
    is_password = is_random and not is_time and _FIELDS.isdisjoint(value)
    return (match.start(1), match.start(1) + len(value)) if is_password else None


def _bound(match: re.Match[str]) -> tuple[int, int] | None:
    """Accept what PostgreSQL logs as the parameter of a statement where it is a key, and no id or digest."""
    value = match.group(1)
    return match.span(1) if looks_random(value) and not _HEX.issuperset(value) else None


def _secret_or_symbol(match: re.Match[str]) -> tuple[int, int] | None:
    value = match.group(1)
    return match.span(1) if not is_placeholder(value) and not value.isalpha() and not is_prose(value) else None


def _rule(
    name: str, kind: str, pattern: str, *literals: str, shapes: tuple[str, ...] = (), locate: Locate = _argument
) -> Rule:
    return Rule(name=name, kind=kind, level=Level.LOW, pattern=pattern, literals=literals, shapes=shapes, locate=locate)


COMMAND_RULES: Final = (
    _rule(
        "http_client_user",
        "CREDENTIALS",
        r"\b(?:curl|wget|https?|xh|httpie|aria2c|lftp|smbclient|mc|etcdctl|skopeo|podman|oras|crane|influx)\b"
        r"[^\n|]{0,512}?[\s\"'](?:-u|-U|-a|--user|--auth|--proxy-user|--userpwd|--creds|--src-creds|--dest-creds)"
        r"(?:[\"'], )?[= ]{0,2}[\"']?([^\s\"':=,%\-][^\s\"':,%]{0,127}[:,%][^\s\"']{1,256})",
        *(f"{blank}{option}" for blank in " \t\"'" for option in ("-u", "-a", "--user", "--auth", "--proxy-user")),
        "creds ",
    ),
    _rule(
        "sql_identified",
        "PASSWORD",
        r"(?i:\bidentified\s{1,4}(?:with\s{1,4}\w{1,32}\s{1,4})?(?:by|as)\s{1,4}(?:password\s{1,4})?)"
        r"[\"'`]([^\"'`]{1,256})[\"'`]",
        "identified",
    ),
    _rule(
        "sql_crypt",
        "PASSWORD",
        r"(?i:\b(?:crypt\(\s{0,4}|pgp_sym_(?:en|"
        r"de)crypt\([^,\n]{1,256},\s{0,4}))'([^'\n]{3,256})'(?:,\s{0,4}gen_salt|\s{0,4}\))",
        "crypt(",
    ),
    _rule(
        "sql_password",
        "PASSWORD",
        r"(?i:\b(?:encrypted |unencrypted |with |set )?password(?:\s{1,4}|\s{0,2}\(\s{0,2}|"
        r"\s{1,2}for [^\n]{1,64}=\s{0,2}))'([^'\n]{3,256})'",
        "password",
    ),
    _rule(
        "here_string",
        "PASSWORD",
        r"(?:-(?:token|password|stdin|pass|with-token|password-stdin|passphrase)|\bsecrets? |\bcryptsetup )[^\n|"
        r";]{0,64}<<<[ ]?[\"']?([^\s\"']{4,512})",
        "<<<",
    ),
    _rule(
        "piped_password",
        "PASSWORD",
        r"\b(?:echo|printf)(?: -n)? [\"']?([^\s\"'$|]{4,512})[\"']?(?:\\n[\"']?)? ?\| ?(?:sudo -S|su\b|"
        r"[^\n|]{0,128}-stdin\b|[^\n|]{0,64}with-token|"
        r"chpasswd|passwd|cryptsetup|gpg\b[^\n|]{0,64}--passphrase-fd)",
        *("echo", "printf"),
    ),
    _rule(
        "password_command",
        "PASSWORD",
        r"-(?:password|pass|token)-(?:command[= ]{1,2}[\"']?|file[= ]<\()(?:echo|printf) [\"']?([^\s\"')]{4,512})",
        *("-command", "-file=<(", "-file <("),
    ),
    _rule(
        "called_with_secret",
        "SECRET",
        r"\b(?:hmac\.new|hmac\.digest|HMAC|Hmac|createHmac|Fernet|AES\.new|SecretStr|SecretBytes|Secret|"
        r"hmac_sha256|HmacSHA256)\("
        r"(?:[\"'][\w\-]{1,16}[\"'], ?)?b?[\"']([^\"'\n]{6,512})[\"']",
        *("hmac", "fernet", "aes.new", "secret"),
        locate=accepted(lambda value: not is_ordinary(value)),
    ),
    _rule(
        "called_with_login",
        "PASSWORD",
        r"\b(?:auth ?= ?|db\.auth|HTTPBasicAuth|BasicAuth|HTTPDigestAuth|login|authenticate|set_credentials)"
        r"\(\s{0,4}(?:[\"'][^\"'\n]{1,128}[\"']|\d{3,20}),\s{0,4}"
        r"[\"']([^\"'\n]{3,256})[\"']",
        *("auth", "login", "set_credentials"),
    ),
    _rule(
        "configured_with_key",
        "CREDENTIALS",
        r"(?i:\b(?:configure|set_?credentials|set_?api_?keys?|set_?keys?|login|authenticate|auth|sign_?in|"
        r"\w{0,24}client|\w{0,24}exchange|\w{0,24}session))\(\s{0,8}"
        r"[\"']([^\"'\s]{16,512})[\"'](?:,\s{0,8}[\"']([^\"'\s]{16,512})[\"'])?",
        *("configure(", "credentials(", "key(", "keys(", "login(", "authenticate(", "auth(", "signin(", "sign_in("),
        *("client(", "exchange(", "session("),
        locate=_configured,
    ),
    _rule(
        "called_with_jwt_key",
        "SECRET",
        r"\bjwt\.(?:encode|decode|sign|verify)\([^\n]{1,512}?[})\w], ?b?[\"']([^\"'\n]{6,512})[\"']",
        "jwt.",
        locate=_secret,
    ),
    _rule(
        "oracle_login",
        "PASSWORD",
        r"(?:jdbc:oracle:thin:|\b(?:sqlplus|sqlldr|expdp|impdp|rman|(?i:connect|conn)) (?:-\w{1,4} )?)[\w$#]{1,64}/"
        r"([^\s@/]{3,128})@",
        "oracle",
        "conn",
        "rman",
        "sqlplus",
        "sqlldr",
        "expdp",
        "impdp",
        shapes=("@x", "@/", "@(", "@'", '@"'),
    ),
    _rule(
        "curl_option",
        "CREDENTIALS",
        r"\bCURLOPT_(?:USERPWD|PROXYUSERPWD|XOAUTH2_BEARER|PASSWORD|PROXYPASSWORD),\s{0,4}[\"']([^\"'\n]{3,512})[\"']",
        "curlopt_",
    ),
    _rule("cookie_repr", "TOKEN", r"<Cookie \S{1,64}=([^\s]{4,1000}) for ", "<cookie"),
    _rule(
        "spoken_login",
        "PASSWORD",
        r"\b(?i:login|log in|logged in|creds?|credentials|(?:user(?:name)?|login)[ _/\-]pass(?:word)?)(?: attempt| "
        r"failed| rejected)?(?: as| with| are| for| of)?"
        r"(?::|=|->)? (?:[\w.@\-]{1,64}|\[[A-Z_]{2,32}\]) ?[/:|] ?([^\s\"']{6,128})",
        "log",
        "cred",
        "pass",
        locate=_password,
    ),
    _rule("spoken_code", "OTP", r"\b((?:G-)?\d{4,8}) (?:is|as) your\b", " your"),
    _rule(
        "code_to_enter",
        "OTP",
        r"(?i:\b(?:use|enter|reply(?: with)?|type|with) (?:the |this )?(?:code |pin )?)(\d{4,8}) to "
        r"(?i:confirm|verify|sign|log|approve|complete|authori[sz]e)\b",
        *(
            f"0 to {verb}".lstrip("0")
            for verb in ("confirm", "verify", "sign", "log", "approve", "complete", "authori")
        ),
        shapes=("0 aa a",),
    ),
    _rule(
        "prefixed_cookie",
        "TOKEN",
        r"\b__(?:Host|Secure)-[\w\-.]{1,48}=([^\s;,\"']{12,1000})",
        *("__host-", "__secure-"),
        locate=_secret,
    ),
    _rule(
        "object_store_alias",
        "CREDENTIALS",
        r"\bmc (?:alias set|config host add) \S{1,64} \S{1,256} ([^\s]{3,128}(?: [^\s\[][^\s]{7,127})?)",
        *("alias set", "config host add"),
    ),
    _rule("netrc", "PASSWORD", r"(?i:\blogin\s{1,8}\S{1,128}\s{1,8}password\s{1,8})([^\s\"']{3,256})", "login"),
    _rule(
        "proxy_login",
        "PASSWORD",
        r"\b[\w\-]{1,63}\.[\w.\-]{1,128}:\d{2,5}:[A-Za-z_][\w.\-]{0,63}:([^\s:\"',;|]{6,128})",
        shapes=(":00:a", ":000:a", ":0000:a", ":00000:a"),
        locate=_password_of_proxy,
    ),
    _rule(
        "pass_statement",
        "PASSWORD",
        r"\b(?:(?:walletpassphrase(?:change)?|IDENTIFY(?: [\w\[\]\\^{}|\-]{1,32})?) [\"']?|"
        r"personal[_.]unlockAccount[^\n]{1,40}0x[0-9a-fA-F]{40}[\"'], ?[\"'])([^\s\"']{4,256})",
        *("walletpassphrase", "identify ", "unlockaccount"),
        locate=_of_statement,
    ),
    _rule(
        "bound_parameter",
        "SECRET",
        r"\$\d{1,2} ?= ?'([^'\s]{16,512})'",
        *(f"${number}{sign}'" for number in range(1, 10) for sign in ("=", " = ", "= ", " =")),
        locate=_bound,
    ),
    _rule(
        "sql_login",
        "PASSWORD",
        r"(?i:\bsp_add\w{0,16}login\s{1,4})N?'[^'\n]{1,64}',\s{0,4}N?'([^'\n]{3,128})'",
        "login",
    ),
    _rule(
        "basic_pair",
        "CREDENTIALS",
        r"\b(?:auth|basic_auth|http_auth)\s?[=:]\s?[(\[]\s?[\"']([\w\-]{10,128})[\"'],",
        "auth",
        locate=accepted(lambda value: looks_random(value) or is_jumbled(value)),
    ),
    _rule(
        "pass_argument",
        "PASSWORD",
        r"\s-{1,2}(?:passin|passout|storepass|keypass|srcstorepass|deststorepass)"
        r"\s{1,2}(?:pass:)?[\"']?([^\s\"'\-][^\s\"']{3,128})",
        "pass",
        locate=_secret,
    ),
    _rule(
        "openssl_key",
        "PASSWORD",
        r"\bopenssl\b[^\n]{0,256} -(?:k|K|pass|passin|passout) [\"']?([^\s\"'\-:][^\s\"':]{3,128})",
        "openssl",
    ),
    _rule(
        "http_client_cookie",
        "AUTHORIZATION",
        r"\b(?:curl|wget|https?)\b[^\n|]{0,512}?\s(?:-b|--cookie)[= ][\"']?([^\s\"'=]{1,64}=[^\n\"']{4,1000})",
        *(" -b", "\t-b", "--cookie"),
    ),
    _rule("openssl_pass", "PASSWORD", r"\bpass:([^\s\"']{3,128})", "pass:"),
    _rule(
        "pgpass",
        "PASSWORD",
        r"\b[\w.\-]{1,64}:\d{4,5}:[A-Za-z_*][\w\-]{0,63}:[A-Za-z_][\w\-]{0,63}:([^\s:\"']{4,128})",
        shapes=(":0000:a", ":00000:a", ":0000:*", ":00000:*"),
        locate=_last_of_five,
    ),
    _rule(
        "archive_password",
        "PASSWORD",
        r"\b(?:unzip|zip|zipinfo|fcrackzip|unrar|rar|7z|7za|7zz|sshpass|cqlsh)\b[^\n|;&]{0,128}?\s-{1,2}"
        r"(?:P ?|p ?|hp|password[ =])[\"']?([^\s\"'\-][^\s\"']{3,128})",
        *("zip", "rar", "7z", "sshpass", "cqlsh"),
        locate=_secret_or_symbol,
    ),
    _rule(
        "passphrase_option",
        "PASSWORD",
        r"\b(?:ssh-keygen\b[^\n|;&]{0,128}?\s-N|(?:ssh-keygen|sqlcmd|bcp|isql|osql|tsql)\b[^\n|;&]{0,128}?\s-P|"
        r"vault login|rclone obscure|bw unlock(?: --raw)?) ?[\"']?([^\s\"'\-=][^\s\"'=]{2,128})",
        *("ssh-keygen", "sqlcmd", "bcp ", "isql ", "osql ", "tsql ", "vault login", "rclone obscure", "bw unlock"),
        locate=_secret_or_symbol,
    ),
    _rule(
        "keyring_password",
        "PASSWORD",
        r"\bset_password\(\s{0,4}[\"'][^\"'\n]{1,64}[\"'], ?[\"'][^\"'\n]{1,64}[\"'], ?[\"']([^\"'\n]{3,256})[\"']",
        "set_password",
    ),
    _rule(
        "net_use_password",
        "PASSWORD",
        r"(?i:\bnet user? [^\n]{1,128}? )([^\s/][^\s]{3,128})(?i: /(?:user:|add\b))",
        "net use",
    ),
    _rule("net_use", "PASSWORD", r"(?i:/user:\S{1,64}\s{1,2})([^\s/][^\s]{3,128})", "/user:"),
    _rule(
        "htpasswd",
        "PASSWORD",
        r"\b(?:htpasswd\s{1,2}-(?:\w{0,4}n\w{0,4}|[a-mo-z]{0,4}b[a-mo-z]{0,4}\s{1,2}\S{1,128})|rabbitmqctl (?:add_user|"
        r"change_password)|(?:ejabberdctl|prosodyctl) register\s{1,2}\S{1,64})\s{1,2}\S{1,64}\s{1,2}[\"']?"
        r"([^\s\"']{3,128})",
        *("htpasswd", "rabbitmqctl", "ejabberdctl", "prosodyctl"),
    ),
    _rule(
        "oauth_code",
        "TOKEN",
        r"(?:^|[?&#\s\"'])(?:code|oauth_verifier|ticket|assertion|client_assertion|SAMLResponse|SAMLRequest|"
        r"logout_token|ott)=([\w\-./%+=~]{16,1000})",
        *("code=", "verifier=", "ticket=", "assertion=", "saml", "_token=", "ott="),
        locate=_code,
    ),
    _rule("origin_string", "API_KEY", r"\borigin_string\[(\d{13}[\w\-]{12,160})", "origin_string"),
)
"""Rules that apply at every level, in the order in which they are tried."""
