"""A stranger's plugin, in a distribution of its own: found, configured, ordered, disabled and checked."""

import json
import os
import subprocess
import sys
import textwrap

import pytest

PLUGIN = """
from attrs import field, frozen
from attrs.validators import ge

from recoup import Classification, ErrorCategory, ErrorSeverity, FailureReason, hookimpl


@frozen(kw_only=True)
class VenueCodesConfig:
    busy_codes: tuple[str, ...] = ("EBUSY",)
    pause: float = field(default=2.5, validator=ge(0))


class VenueCodes:
    Config = VenueCodesConfig

    def __init__(self, config):
        self.config = config

    @hookimpl
    def classify(self, error):
        if str(error) not in self.config.busy_codes:
            return None
        return Classification(
            severity=ErrorSeverity.LOW,
            category=ErrorCategory.EXCHANGE,
            retryable=True,
            retry_after=self.config.pause,
            reason=FailureReason.RATE_LIMITED,
        )


class Broken:
    @hookimpl
    def classify(self, error):
        return "HIGH"
"""
SCRIPT = """
import sys
from recoup import Config, ErrorHandler
handler = ErrorHandler(Config.from_file(sys.argv[1]))
context = handler.create_error_context(TimeoutError("EBUSY"), "exchange", "create_order")
print(context.classification.reason.value, context.classification.retry_after)
"""


@pytest.fixture
def recoup(tmp_path):
    """Run Python with the stranger's distribution installed."""
    site = tmp_path / "site"
    info = site / "venue_codes-2.1.dist-info"
    info.mkdir(parents=True)
    (site / "venue_codes.py").write_text(PLUGIN)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: venue-codes\nVersion: 2.1\n")
    (info / "entry_points.txt").write_text(
        "[recoup.plugins]\n"
        "zz_venue_codes = venue_codes:VenueCodes\n"
        "zz_broken = venue_codes:Broken\n"
        "zz_missing = venue_codes_gone:Plugin\n"
    )

    def run(*arguments, config=""):
        file = tmp_path / "recoup.yaml"
        file.write_text(textwrap.dedent(config))
        words = [str(file) if word == "CONFIG" else word for word in arguments]
        environment = os.environ | {"PYTHONPATH": str(site)}
        return subprocess.run(
            [sys.executable, *words], capture_output=True, text=True, check=False, env=environment, timeout=60
        )

    return run


def listed(result):
    assert result.returncode == 0, result.stderr
    return {plugin["name"]: plugin for plugin in json.loads(result.stdout)}


def test_it_is_found(recoup):
    plugin = listed(recoup("-m", "recoup", "plugins", "list", "--json"))["zz_venue_codes"]

    assert plugin["enabled"]
    assert plugin["hooks"] == ["classify"]
    assert (plugin["distribution"], plugin["version"]) == ("venue-codes", "2.1")


def test_what_it_lacks_is_told_and_keeps_nobody_else_from_work(recoup):
    plugins = listed(recoup("-m", "recoup", "plugins", "list", "--json"))

    assert not plugins["zz_missing"]["enabled"]
    assert "venue_codes_gone" in plugins["zz_missing"]["reason"]
    assert plugins["classifier"]["enabled"]


def test_it_is_configured_and_asked_before_a_built_in(recoup):
    config = """
        error_handling:
          plugin_order: [zz_venue_codes]
          plugins:
            zz_venue_codes: {config: {busy_codes: [EBUSY, EAGAIN], pause: 7}}
            zz_broken: {enabled: false}
    """

    assert recoup("-c", SCRIPT, "CONFIG", config=config).stdout.split() == ["rate_limited", "7.0"]


def test_it_is_disabled_by_the_configuration_without_being_imported(recoup):
    config = """
        error_handling:
          plugins: {zz_venue_codes: {enabled: false}, zz_broken: {enabled: false}, zz_missing: {enabled: false}}
    """
    plugins = listed(recoup("-m", "recoup", "plugins", "list", "--json", "--config", "CONFIG", config=config))
    script = SCRIPT + "print('venue_codes' in sys.modules)\n"

    assert plugins["zz_venue_codes"]["reason"] == "disabled by the configuration"
    assert recoup("-c", script, "CONFIG", config=config).stdout.split() == ["timeout", "None", "False"]


def test_a_wrong_section_is_named_with_its_path_and_the_nearest_name(recoup):
    config = """
        error_handling:
          plugins:
            zz_venue_codes: {config: {pauze: 7, busy_codes: EBUSY}}
            zz_venue_code: {}
    """
    result = recoup("-m", "recoup", "config", "check", "CONFIG", config=config)

    assert result.returncode == 1
    assert "error_handling.plugins.zz_venue_codes.config.pauze: unknown key; did you mean 'pause'?" in result.stdout
    assert "error_handling.plugins.zz_venue_codes.config.busy_codes: expected a list" in result.stdout
    assert "error_handling.plugins.zz_venue_code: no plugin of that name" in result.stdout
    assert "did you mean 'zz_venue_codes'?" in result.stdout


def test_it_is_checked(recoup):
    result = recoup("-m", "recoup", "plugins", "check", "zz_venue_codes")

    assert result.returncode == 0, result.stdout
    assert "0 failed" in result.stdout


@pytest.mark.parametrize(
    ("name", "words"), [("zz_broken", "wrong_type"), ("zz_missing", "venue_codes_gone"), ("zz_venue_code", "installed")]
)
def test_a_broken_one_fails_its_check(recoup, name, words):
    result = recoup("-m", "recoup", "plugins", "check", name)

    assert result.returncode == 1
    assert words in result.stdout + result.stderr


def test_a_broken_one_never_changes_the_answer_of_the_rest(recoup):
    config = """
        error_handling: {plugin_order: [zz_broken]}
    """

    assert recoup("-c", SCRIPT, "CONFIG", config=config).stdout.split() == ["rate_limited", "2.5"]
