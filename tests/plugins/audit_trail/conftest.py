"""Trails of a few events, written by the plugin itself."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

from recoup import StateEvent
from recoup.testing import FakeClock
from recoup_plugins.audit_trail import AuditTrail, AuditTrailConfig, FsyncPolicy
from recoup_plugins.audit_trail.sealing import Keyring

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

KEY = "0123456789abcdef" * 4


@pytest.fixture
def key_env(monkeypatch) -> str:
    monkeypatch.setenv("RECOUP_AUDIT_TEST_KEY", KEY)
    return "RECOUP_AUDIT_TEST_KEY"


@pytest.fixture
def keyring() -> Keyring:
    return Keyring(KEY.encode())


@pytest.fixture
def make_plugin(make_host, key_env, tmp_path) -> Callable[..., AuditTrail]:
    """Build a plugin; checkpoints are made by hand, since an hour never passes here."""
    made: list[AuditTrail] = []

    def make(directory: Path | None = None, *, clock: Any = None, **settings: Any) -> AuditTrail:
        given = {"key_env": key_env, "fsync": FsyncPolicy.NEVER, "sync_seconds": 3600.0} | settings
        if "key_file" in settings:
            del given["key_env"]
        config = AuditTrailConfig(directory=str(directory or tmp_path / "trail"), **given)
        made.append(AuditTrail(config, make_host(clock=clock or FakeClock())))
        return made[-1]

    yield make
    for plugin in made:
        if plugin.trail.is_open:
            plugin.stop()


@pytest.fixture
def event() -> Callable[..., StateEvent]:
    return lambda number=0, **kw: StateEvent(
        **{"subject": f"venue:{number}", "old": "normal", "new": "maintenance", "detail": f"note {number}"} | kw
    )


@pytest.fixture
def trail(make_plugin, event, tmp_path) -> Path:
    """A closed trail of several sealed segments and an open one."""
    plugin = make_plugin(rotate_bytes=4096)
    plugin.start()
    for number in range(40):
        plugin.monitor(event(number))
    plugin.stop()
    assert len(list((tmp_path / "trail").glob("audit-*.jsonl"))) >= 4
    return tmp_path / "trail"


@pytest.fixture
def copy_of(tmp_path) -> Callable[[Path], Path]:
    counter = iter(range(10**9))

    def copy(directory: Path) -> Path:
        return shutil.copytree(directory, tmp_path / f"copy-{next(counter)}")

    return copy
