"""What a type checker says of application code: a misspelt hook or argument is an error, not an ``Any``."""

import subprocess
import sys
import textwrap

SOURCE = """
from recoup import Classification, ErrorContext, ErrorHandler, RateLimitDecision, Recovery

handler = ErrorHandler()


async def application(error: Exception, context: ErrorContext) -> None:
    right: Classification = handler.hooks.classify(error, context)
    also_right: Classification = handler.hooks.classify(error=error, context=context)
    limit: RateLimitDecision = await handler.hooks.rate_limit("exchange", "create_order", ip_address=None)
    recovery: Recovery | None = await handler.hooks.recover(error, context)
    handler.hooks.clasify(error, context)
    handler.hooks.classify(error, contxt=context)
    handler.hooks.monitor("no event")
    severity: str = handler.hooks.classify(error, context)
"""


def test_only_what_is_wrong_is_an_error(tmp_path):
    source = tmp_path / "application.py"
    source.write_text(textwrap.dedent(SOURCE))
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), str(source)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)

    lines = sorted({int(line.split(":")[1]) for line in result.stdout.splitlines() if ": error:" in line})
    assert lines == [12, 13, 14, 15], result.stdout
