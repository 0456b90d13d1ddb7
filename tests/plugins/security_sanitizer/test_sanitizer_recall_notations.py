"""A sensitive name hides its value in every notation, and what stands around it stays readable."""

# ruff: noqa: E501 - one text a line; letters that look alike are the matter of some

import pytest

from recoup_plugins.security_sanitizer import SecurityDataSanitizer

SANITIZER = SecurityDataSanitizer()

NAMES = [
    *("api_key", "apiSecret", "PASSWORD", "X-MBX-APIKEY", "BINANCE_API_SECRET", "accessToken", "KC-API-PASSPHRASE"),
    *("private_key", "signature", "BINANCE_APIKEY_MAIN", "webhook_secret", "refreshToken"),
]
VALUES = [
    "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utI",
    "Tr4ding!Pass#9",
    "4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318",
    "hunter2x",
    "a1B2/c3+D4e5F6g7H8==",
]
CONTEXT = ["BTC", "side", "buy", "api.example.com", "Accept", "error", "live", "run"]

# {k} is the name and {v} the value.
CARRIERS = {
    "env": "SYMBOL=BTCUSDT\n{k}={v}\nMODE=live",
    "export": "export SYMBOL=BTCUSDT; export {k}={v}; run",
    "exportq": 'export {k}="{v}"\nrun bot',
    "set": "set {k}={v}\nrun bot",
    "setx": 'setx {k} "{v}" & run bot',
    "ps": "$env:{k} = '{v}'; .\\bot.ps1",
    "fish": "set -x {k} {v}\nrun bot",
    "docker": "docker run -e {k}={v} -e MODE=live recoup/bot:1.2",
    "dockerfile": "FROM python:3.11\nENV {k} {v}\nRUN pip install ccxt",
    "dockerarg": "docker build --build-arg {k}={v} -t bot .",
    "cli": "bot run --{k} {v} --symbol BTC/USDT",
    "clieq": "bot run --{k}={v} --symbol BTC/USDT",
    "cliq": "bot run --{k} '{v}' --symbol BTC/USDT",
    "json": '{{"symbol": "BTC/USDT", "{k}": "{v}", "side": "buy"}}',
    "jsonc": '{{"symbol":"BTC/USDT","{k}":"{v}","side":"buy"}}',
    "jsonesc": '{{\\"symbol\\":\\"BTC/USDT\\",\\"{k}\\":\\"{v}\\",\\"side\\":\\"buy\\"}}',
    "jsonesc2": '{{\\\\\\"symbol\\\\\\":\\\\\\"BTC/USDT\\\\\\",\\\\\\"{k}\\\\\\":\\\\\\"{v}\\\\\\",\\\\\\"side\\\\\\":\\\\\\"buy\\\\\\"}}',
    "u0022": "{{\\u0022symbol\\u0022:\\u0022BTC\\u0022,\\u0022{k}\\u0022:\\u0022{v}\\u0022,\\u0022side\\u0022:\\u0022buy\\u0022}}",
    "quot": "{{&quot;symbol&quot;:&quot;BTC&quot;,&quot;{k}&quot;:&quot;{v}&quot;,&quot;side&quot;:&quot;buy&quot;}}",
    "num34": "{{&#34;symbol&#34;:&#34;BTC&#34;,&#34;{k}&#34;:&#34;{v}&#34;,&#34;side&#34;:&#34;buy&#34;}}",
    "pydict": "{{'symbol': 'BTC/USDT', '{k}': '{v}', 'side': 'buy'}}",
    "kwargs": "connect(symbol='BTC', {k}='{v}', side='buy')",
    "kwargsd": 'Exchange(symbol="BTC", {k}="{v}", side="buy")',
    "repr": "Credentials(symbol='BTC', {k}='{v}', side='buy')",
    "struct": "{{Symbol:BTC {k}:{v} Side:buy}}",
    "structplus": '&main.Config{{Symbol:"BTC", {k}:"{v}", Side:"buy"}}',
    "java": "Config(symbol=BTC, {k}={v}, side=buy)",
    "javabrace": "Config{{symbol='BTC', {k}='{v}', side='buy'}}",
    "logfmt": "level=error symbol=BTC {k}={v} side=buy",
    "logfmtq": 'level=error symbol=BTC {k}="{v}" side=buy',
    "yaml": "symbol: BTC\n{k}: {v}\nside: buy",
    "yamlq": "symbol: BTC\n{k}: '{v}'\nside: buy",
    "yamlblock": "symbol: BTC\n{k}: |\n  {v}\nside: buy",
    "yamlfold": "symbol: BTC\n{k}: >-\n    {v}\nside: buy",
    "yamllist": "env:\n  - name: {k}\n    value: {v}\n  - name: SIDE\n    value: buy",
    "yamllistq": 'env:\n  - name: "{k}"\n    value: "{v}"\n  - name: SIDE\n    value: buy',
    "toml": 'symbol = "BTC"\n{k} = "{v}"\nside = "buy"',
    "ini": "[binance]\nsymbol = BTC\n{k} = {v}\nside = buy",
    "props": "bot.symbol=BTC\nbot.{k}={v}\nbot.side=buy",
    "xml": "<cfg><symbol>BTC</symbol><{k}>{v}</{k}><side>buy</side></cfg>",
    "xmlattr": '<exchange symbol="BTC" {k}="{v}" side="buy"/>',
    "xmlattr1": "<exchange symbol='BTC' {k}='{v}' side='buy'/>",
    "xmladd": '<add key="{k}" value="{v}"/><add key="side" value="buy"/>',
    "xmlname": '<property name="{k}" value="{v}"/><property name="side" value="buy"/>',
    "xmlnametext": '<property name="{k}">{v}</property><property name="side">buy</property>',
    "cdata": "<cfg><symbol>BTC</symbol><{k}><![CDATA[{v}]]></{k}><side>buy</side></cfg>",
    "query": "GET https://api.example.com/v1/order?symbol=BTC&{k}={v}&side=buy failed",
    "form": "symbol=BTC&{k}={v}&side=buy",
    "multipart": '--b1\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n--b1\r\nContent-Disposition: form-data; name="side"\r\n\r\nbuy\r\n--b1--',
    "header": "POST /order HTTP/1.1\r\nHost: api.example.com\r\n{k}: {v}\r\nAccept: */*\r\n",
    "headeresc": "send: b'POST /order HTTP/1.1\\r\\nHost: api.example.com\\r\\n{k}: {v}\\r\\nAccept: */*\\r\\n\\r\\n'",
    "tuple": "[('Host', 'api.example.com'), ('{k}', '{v}'), ('Accept', '*/*')]",
    "btuple": "[(b'Host', b'api.example.com'), (b'{k}', b'{v}'), (b'Accept', b'*/*')]",
    "list2": '[["symbol","BTC"],["{k}","{v}"],["side","buy"]]',
    "namevalue": '[{{"name":"symbol","value":"BTC"}},{{"name":"{k}","value":"{v}"}},{{"name":"side","value":"buy"}}]',
    "keyvalue": "{{'Key': '{k}', 'Value': '{v}'}} side buy",
    "valuename": '{{"value":"{v}","name":"{k}"}} side buy',
    "curlH": "curl -X POST -H '{k}: {v}' https://api.example.com/order?symbol=BTC",
    "curlHd": 'curl -X POST -H "{k}: {v}" -H "Accept: */*" https://api.example.com',
    "curlheader": 'curl --header "{k}:{v}" https://api.example.com',
    "curld": "curl -d '{k}={v}' https://api.example.com",
    "gt": "> GET /order HTTP/1.1\n> Host: api.example.com\n> {k}: {v}\n> Accept: */*",
    "arrow": "symbol => BTC, {k} => {v}, side => buy",
    "phparrow": "'symbol' => 'BTC', '{k}' => '{v}', 'side' => 'buy'",
    "coloneq": '{k} := "{v}"\nside := "buy"',
    "rubyhash": ':symbol=>"BTC", :{k}=>"{v}", :side=>"buy"',
    "is": "the {k} is {v} for BTC/USDT",
    "isq": "the {k} is '{v}' for BTC/USDT",
    "eqspace": "the {k} = {v} for BTC/USDT",
    "setto": "the {k} was set to {v} for BTC/USDT",
    "colonend": "rejected, {k}: {v}",
    "paren": "auth failed ({k}={v}) for BTC/USDT",
    "bracket": "auth failed [{k}: {v}] for BTC/USDT",
    "tab": "symbol\tBTC\n{k}\t{v}\nside\tbuy",
    "columns": "symbol            BTC\n{k}           {v}\nside              buy",
    "pipe": "| symbol | BTC |\n| {k} | {v} |\n| side | buy |",
    "box": "│ symbol │ BTC │\n│ {k} │ {v} │\n│ side │ buy │",
    "csv": "symbol,{k},side\nBTC/USDT,{v},buy",
    "csv2": "id,{k},side\n1,{v},buy\n2,{v},sell",
    "tsv": "symbol\t{k}\tside\nBTC/USDT\t{v}\tbuy",
    "scsv": "symbol;{k};side\nBTC/USDT;{v};buy",
    "table": "| symbol | {k} | side |\n|---|---|---|\n| BTC | {v} | buy |",
    "sqlinsert": "INSERT INTO users (symbol, {k}, side) VALUES ('BTC', '{v}', 'buy')",
    "sqlinsert2": "INSERT INTO creds(id, `{k}`) VALUES (7, '{v}'), (8, '{v}');",
    "sqlset": "UPDATE users SET {k} = '{v}', side = 'buy' WHERE id = 5",
    "sqlwhere": "SELECT * FROM users WHERE {k} = '{v}' AND side = 'buy'",
    "sqlparams": "[SQL: INSERT INTO users (symbol, {k}) VALUES (%(symbol)s, %({k})s)] [parameters: {{'symbol': 'BTC', '{k}': '{v}'}}]",
    "ansi": "\x1b[32msymbol\x1b[0m=BTC \x1b[32m{k}\x1b[0m=\x1b[1m{v}\x1b[0m side=buy",
    "loguru": "2024-05-01 12:03:44.123 | ERROR    | bot:connect:12 - symbol=BTC {k}={v} side=buy",
    "assign": "Traceback: File \"/srv/bot.py\", line 3\n    {k} = '{v}'\nside",
    "jsassign": "const {k} = '{v}'; const side = 'buy';",
    "objjs": "{{ symbol: 'BTC', {k}: '{v}', side: 'buy' }}",
    "newlines": '{{\n  "symbol": "BTC",\n  "{k}": "{v}",\n  "side": "buy"\n}}',
    "colon_nl": '"{k}":\n    "{v}",\n"side": "buy"',
    "validation": "1 validation error for Config\n{k}\n  Input should be valid [type=x, input_value='{v}', input_type=str]\nside",
    "configkey": "config['{k}'] = '{v}'  # side",
    "getattr": 'settings["exchange"]["{k}"] = "{v}"; side = 1',
    "doublecolon": "{k}::{v} side",
    "k8ssecret": "kind: Secret\ndata:\n  {k}: {v}\n  side: buy",
    "helm": "helm upgrade bot ./chart --set {k}={v} --set side=buy",
    "terraform": '{k}    = "{v}"\nside = "buy"',
    "quotedspace": "{k} '{v}' rejected for BTC/USDT",
    "cookie": "Cookie: lang=en; {k}={v}; side=buy",
}


@pytest.mark.parametrize("notation", CARRIERS)
def test_the_value_vanishes_and_its_surroundings_stay(notation):
    carrier = CARRIERS[notation]
    for name in NAMES:
        for value in VALUES:
            found = SANITIZER.sanitize_text(carrier.format(k=name, v=value), "LOW")
            assert value not in found
            assert value[-7:] not in found
            if notation != "cookie":  # the header is hidden as a whole
                kept = carrier.replace("{k}", "")
                assert all(found.count(word) >= kept.count(word) for word in CONTEXT)
                assert name in found


@pytest.mark.parametrize("notation", CARRIERS)
def test_what_is_hidden_stays_as_it_is(notation):
    once = SANITIZER.sanitize_stack_trace(CARRIERS[notation].format(k="api_key", v=VALUES[0]), "HIGH")
    assert SANITIZER.sanitize_stack_trace(once, "HIGH") == once


@pytest.mark.parametrize(
    "value", ["None", "null", "***", "<hidden>", "[API_KEY]", "${API_KEY}", "{{ api_key }}", "YOUR_API_KEY", ""]
)
@pytest.mark.parametrize(
    "notation", ["env", "json", "pydict", "yaml", "header", "xml", "csv", "namevalue", "sqlinsert"]
)
def test_nothing_and_masks_stay(notation, value):
    text = CARRIERS[notation].format(k="api_key", v=value)
    assert SANITIZER.sanitize_stack_trace(text, "HIGH") == text.replace("\r\n", "\n")
