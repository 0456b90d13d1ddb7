"""What speaks about a secret stays: states, counts, types, scopes, schemas, references, help texts, public ids."""

import pytest

from recoup_plugins.security_sanitizer import SecurityDataSanitizer

SANITIZER = SecurityDataSanitizer()
TRANSACTION = "5VERv8NMvzbJMEkV8xnrLkEaWRtSz9CosKDYjCJjBRnbJLgp8uirBgmQpjKhoR4tjF3ZpRzrFmBV6UjKdiSZkQUW"

TEXTS = {
    "states": [
        "has_password=True api_key_set=yes",
        "api_key=present secret=present password=absent",
        "API key: configured",
        "password: unchanged",
        "has_secret=yes has_passphrase=no",
    ],
    "counts": [
        "Secrets: 3 loaded, 0 missing",
        "credentials: 2 loaded",
        "secrets=4 configs=2",
        "sessions=14 cookies=0",
        "pass=14 fail=0",
        "gh secret list: 4 secrets",
        "docker run -e API_KEY -e API_SECRET bot:2.4.1",
    ],
    "seeds of generators": ["random_seed=1234", "strategy_seed: 99", "seed=0x2a"],
    "algorithms": ["auth=hmac-sha256", "auth: method=hmac algorithm=SHA256", "auth=ed25519 recv_window=5000"],
    "scopes": ['{"permissions":["api_key:read","orders:write"]}', "scope=api_key:read token:write"],
    "schemas": [
        '{"properties":{"password":{"type":"string","minLength":12},"token":{"type":"string"}}}',
        "requiredCredentials: {'apiKey': True, 'secret': True, 'password': False}",
        "mapping(address => uint256) private _balances;",
    ],
    "help": [
        "  --api-secret TEXT  The API secret  [env var: API_SECRET]",
        "error: argument --api-secret: expected one argument",
        "  --password PASSWORD   password of the database user",
    ],
    "references": [
        "password: ${{ secrets.DB_PASSWORD }}",
        "API_SECRET=${API_SECRET:?must be set}",
        'let secret = std::env::var("API_SECRET").expect("API_SECRET must be set");',
        "password: \"{{ lookup('env', 'PGPASSWORD') }}\"",
        "valueFrom: secretKeyRef: {name: bot-creds, key: api_key}",
        "imagePullSecrets: [{name: regcred}]",
        'return {"Authorization": f"Bearer {token}"}',
        'headers: ["X-API-KEY", "X-API-SIGN", "X-API-TIMESTAMP"]',
    ],
    "market symbols": ["base_token=WETH quote_token=USDC", "buyToken=DAI sellToken=WBTC slippageBps=30"],
    "public ids": [
        f"solana signature {TRANSACTION} confirmed",
        f'{{"signature":"{TRANSACTION}","slot":331228821}}',
        "ipfs QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWKPbdG fetched",
        "next_cursor=eyJpZCI6MTIzNDU2fQ==",
        "from 0x0000000000000000000000000000000000000000",
    ],
    "nobody": ["session opened for user root by (uid=0)", "user: system", "::add-mask::", "invalid user input"],
}

OBJECTS = [
    {"requiredCredentials": {"apiKey": True, "secret": True, "password": False}},
    {"has_api_key": True, "api_key_configured": False},
    {"seed": 42, "strategy_seed": 7},
    {"token": "USDC", "quote_token": "WETH"},
    {"password": {"type": "string", "minLength": 12}},
    {"env": [{"secret": {"secretKeyRef": {"name": "bot-creds", "key": "token"}}}]},
    {"signature": TRANSACTION, "slot": 331228821},
    {"secrets": 3, "api_keys": 2},
    {"baseToken": {"symbol": "PEPE"}, "quoteToken": {"symbol": "WETH", "decimals": 18}},
]


@pytest.mark.parametrize("text", [text for texts in TEXTS.values() for text in texts])
def test_a_statement_about_a_secret_stays(text):
    assert SANITIZER.sanitize_text(text, "HIGH") == text


@pytest.mark.parametrize("payload", OBJECTS, ids=str)
def test_an_object_that_describes_a_secret_stays(payload):
    assert SANITIZER.sanitize(payload, "HIGH") == payload


@pytest.mark.parametrize("url", ["postgresql://bot:***@db/trades", "mysql://bot:$DB_PASSWORD@db/trades"])
def test_a_url_whose_password_is_masked_stays(url):
    assert SANITIZER.sanitize_text(url, "MEDIUM") == url


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ('{"password":{"type":"string","value":"hunter2-Kite"}}', "hunter2-Kite"),
        ("{'credentials': {'name': 'okx', 'key': 'a8F3kQ9zL2mX7'}}", "a8F3kQ9zL2mX7"),
        ("secrets: 918273645546", "918273645546"),
        ("token=${TOKEN:-Zk39vLq02MxPw7}", "Zk39vLq02MxPw7"),
        ("api_key: read4kQ9zL2mX7write", "read4kQ9zL2mX7write"),
        ("--api-secret TEXT4kQ9zL2mX7", "TEXT4kQ9zL2mX7"),
        ("pin=4821", "4821"),
        ("postgresql://bot:s3cr3t-kite@db/trades", "s3cr3t-kite"),
    ],
)
def test_what_only_resembles_a_statement_is_hidden(text, secret):
    assert secret not in SANITIZER.sanitize_text(text, "LOW")
