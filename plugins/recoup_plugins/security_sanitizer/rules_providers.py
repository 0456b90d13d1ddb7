"""Credentials in the formats that providers publish for the sake of secret scanners (level LOW), as a table.

Each line is one family: a name for ``off_rules``, the placeholder, and what its tokens look like; its literals are what
every such token holds. Only formats that nothing else has belong here: keys without a mark of their own, such as those
of Datadog or Etherscan, are found by the name beside them.
"""

from __future__ import annotations

import re
from base64 import b32decode
from binascii import crc_hqx
from typing import Final

from recoup_plugins.security_sanitizer.armour import in_public_armour
from recoup_plugins.security_sanitizer.checksums import base58
from recoup_plugins.security_sanitizer.levels import Level
from recoup_plugins.security_sanitizer.rule import Rule, accepted, confirmed, stands_alone
from recoup_plugins.security_sanitizer.runs import MIXED_CASE
from recoup_plugins.security_sanitizer.values import entropy, looks_random

_DIGIT_RUNS: Final = re.compile(r"\d{1,128}")
_FEWEST_DIGIT_RUNS: Final = 3
_LEAST_ENTROPY: Final = 4.0
_ENTROPY_OF_NO_NAME: Final = 4.9
_SOLANA_BYTES: Final = (32, 64)
_JOINING: Final = frozenset("+/=_-%.")
_IDENTIFIED: Final = re.compile(
    r"(?:id|hash|digest|sha\d{0,3}|etag|request|trace|span|cursor|tx|txn|order|page|next|after|before|"
    r"commit|checksum|version|cid|"
    r"fingerprint|integrity|block|nonce|seq|ref|uuid|signature)(?:[_\- ]?(?:id|no|token|hash)"
    r")?[\"']?[ :=#\"'/(]{1,4}\Z",
    re.ASCII | re.IGNORECASE,
)
_HEX: Final = frozenset("0123456789abcdefABCDEF")
_RUN: Final = ("x" * 12,)


def _format(name: str, kind: str, pattern: str, *literals: str, shapes: tuple[str, ...] = _RUN) -> Rule:
    return Rule(name=name, kind=kind, level=Level.LOW, pattern=pattern, literals=literals, shapes=shapes)


def _prefixed(name: str, kind: str, prefixes: str, body: str) -> Rule:
    """Return the rule on tokens that begin with one of several prefixes, given with spaces between."""
    parts = prefixes.split()
    escaped = "|".join(part.replace(".", r"\.") for part in parts)
    return _format(name, kind, rf"\b(?:{escaped}){body}", *sorted({part.lower() for part in parts}), shapes=("x" * 8,))


def _no_hexadecimal(match: re.Match[str]) -> tuple[int, int] | None:
    """Reject a digest in base 16 that happens to begin as the tokens do."""
    return None if _HEX.issuperset(match.group()) else match.span()


def _no_digest(match: re.Match[str]) -> tuple[int, int] | None:
    """Reject a SHA-512 digest in base 64, as lock files and subresource integrity write it."""
    before = match.string[max(0, match.start() - 12) : match.start()].lower()
    touched = before[-1:].isalnum() or before[-1:] in ("+", "/")
    return None if "sha512" in before or "digest" in before or touched else match.span()


def _opaque(match: re.Match[str]) -> tuple[int, int] | None:
    """Accept a long run of capitals, small letters and digits without order, unless a word says that it identifies.

    Base 58 of 32 or 64 octets is an account or a transaction on Solana.
    """
    text, (start, end) = match.string, match.span()
    value = match.group()
    if not _is_unordered(value):
        return None
    if not stands_alone(text, start, end) or text[start - 1 : start] in _JOINING or text[end : end + 1] in _JOINING:
        return None
    octets = base58(value)
    if octets is not None and (len(octets) in _SOLANA_BYTES or value[:1] in "123469ADLTt" or value[:2] == "Qm"):
        return None
    is_public = _IDENTIFIED.search(text[max(0, start - 32) : start]) or in_public_armour(text, start)
    return None if is_public else (start, end)


def _is_unordered(value: str) -> bool:
    """Tell whether letters and digits are of three classes, without order."""
    if value in (value.lower(), value.upper()) or len(_DIGIT_RUNS.findall(value)) < _FEWEST_DIGIT_RUNS:
        return False
    return entropy(value) >= _LEAST_ENTROPY


def _opaque_of_url(match: re.Match[str]) -> tuple[int, int] | None:
    """Accept base 64 for URLs of a length at which no name has as much entropy, unless a word says it identifies."""
    text, (start, end) = match.string, match.span()
    value = match.group()
    if value.isalnum():  # what _opaque judges, and addresses in base 58
        return None
    if not _is_unordered(value) or entropy(value) < _ENTROPY_OF_NO_NAME:
        return None
    touched = text[start - 1 : start] in _JOINING or text[end : end + 1] in _JOINING
    is_public = _IDENTIFIED.search(text[max(0, start - 32) : start]) or in_public_armour(text, start)
    return None if touched or is_public else (start, end)


def _prefixed_opaque(match: re.Match[str]) -> tuple[int, int] | None:
    """Accept a long run without order behind a provider's mark, unless the mark or the word before it identifies."""
    text, (start, end) = match.string, match.span()
    before = text[max(0, start - 32) : start]
    if not _is_unordered(match.group(2)) or before[-1:] in _JOINING or text[end : end + 1] in _JOINING:
        return None
    return None if _IDENTIFIED.search(f"{match.group(1)}=") or _IDENTIFIED.search(before) else (start, end)


def _nats_seed(text: str) -> bool:
    """Tell whether text is an NKey seed of NATS: base 32 of two bytes of prefix, 32 of seed and a CRC-16."""
    raw = b32decode(text + "=" * (-len(text) % 8))
    return crc_hqx(raw[:-2], 0) == int.from_bytes(raw[-2:], "little")


def _lines_of_putty(match: re.Match[str]) -> tuple[int, int] | None:
    """Return as many lines as the header of a PuTTY key file counts."""
    text, start = match.string, match.end()
    end = start
    for _ in range(int(match.group(1))):
        feeds = [place for mark in ("\n", "\\n") if (place := text.find(mark, end + 1)) > 0]
        end = min(feeds, default=len(text))
    return (start, end) if end > start else None


PROVIDER_RULES: Final = (
    _format(
        "of_one_length",
        "API_KEY",
        r"\b(?:ico-[A-Za-z0-9]{32}|CG-[A-Za-z0-9]{24}|(?:mainnet|preprod|preview)[A-Za-z0-9]{32}|"
        r"AIK_SECRET_[A-Za-z0-9]{64,65}|mlsn\.[0-9a-f]{64}|sm_(?:aat|pat|sat)_[A-Za-z0-9]{16}|"
        r"wandb_v1_[A-Za-z0-9]{27}_[A-Za-z0-9]{49}|apify_api_[A-Za-z0-9]{34,38}|bb_(?:live|test)_[\w\-]{27}|"
        r"sk_(?:production|staging)_[A-Za-z0-9]{32,200}|"
        r"sdk-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\b",
        *("ico-", "cg-", "mainnet", "preprod", "preview", "aik_secret_", "mlsn.", "sm_aat_", "sm_pat_", "sm_sat_"),
        *("wandb_v1_", "apify_api_", "bb_live_", "bb_test_", "sk_production_", "sk_staging_", "sdk-"),
    ),
    _prefixed("gitlab_more", "TOKEN", "glft- glimt- glagent- gloas- glcbt- glffct- GR1348941", r"[\w\-]{16,255}"),
    _prefixed("huggingface_org", "TOKEN", "api_org_", r"[A-Za-z0-9]{30,64}"),
    _prefixed("new_relic", "API_KEY", "NRAK- NRIQ- NRRA- NRII- NRJS-", r"[\w\-]{16,64}"),
    _format("new_relic_licence", "API_KEY", r"\b[0-9a-f]{32,36}(?:NRAL|FFFFNRAL)\b", "nral"),
    _format("mailchimp", "API_KEY", r"\b[0-9a-f]{32}-us\d{1,2}\b", "-us", shapes=("x" * 32 + "-xxx",)),
    _format(
        "mailgun_key",
        "API_KEY",
        r"\b[0-9a-f]{32}-[0-9a-f]{8}-[0-9a-f]{8}\b",
        shapes=("-".join(["x" * 32, "x" * 8, "x" * 8]),),
    ),
    _prefixed("mailgun_public", "API_KEY", "pubkey-", r"[0-9a-f]{32}\b"),
    _format("terraform_cloud", "TOKEN", r"\b[A-Za-z0-9]{10,20}\.atlasv1\.[\w\-=]{40,128}", ".atlasv1."),
    _prefixed("notion", "TOKEN", "ntn_", r"[A-Za-z0-9]{30,64}"),
    _format("notion_secret", "SECRET", r"\bsecret_[A-Za-z0-9]{40,64}\b", "secret_"),
    _prefixed("planetscale", "TOKEN", "pscale_tkn_ pscale_pw_ pscale_oauth_ pscale_sk_", r"[\w\-.=]{20,128}"),
    _prefixed("supabase", "TOKEN", "sbp_ sb_secret_ sb_publishable_", r"[\w\-]{20,128}"),
    _format("azure_client_secret", "SECRET", r"[\w~.\-]{3}\dQ~[\w~.\-]{31,34}", "q~"),
    Rule(
        name="base64_of_64_bytes",
        kind="SECRET",
        level=Level.LOW,
        pattern=r"[A-Za-z0-9+/]{86}==",
        literals=("==",),
        locate=_no_digest,
    ),
    _format("dropbox", "TOKEN", r"\bsl\.(?:u\.)?[\w\-]{60,1000}" + r"[\w\-]{0,1000}", "sl."),
    Rule(
        name="facebook",
        kind="TOKEN",
        level=Level.LOW,
        pattern=r"\bEAA[A-Za-z0-9]{30,300}",
        literals=("eaa",),
        shapes=_RUN,
        locate=_no_hexadecimal,
    ),
    _prefixed("buildkite", "TOKEN", "bkua_ bkpt_ bkct_", r"[\w\-]{20,128}"),
    _format("tailscale", "API_KEY", r"\btskey-[a-z]{3,12}-[\w\-]{16,128}", "tskey-"),
    _prefixed("crates_io", "TOKEN", "cio", r"[A-Za-z0-9]{32}\b"),
    _format("langsmith", "API_KEY", r"\blsv2_(?:pt|sk)_[\w]{32,128}", "lsv2_"),
    _prefixed(
        "ai_services",
        "API_KEY",
        "pplx- xai- fw_ pcsk_ sk-or-v1- sk-ant- sk-proj- csk- esecret_ jina_ voyage- pa- tvly- fc- lsv2_ ls__",
        r"[\w\-]{24,200}",
    ),
    _format("airtable", "TOKEN", r"\bpat[A-Za-z0-9]{14}\.[0-9a-f]{64}\b", "pat", shapes=("x" * 17 + "." + "x" * 64,)),
    _prefixed("atlassian", "TOKEN", "ATATT3 ATCTT3 ATBB", r"[\w\-=+/.]{20,255}"),
    _prefixed("sentry", "TOKEN", "sntrys_ sntryu_", r"[\w\-=+/]{16,255}"),
    _format("asana", "TOKEN", r"\b[012]/\d{13,20}(?:/\d{13,20})?:[0-9a-f]{32}\b", shapes=("0/" + "0" * 13,)),
    _prefixed("cloud_ids", "API_KEY", "LTAI AKID", r"[A-Za-z0-9]{16,40}\b"),
    _prefixed("aws_session", "TOKEN", "FwoGZXIvYXdz IQoJb3JpZ2lu ABSK", r"[\w+/=]{40,1000}[\w+/=]{0,1000}"),
    _format("cloudflare_origin", "TOKEN", r"\bv1\.0-[0-9a-f]{24}-[0-9a-f]{100,160}\b", "v1.0-"),
    _prefixed("contentful", "TOKEN", "CFPAT-", r"[\w\-]{30,80}"),
    _prefixed("dynatrace", "TOKEN", "dt0c01. dt0s01. dt0s02.", r"[A-Z0-9]{20,32}\.[A-Z0-9]{50,80}"),
    _prefixed(
        "payments",
        "API_KEY",
        "FLWSECK- FLWSECK_TEST- EZAK EZTK duffel_live_ duffel_test_ shippo_live_ shippo_test_ sq0idp- sq0atp- sq0csp-"
        " rzp_live_ rzp_test_ shpca_ shppa_",
        r"[\w\-]{12,160}",
    ),
    Rule(
        name="live_key",
        kind="API_KEY",
        level=Level.LOW,
        pattern=r"\b[a-z]{2,12}_(?:live|prod)_\w{16,160}",
        literals=("_live_", "_prod_"),
        shapes=("x" * 8,),
        locate=lambda match: match.span() if looks_random(match.group()) else None,
    ),
    _format("nuget", "API_KEY", r"\boy2[a-z0-9]{43}\b", "oy2"),
    _format("square_access", "TOKEN", r"\bEAAA[\w\-]{56,80}", "eaaa"),
    _format(
        "braintree", "TOKEN", r"\baccess_token\$(?:production|sandbox)\$[0-9a-z]{12,20}\$[0-9a-f]{32}", "access_token$"
    ),
    _format(
        "plaid",
        "TOKEN",
        r"\b(?:access|public|link)-(?:sandbox|development|production)-[0-9a-f\-]{36}",
        "sandbox-",
        "production-",
        "development-",
    ),
    _format("hubspot", "TOKEN", r"\bpat-[a-z]{2}\d-[0-9a-f\-]{36}\b", "pat-"),
    _format("heroku", "API_KEY", r"\bHRKU-[\w\-]{30,80}", "hrku-"),
    _format("mapbox", "TOKEN", r"\bsk\.eyJ[\w\-]{40,255}\.[\w\-]{16,64}", "sk.eyj"),
    _prefixed(
        "hosting",
        "TOKEN",
        "nfp_ vcp_ vercel_ rnd_ fm1_ fm2_ fo1_ napi_ dor_v1_ pnu_ pnb_ rdme_ sgp_ squ_ sqp_ sqa_ ops_ "
        "CCIPAT_ sntryu_ glc_"
        " phx_ lin_oauth_ figo_ xsmtpsib- cfut_ dckr_oat_ ionet_ waka_ ghcr_ hvr. dp.st. dp.ct. dp.sa. "
        "dp.scim. pcu_ npmjs_"
        " keen_ v2.local. alcht_ cb_live_ nk_live_ NAPI_ tk_live_ re_ whop_ sm_live_ zpka_",
        r"[\w\-=/+.]{20,600}",
    ),
    _format("cas_ticket", "TOKEN", r"\b(?:TGT|PGT|PT|ST)-\d{1,8}-[\w\-.]{20,128}", "tgt-", "pgt-", "pt-", "st-"),
    Rule(
        name="pushover_user",
        kind="API_KEY",
        level=Level.LOW,
        pattern=r"(?i:\buser(?:_?key)?\\{0,4}[\"']?\s?[:=]\s?\\{0,4}[\"']?)([a-z0-9]{30})\b",
        literals=("userkey", "user_key", *(f"user{end}" for end in "\"'\\:= \t")),
        shapes=("x" * 30,),
        locate=accepted(looks_random),
    ),
    _prefixed("covalent", "API_KEY", "cqt_ ckey_", r"[A-Za-z0-9]{24,40}\b"),
    _format("firebase_messaging", "TOKEN", r"\b[\w\-]{11,24}:APA91b[\w\-]{100,200}", ":apa91b"),
    _format("minisign", "PRIVATE_KEY", r"\bRWR(?:TY0Iy|CSw)[A-Za-z0-9+/]{100,240}={0,2}", "rwrty0iy", "rwrcsw"),
    _format(
        "macaroon",
        "TOKEN",
        r"\b(?:MDA[A-Za-z0-9]{3}xvY2F0aW9u[\w+/\-]{30,1000}={0,2}|0201036c6e64[0-9a-f]{60,1000})",
        "xvy2f0aw9u",
        "0201036c6e64",
    ),
    Rule(
        name="nats_seed",
        kind="PRIVATE_KEY",
        level=Level.LOW,
        pattern=r"\bS[UANOCX][A-Z2-7]{56}\b",
        shapes=("x" * 58,),
        locate=confirmed(_nats_seed),
    ),
    _format("jfrog", "TOKEN", r"\b(?:AKCp[A-Za-z0-9]{60,80}|cmVmdGtu[A-Za-z0-9]{50,70})\b", "akcp", "cmvmdgtu"),
    _format("twitter_bearer", "TOKEN", r"\bA{18,24}[A-Za-z0-9%]{50,200}", "a" * 18),
    _format(
        "yandex",
        "TOKEN",
        r"\b(?:AQVN[\w\-]{35,40}|y[0-3]_[\w\-]{50,64}|t1\.[\w\-]{5,1000}\.[\w\-]{80,100})",
        "aqvn",
        "y0_",
        "y1_",
        "y2_",
        "y3_",
        "t1.",
        shapes=(),
    ),
    _format(
        "onepassword_secret_key",
        "SECRET",
        r"\bA3-[A-Z0-9]{6}-[A-Z0-9]{5,6}-[A-Z0-9]{5}-[A-Z0-9]{5}-[A-Z0-9]{5}(?:-[A-Z0-9]{5})?\b",
        "a3-",
        shapes=(),
    ),
    Rule(
        name="twilio_account_and_token",
        kind="TOKEN",
        level=Level.LOW,
        pattern=r"\bAC[0-9a-f]{32}:([0-9a-f]{32})\b",
        shapes=("x" * 34,),
        group=1,
    ),
    _format("eos_key", "PRIVATE_KEY", r"\bPVT_(?:K1|R1)_[1-9A-HJ-NP-Za-km-z]{48,52}\b", "pvt_"),
    _format("cardano_key", "PRIVATE_KEY", r"\b[a-z0-9]{3,8}_x?sk1[02-9ac-hj-np-z]{40,200}\b", "_sk1", "_xsk1"),
    _format("yubikey", "OTP", r"\bcccccc[b-lnrt-v]{38}\b", "cccccc"),
    _format("facebook_app", "TOKEN", r"\b\d{13,17}\|[\w\-]{27}\b", shapes=("0" * 13 + "|",)),
    _format("trello", "TOKEN", r"\bATTA[0-9a-f]{60,76}\b", "atta"),
    _format("vault_legacy", "TOKEN", r"\bs\.[A-Za-z0-9]{24}\b", "s.", shapes=("x." + "x" * 24,)),
    _format("zerodha_enctoken", "TOKEN", r"\benctoken\s{1,2}[\w+/=\-]{40,200}", "enctoken"),
    Rule(
        name="ethereum_keystore",
        kind="PRIVATE_KEY",
        level=Level.LOW,
        pattern=r"\b(?:ciphertext|mac|salt)\\{0,4}[\"']\s{0,3}:\s{0,3}\\{0,4}[\"']([0-9a-f]{64,160})\b",
        literals=("ciphertext", "mac", "salt"),
        group=1,
    ),
    Rule(
        name="opaque_token",
        kind="TOKEN",
        level=Level.LOW,
        pattern=r"\b[A-Za-z0-9]{40,128}\b",
        sketch=MIXED_CASE,
        shapes=("x" * 40,),
        locate=_opaque,
    ),
    Rule(
        name="opaque_url_token",
        kind="TOKEN",
        level=Level.LOW,
        pattern=r"\b[A-Za-z0-9][\w\-]{79,511}\b",
        shapes=("x" * 20,),
        sketch=r"\b[A-Za-z0-9][\w\-]{79}",
        locate=_opaque_of_url,
    ),
    Rule(
        name="prefixed_opaque",
        kind="TOKEN",
        level=Level.LOW,
        pattern=r"\b([a-z]{2,10}(?:_[a-z]{2,8})?)_([A-Za-z0-9]{32,128})\b",
        shapes=("x" * 35,),
        locate=_prefixed_opaque,
    ),
    Rule(
        name="putty",
        kind="PRIVATE_KEY",
        level=Level.LOW,
        pattern=r"Private-Lines: (\d{1,3})(?:\n|\\n|\\r\\n)",
        literals=("private-lines",),
        locate=_lines_of_putty,
    ),
)
"""Rules that apply at every level, in the order in which they are tried."""
