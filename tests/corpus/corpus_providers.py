"""Keys in the formats that their providers document, in running text that says nothing about them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from corpus_material import Material
from corpus_model import Case

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_TOKENS: Final[dict[str, Callable[[Material], tuple[str, str, str]]]] = {
    "aws-access-key-id": lambda m: ("AKIA", m.chars("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16), ""),
    "aws-session-key-id": lambda m: ("ASIA", m.chars("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16), ""),
    "github-classic": lambda m: ("ghp_", m.alnum(36), ""),
    "github-fine-grained": lambda m: ("github_pat_", f"{m.alnum(22)}_{m.alnum(59)}", ""),
    "github-oauth": lambda m: ("gho_", m.alnum(36), ""),
    "github-server": lambda m: ("ghs_", m.alnum(36), ""),
    "gitlab-personal": lambda m: ("glpat-", m.alnum(20), ""),
    "gitlab-runner": lambda m: ("glrt-", m.alnum(20), ""),
    "slack-bot": lambda m: ("xoxb-", f"{m.digits(12)}-{m.digits(12)}-{m.alnum(24)}", ""),
    "slack-user": lambda m: ("xoxp-", f"{m.digits(12)}-{m.digits(12)}-{m.digits(12)}-{m.hex(32)}", ""),
    "slack-app": lambda m: ("xapp-1-", f"A{m.upper(10)}-{m.digits(13)}-{m.hex(64)}", ""),
    "slack-webhook": lambda m: (
        "https://hooks.slack.com/services/",
        f"T{m.upper(8)}/B{m.upper(8)}/{m.alnum(24)}",
        "",
    ),
    "discord-webhook": lambda m: ("https://discord.com/api/webhooks/", f"{m.digits(18)}/{m.base64url(51)}", ""),
    "discord-bot": lambda m: ("MTA4", f"{m.alnum(20)}.G{m.alnum(5)}.{m.base64url(28)}", ""),
    "telegram-bot": lambda m: ("", f"{m.digits(10)}:AA{m.base64url(25)}"[:46], ""),
    "telegram-bot-url": lambda m: ("https://api.telegram.org/bot", f"{m.digits(10)}:AA{m.alnum(33)}", "/sendMessage"),
    "stripe-live": lambda m: ("sk_live_", m.alnum(24), ""),
    "stripe-restricted": lambda m: ("rk_live_", m.alnum(24), ""),
    "stripe-webhook": lambda m: ("whsec_", m.alnum(32), ""),
    "twilio-api-key": lambda m: ("SK", m.hex(32), ""),
    "sendgrid": lambda m: ("SG.", f"{m.base64url(16)}.{m.base64url(32)}", ""),
    "mailgun": lambda m: ("key-", m.hex(32), ""),
    "mailchimp": lambda m: ("", f"{m.hex(32)}-us12", ""),
    "openai-project": lambda m: ("sk-proj-", m.base64url(36), ""),
    "openai-legacy": lambda m: ("sk-", f"{m.alnum(20)}T3BlbkFJ{m.alnum(20)}", ""),
    "anthropic": lambda m: ("sk-ant-api03-", f"{m.base64url(69)}AA", ""),
    "google-api": lambda m: ("AIza", f"Sy{m.base64url(24)}B", ""),
    "google-oauth-access": lambda m: ("ya29.", f"a0{m.base64url(60)}", ""),
    "google-oauth-secret": lambda m: ("GOCSPX-", m.base64url(21), ""),
    "npm": lambda m: ("npm_", m.alnum(36), ""),
    "pypi": lambda m: ("pypi-AgEIcHlwaS5vcmc", m.base64url(60), ""),
    "docker-hub": lambda m: ("dckr_pat_", m.base64url(20), ""),
    "hugging-face": lambda m: ("hf_", m.chars("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", 34), ""),
    "digitalocean": lambda m: ("dop_v1_", m.hex(64), ""),
    "shopify": lambda m: ("shpat_", m.hex(32), ""),
    "square": lambda m: ("sq0atp-", m.base64url(17)[:22], ""),
    "databricks": lambda m: ("dapi", m.hex(32), ""),
    "new-relic": lambda m: ("NRAK-", m.upper(27), ""),
    "grafana-service": lambda m: ("glsa_", f"{m.alnum(32)}_{m.hex(8)}", ""),
    "vault-service": lambda m: ("hvs.", m.alnum(24), ""),
    "terraform-cloud": lambda m: (m.alnum(14) + ".atlasv1.", m.alnum(67), ""),
    "linear": lambda m: ("lin_api_", m.alnum(40), ""),
    "notion": lambda m: ("ntn_", m.alnum(46), ""),
    "postman": lambda m: ("PMAK-", f"{m.hex(24)}-{m.hex(34)}", ""),
    "doppler": lambda m: ("dp.pt.", m.alnum(43), ""),
    "planetscale": lambda m: ("pscale_tkn_", m.base64url(24), ""),
    "supabase": lambda m: ("sbp_", m.hex(40), ""),
    "age-identity": lambda m: ("AGE-SECRET-KEY-1", m.chars("QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", 58), ""),
    "sentry-dsn": lambda m: ("https://", m.hex(32), "@o447951.ingest.sentry.io/5429"),
    "sentry-token": lambda m: ("sntrys_", f"eyJ{m.base64url(60)}", ""),
    "infura-path": lambda m: ("https://mainnet.infura.io/v3/", m.hex(32), ""),
    "alchemy-path": lambda m: ("https://eth-mainnet.g.alchemy.com/v2/", m.base64url(24), ""),
    "quicknode-path": lambda m: ("https://rough-wispy-sun.quiknode.pro/", m.hex(40), "/"),
    "ankr-path": lambda m: ("https://rpc.ankr.com/eth/", m.hex(64), ""),
    "azure-client-secret": lambda m: (m.alnum(3), f"8Q~{m.alnum(34)}", ""),
    "azure-storage": lambda m: (
        "DefaultEndpointsProtocol=https;AccountName=ticks;AccountKey=",
        m.base64(64),
        ";EndpointSuffix=core.windows.net",
    ),
    "azure-sas": lambda m: (
        "https://ticks.blob.core.windows.net/bars?sv=2022-11-02&sp=r&sig=",
        m.base64(32).replace("+", "%2B").replace("/", "%2F").replace("=", "%3D"),
        "",
    ),
    "s3-presigned": lambda m: (
        "https://ticks.s3.amazonaws.com/d.csv?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Expires=900&X-Amz-Signature=",
        m.hex(64),
        "",
    ),
    "atlassian": lambda m: ("ATATT3xFfGF0", m.base64url(120), ""),
    "dropbox": lambda m: ("sl.", m.base64url(100), ""),
    "facebook": lambda m: ("EAAC", m.alnum(160), ""),
    "buildkite": lambda m: ("bkua_", m.hex(40), ""),
    "pulumi": lambda m: ("pul-", m.hex(40), ""),
    "tailscale": lambda m: ("tskey-auth-", f"{m.alnum(12)}-{m.alnum(32)}", ""),
    "cratesio": lambda m: ("cio", m.alnum(32), ""),
    "rubygems": lambda m: ("rubygems_", m.hex(48), ""),
    "langsmith": lambda m: ("lsv2_pt_", f"{m.hex(32)}_{m.hex(10)}", ""),
    "infracost": lambda m: ("ico-", m.alnum(32), ""),
    "coingecko": lambda m: ("CG-", m.alnum(24), ""),
    "blockfrost": lambda m: ("preview", m.alnum(32), ""),
    "aikido": lambda m: ("AIK_SECRET_", m.alnum(64), ""),
    "mailersend": lambda m: ("mlsn.", m.hex(64), ""),
    "settlemint": lambda m: ("sm_pat_", m.alnum(16), ""),
    "crossmint": lambda m: ("sk_staging_", m.alnum(48), ""),
    "weights-and-biases": lambda m: ("wandb_v1_", f"{m.alnum(27)}_{m.alnum(49)}", ""),
    "apify": lambda m: ("apify_api_", m.alnum(36), ""),
    "browserbase": lambda m: ("bb_live_", f"{m.alnum(9)}-{m.alnum(11)}_{m.alnum(5)}", ""),
    "launchdarkly": lambda m: ("sdk-", m.uuid(), ""),
    "groq": lambda m: ("gsk_", m.alnum(52), ""),
    "replicate": lambda m: ("r8_", m.alnum(37), ""),
    "coinbase-cdp-name": lambda m: ("organizations/", f"{m.uuid()}/apiKeys/{m.uuid()}", ""),
    "jwt": lambda m: (m.jwt()[0] + ".", m.jwt()[1], ""),
    "basic-auth-url": lambda m: ("postgresql://ticks:", m.lower(14), "@db.internal:5432/bars"),
    "redis-url": lambda m: ("redis://:", m.lower(18), "@cache:6379/0"),
    "amqp-url": lambda m: ("amqp://bot:", m.password(), "@mq:5672/%2f"),
    "mongodb-url": lambda m: ("mongodb+srv://bot:", m.alnum(16), "@c0.ab1cd.mongodb.net/ticks?w=majority"),
    "proxy-url": lambda m: ("http://fleet:", m.alnum(12), "@proxy.internal:3128"),
    "git-remote-token": lambda m: ("https://x-access-token:", m.alnum(40), "@github.com/acme/bot.git"),
    "url-token-user": lambda m: ("https://", m.hex(40), "@packages.acme.io/simple"),
}

_PROSE: Final = (
    "2026-03-04 10:11:12,345 ERROR feed: refused {} while polling",
    "upstream answered 401 for {}, giving up after 3 attempts",
    "tried {}",
    'curl: (22) error: 403 "{}" at /usr/lib/bot/feed.py',
    "[warn] <{}> was rejected; see docs",
    "loaded ({}) from file config/prod.yaml",
    "worker-3 | {} | reconnecting in 5s",
    "rotate\t{}\tbefore Friday",
)


def provider_cases() -> Iterator[Case]:
    """Return each provider's format in log lines, in a list, in an exception and under an innocent name."""
    for kind, make in _TOKENS.items():
        material = Material(kind)
        for number, prose in enumerate(_PROSE):
            prefix, secret, suffix = make(material)
            kept = tuple(part.strip('"<>(|[]\t ') for part in prose.split("{}") if part.strip('"<>(|[]\t '))
            kept += (suffix,) if suffix else ()
            yield Case(
                kind=kind, level="LOW", payload=prose.format(prefix + secret + suffix), secrets=secret, context=kept
            )
            if number:
                continue
            prefix, secret, suffix = make(material)
            whole = prefix + secret + suffix
            yield Case(kind=kind, level="LOW", payload={"note": [whole, "second"]}, secrets=secret, context="second")
            yield Case(
                kind=kind,
                level="LOW",
                payload=ConnectionError(f"no route: {whole}"),
                secrets=secret,
                context="no route",
            )
    yield from _blocks()


def _blocks() -> Iterator[Case]:
    material = Material("pem")
    for label in ("RSA PRIVATE KEY", "EC PRIVATE KEY", "PRIVATE KEY", "OPENSSH PRIVATE KEY", "ENCRYPTED PRIVATE KEY"):
        block, body = material.pem(label)
        lines = tuple(block.splitlines()[1:-1])
        yield Case(
            kind="pem", level="LOW", payload=f"loading\n{block}\ndone", secrets=lines, context=("loading", "done")
        )
        yield Case(kind="pem-escaped", level="LOW", payload=repr(f"k={block} end"), secrets=lines, context="end")
        one = f"-----BEGIN {label}-----{body}-----END {label}----- tail"
        yield Case(kind="pem-one-line", level="LOW", payload=one, secrets=body, context="tail")
        spaced = block.replace("\n", " ")
        yield Case(kind="pem-spaces", level="LOW", payload=f"got {spaced} tail", secrets=lines, context=("got", "tail"))
        cut = block[: len(block) - 60]
        yield Case(kind="pem-truncated", level="LOW", payload=f"dump: {cut}", secrets=lines[0], context="dump")
        indented = "\n".join("      " + line for line in block.splitlines())
        yield Case(
            kind="pem-indented",
            level="LOW",
            payload=f"tls:\n  key: |\n{indented}\n  port: 443",
            secrets=lines,
            context=("tls:", "port: 443"),
        )
        quoted = '"' + block.replace("\n", "\\n") + '"'
        yield Case(
            kind="pem-json",
            level="LOW",
            payload=f'{{"type":"service_account","pem":{quoted},"zone":"eu"}}',
            secrets=lines,
            context=("service_account", '"zone":"eu"'),
        )
        prefixed = "\n".join("bot-1  | " + line for line in block.splitlines())
        yield Case(kind="pem-log-prefixed", level="LOW", payload=prefixed, secrets=lines)
        yield Case(kind="pem-lines", level="LOW", payload=block.splitlines(), secrets=lines)
        yield Case(kind="pem-bytes", level="LOW", payload={"raw": block.encode()}, secrets=lines, context="raw")
        twice = block.replace("\n", "\\\\n")
        yield Case(
            kind="pem-escaped-twice", level="LOW", payload=f"env {twice} tail", secrets=lines, context=("env", "tail")
        )
    yield Case(
        kind="pgp",
        level="LOW",
        payload="a\n-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n"
        + (pgp := material.base64(150))
        + "\n-----END PGP PRIVATE KEY BLOCK-----\nz",
        secrets=pgp,
    )
    yield Case(
        kind="putty",
        level="LOW",
        payload="PuTTY-User-Key-File-3: ssh-ed25519\nPrivate-Lines: 1\n"
        + (line := material.base64(36))
        + "\nPrivate-MAC: "
        + (mac := material.hex(64)),
        secrets=(line, mac),
        context="ssh-ed25519",
    )
