"""Source code and docstrings behind a sensitive name stay; what only resembles them is hidden."""

import re

import pytest

from recoup_plugins.security_sanitizer import SecurityDataSanitizer, identifiers, source_code

SANITIZER = SecurityDataSanitizer()
PATTERNS = {
    name: value
    for module in (identifiers, source_code)
    for name, value in vars(module).items()
    if isinstance(value, re.Pattern)
}


@pytest.mark.parametrize(
    "text",
    [
        "    session_token = await self._renew(session_token)",
        "    levels.sort(key=itemgetter(0, 1))",
        "    for row in sorted(rows, key=by_price)[depth:]:",
        '    return {"Authorization": f"Bearer {self.token}"}',
        "    self._queue_key = CONSTANTS.FUNDING_STREAM_ID",
        "    new_keys = [key for key in keys if key not in known]",
        "    passwords = {'login_pass': login_pass, 'sudo_pass': sudo_pass}",
        '    CONTEXT_KEY = "visitor_state"',
        "    def remember(self, cookie: Cookie, request: Request) -> None:",
        "    key: PKCS12Keys | None,",
        '    names = {"username", "realm", "nonce", "uri"}',
        "secret_key (Optional[str], optional): Key of the venue. Defaults to None.",
        ":param str passphrase: Phrase that protects the words",
        "bot.secrets:fetch:77 - store answered 403",
        '{"order":{"client_id":"grid_fWssPbs98VZ","px":"63191.91"}}',
    ],
)
def test_code_stays(text):
    assert SANITIZER.sanitize_text(text, "HIGH") == text


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("    token = q7Tz9Lw2Vn8Rk4Ys", "q7Tz9Lw2Vn8Rk4Ys"),
        ("api_key = qwhdkejruxnzpalskdmv", "qwhdkejruxnzpalskdmv"),
        ("password = letmein", "letmein"),
        ("password: kitten", "kitten"),
        ('    API_KEY = "q7Tz9Lw2Vn8Rk4Ys1Bm6"', "q7Tz9Lw2Vn8Rk4Ys1Bm6"),
        ('    key = f"q7Tz9Lw2Vn8Rk4Ys{suffix}"', "q7Tz9Lw2Vn8Rk4Ys"),
        ("    api_keys = ['q7Tz9Lw2Vn8Rk4Ys1Bm6', 'Xc3Hd5Jf0PgQw8Er2Ty6']", "q7Tz9Lw2Vn8Rk4Ys1Bm6"),
        ("secret (str): q7Tz9Lw2Vn8Rk4Ys", "q7Tz9Lw2Vn8Rk4Ys"),
        ("bot.password:hunter2:kraken", "hunter2"),
        ('{"client_id":"a81f20c7desk","client_secret":"q7Tz9Lw2Vn8Rk4Ys"}', "q7Tz9Lw2Vn8Rk4Ys"),
        ("account: 4471902 of the desk", "4471902"),
    ],
)
def test_what_only_resembles_code_is_hidden(text, secret):
    assert secret not in SANITIZER.sanitize_text(text, "HIGH")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("next_token", ["next", "token"]),
        ("KrakenInvalidAPIKeyError", ["Kraken", "Invalid", "APIKey", "Error"]),
        ("signal.SIGTERM", ["signal", "SIGTERM"]),
        ("_private", ["private"]),
        ("qWxRtYzPkV", []),
        ("q7Tz9Lw2", []),
        ("", []),
    ],
)
def test_names_have_words_and_random_letters_have_none(name, words):
    assert identifiers.words_in(name) == words


@pytest.mark.parametrize("name", PATTERNS)
def test_no_pattern_repeats_a_repetition(name):
    def repeats(tree, inside=False):
        for op, argument in tree:
            if str(op) in ("MAX_REPEAT", "MIN_REPEAT"):
                _, highest, body = argument
                yield highest == re._parser.MAXREPEAT or (inside and highest > 1)
                yield from repeats(body, inside or highest > 1)
            elif str(op) == "SUBPATTERN":
                yield from repeats(argument[3], inside)
            elif str(op) == "BRANCH":
                for branch in argument[1]:
                    yield from repeats(branch, inside)

    assert not any(repeats(re._parser.parse(PATTERNS[name].pattern, PATTERNS[name].flags & re.ASCII)))
