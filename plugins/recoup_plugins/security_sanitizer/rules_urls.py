"""Credentials within URLs (level LOW): user information, webhooks, and keys that stand in the path."""

from __future__ import annotations

import re
from typing import Final

from recoup_plugins.security_sanitizer.levels import Level
from recoup_plugins.security_sanitizer.rule import Rule, accepted
from recoup_plugins.security_sanitizer.values import entropy, is_placeholder, looks_random

_LONGEST_PORT: Final = 5
_LEAST_ENTROPY: Final = 3.5
_CLASSES: Final = 3
_LONG_SEGMENT: Final = 32
_FEWEST_DIGIT_RUNS: Final = 2
_DIGIT_RUNS: Final = re.compile(r"\d{1,128}")
_EXPLORED: Final = re.compile(
    r"/(?:tx|txs|txid|transactions?|blocks?|hash|signature|orders?|trades?|ipfs|blob|commit|tree|address|account|token|"
    r"watch|docs?|d|artifacts?|image|static|assets?)/\Z",
    re.ASCII | re.IGNORECASE,
)
_HOOK: Final = (
    r"hooks\.slack\.com/(?:services|workflows|triggers)/|/api/(?:v\d{1,2}/)?webhooks/|"
    r"\.webhook\.office\.com/webhookb2/|"
    r"outlook\.office\.com/webhook/|hooks\.zapier\.com/hooks/(?:catch|standard)/|"
    r"maker\.ifttt\.com/trigger/\w{1,64}/(?:json/)?"
    r"with/key/|/open-apis/bot/v2/hook/|hook\.[a-z0-9]{2,8}\.make\.com/|hook\.integromat\.com/|"
    r"hc-ping\.com/|healthchecks\.[a-z0-9.\-]{2,64}/ping/|webhook\.site/|"
    r"/webhook(?:s|-test)?/|/hooks/|\.logic\.azure\.com[^\s]{1,200}sig=|"
    r"discord(?:app)?\.com/api/webhooks/|alerts\.[a-z]{2,16}\.com/hook/|"
    r"/services/T[A-Z0-9]{6,12}/B[A-Z0-9]{6,12}/"
)
_RPC: Final = (
    r"infura\.io/(?:ws/)?v3/|alchemy\.com/(?:nft/)?v[23]/|alchemyapi\.io/v2/|quiknode\.pro/|quicknode\.com/|"
    r"rpc\.ankr\.com/(?:multichain/|\w{1,32}/(?:ws/)?)|chainstack\.com/|p2pify\.com/|blastapi\.io/|getblock\.io/|"
    r"drpc\.org/\w{1,32}/|nodereal\.io/(?:ws/)?v1/|moralis-nodes\.com/\w{1,32}/|"
    r"moralis\.io[:/]\w{0,5}/?(?:\w{1,32}/){0,1}|"
    r"blockpi\.network/v1/(?:rpc|ws)/|gateway\.tenderly\.co/|thirdweb\.com/|pokt\.network/v1/(?:lb/)?|grove\.city/v1/|"
    r"rivet\.cloud/|allthatnode\.com/(?:full/)?\w{0,24}/?(?:json_rpc/)?|nownodes\.io/|zmok\.io/\w{1,16}/|"
    r"validationcloud\.io/v1/|"
    r"tatum\.io/v3/blockchain/node/\w{1,24}/|helius-rpc\.com/\?api-key=|syndica\.io/(?:api-key/)|triton\.one/|"
    r"zan\.top/node/(?:ws/)?v1/\w{1,16}/(?:\w{1,16}/)?|tenderly\.co/fork/|wh\.3commas\.io/signals?/|"
    r"uptime\.betterstack\.com/api/v1/heartbeat/|"
    r"rpcpool\.com/|events\.pagerduty\.com/integration/|gateway\.thegraph\.com/api/|api\.day\.app/|extrnode\.com/|dwellir\.com/|1rpc\.io/"
)


_HOST_NAME: Final = re.compile(r"[\w.\-]{1,64}", re.ASCII)
_USER_WORDS: Final = frozenset(["user", "username", "usr", "login", "name"])
_PASSWORD_WORDS: Final = frozenset(["password", "passwd", "pass", "pwd", "pw", "token", "secret"])
_HOST_WORDS: Final = frozenset(
    ["host", "hostname", "host.com", "server", "example.com", "proxy", "domain", "domain.com"]
)
"""How documents write an address: ``scheme://user:password@host``."""


def _userinfo(match: re.Match[str]) -> tuple[int, int] | None:
    """Reject ``host:8080/path@x``, where what follows the colon is a port."""
    port = match.group(1).partition(":")[2].partition("/")
    if port[1] and port[0].isdigit() and len(port[0]) <= _LONGEST_PORT:
        return None
    user, _, password = match.group(1).partition(":")
    if is_placeholder(password):
        return None
    host = _HOST_NAME.match(match.string, match.end())
    described = (user.lower() in _USER_WORDS) + (host is not None and host.group().lower() in _HOST_WORDS)
    return None if described and password.lower() in _PASSWORD_WORDS else match.span(1)


def _has_digit(match: re.Match[str]) -> tuple[int, int] | None:
    """Accept a path with a digit in it, as the identifiers of hooks have; words have none."""
    return match.span(1) if any(map(str.isdigit, match.group(1))) else None


_WORDS_OF_TITLE: Final = re.compile(r"-[A-Z]?[a-z]{2,24}(?![A-Za-z0-9_])", re.ASCII)
"""Words of a page's title behind its id: ``/script/MOw6mUQl-Stiffness-Indicator``."""


def _random_segment(match: re.Match[str]) -> tuple[int, int] | None:
    """Accept a segment of capitals, small letters and digits without order, unless the path says what it identifies."""
    start, end = match.span(1)
    value = match.group(1)
    kinds = {"A" if char.isupper() else "a" if char.islower() else "0" for char in value if char.isalnum()}
    if len(kinds) < _CLASSES or entropy(value) < _LEAST_ENTROPY:
        return None
    if len(value) < _LONG_SEGMENT and len(_DIGIT_RUNS.findall(value)) < _FEWEST_DIGIT_RUNS:
        return None  # names in camel case with a number at the end
    if sum(len(part) for part in _WORDS_OF_TITLE.findall(value)) * 2 > len(value):
        return None
    return None if _EXPLORED.search(match.string[max(0, start - 16) : start]) else (start, end)


def _key_of_node(match: re.Match[str]) -> tuple[int, int] | None:
    """Accept digits among letters in any case, unless the path says what they identify."""
    start, end = match.span(1)
    value = match.group(1)
    is_key = looks_random(value) and not value.startswith("0x") and entropy(value) >= _LEAST_ENTROPY
    return (start, end) if is_key and not _EXPLORED.search(match.string[max(0, start - 16) : start]) else None


URL_RULES: Final = (
    Rule(
        name="webhook",
        kind="TOKEN",
        level=Level.LOW,
        pattern=rf"(?:{_HOOK})([\w\-/@.=%]{{8,512}})",
        literals=("hook", "hc-ping", "healthchecks", "ifttt", "logic.azure.com", "/services/t"),
        locate=_has_digit,
    ),
    Rule(
        name="rpc_url",
        kind="API_KEY",
        level=Level.LOW,
        pattern=rf"(?:{_RPC})([\w\-]{{12,128}})",
        literals=(
            *("infura.io", "alchemy", "quiknode", "quicknode", "ankr.com", "chainstack.com", "p2pify", "blastapi.io"),
            *("getblock.io", "drpc.org", "nodereal.io", "moralis", "blockpi", "tenderly", "thirdweb", "pokt.network"),
            *(
                "grove.city",
                "rivet.cloud",
                "allthatnode",
                "nownodes",
                "zmok.io",
                "validationcloud",
                "tatum.io",
                "helius",
            ),
            *(
                "syndica",
                "triton.one",
                "rpcpool",
                "extrnode",
                "dwellir",
                "1rpc.io",
                "pagerduty",
                "gateway.thegraph",
                "day.app",
                "zan.top",
                "3commas",
                "betterstack",
            ),
        ),
        locate=_has_digit,
    ),
    Rule(
        name="node_url",
        kind="API_KEY",
        level=Level.LOW,
        pattern=r"(?:https?|wss?)://[a-z0-9.\-]{0,64}(?:rpc|node|mainnet|testnet|sepolia|polygon|arbitrum|solana|"
        r"eth|bsc)"
        r"[a-z0-9.\-]{0,64}(?::\d{2,5})?/(?:[a-z0-9]{1,12}/)?(?:[a-z0-9]{1,12}/)?([0-9a-fA-F]{32}|"
        r"[0-9a-fA-F]{40})(?:[/?\s\"'<>),;]|\b)",
        literals=("rpc", "node", "mainnet", "testnet", "sepolia", "polygon", "arbitrum", "solana", "eth", "bsc"),
        shapes=("x" * 32,),
        sketch="/[0-9a-fA-F]{32}",
        group=1,
    ),
    Rule(
        name="rpc_path_key",
        kind="API_KEY",
        level=Level.LOW,
        pattern=r"(?:https?|wss?)://[a-z0-9.\-]{0,128}rpc[a-z0-9\-]{0,32}\.[a-z0-9.\-]{2,64}"
        r"(?::\d{2,5})?/(?:[a-z0-9]{1,12}/)?(?:[a-z0-9]{1,12}/)?([\w\-]{20,64})(?:[/?\s\"'<>),;]|\b)",
        literals=("rpc",),
        locate=_key_of_node,
    ),
    Rule(
        name="url_path_key",
        kind="API_KEY",
        level=Level.LOW,
        pattern=r"(?:https?|wss?)://[^\s/\"'<>]{1,128}[^\s\"'<>?#]{0,200}/([\w\-]{16,128})(?:[/?\s\"'<>),;#]|\b)",
        literals=("://",),
        shapes=("x" * 8,),
        locate=_random_segment,
    ),
    Rule(
        name="link_of_account",
        kind="TOKEN",
        level=Level.LOW,
        pattern=r"://[^\s\"'<>?#]{1,200}/(?i:auth|magic|magic-link|reset|reset-password|password|verify|"
        r"verify-email|confirm|confirmation|"
        r"activate|activation|invite|invitation|join|unsubscribe|sso|login|signin|callback)(?:/[a-z\-]{1,24})?"
        r"(?:/|\?(?:[^\s\"'<>#]{0,200}&)?[a-z_]{1,16}=)([\w\-.]{20,512})",
        literals=(
            "/auth",
            "/magic",
            "/reset",
            "/password",
            "/verify",
            "/confirm",
            "/activat",
            "/invit",
            "/join",
            "/unsub",
            "/sso/",
            "/login",
            "/sign",
            "/callback",
        ),
        shapes=("://",),
        locate=accepted(looks_random),
    ),
    Rule(
        name="url_userinfo",
        kind="CREDENTIALS",
        level=Level.LOW,
        pattern=r"://([^\s/@:\"'<>]{0,128}:[^\s\"'<>]{1,256})@",
        literals=("://",),
        shapes=("@x", "@[", "@/"),
        locate=_userinfo,
    ),
    Rule(
        name="url_token",
        kind="CREDENTIALS",
        level=Level.LOW,
        pattern=r"://([^\s/@:?#\"'<>]{16,256})@",
        literals=("://",),
        shapes=("@x", "@[", "@/"),
        group=1,
    ),
)
"""Rules that apply at every level, in the order in which they are tried."""
