"""A clock that is set has nothing removed: ages are told by the time that is known to have passed."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from trails import KEY, KEYRING, Host, records, write

from recoup import StateEvent
from recoup.testing import FakeClock
from recoup_plugins.audit_trail import AuditTrail, AuditTrailConfig, FsyncPolicy
from recoup_plugins.audit_trail.statements import Head, read_statement, write_statement
from recoup_plugins.audit_trail.verify import verify_trail

DAY = 86_400.0
KEPT = 30 * DAY


def set_ahead(clock: FakeClock, seconds: float) -> None:
    clock._start += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def run(make_plugin, event, tmp_path):
    """Run the plugin on a clock, have a segment or two written, and end the run."""

    def run(clock: FakeClock, **settings) -> None:
        plugin = make_plugin(clock=clock, rotate_bytes=4096, retain_seconds=KEPT, **settings)
        plugin.start()
        for number in range(30):
            plugin.monitor(event(number))
        plugin.stop()

    return run


def first(tmp_path):
    return tmp_path / "trail" / "audit-00000001.jsonl"


def later(clock: FakeClock, pause: float = 0.0) -> FakeClock:
    """The clock of the next run, whose monotonic time begins anew."""
    return FakeClock(clock.now() + timedelta(seconds=pause))


def test_a_segment_is_removed_when_its_time_has_passed(make_plugin, event, tmp_path, keyring, clock):
    plugin = make_plugin(clock=clock, rotate_bytes=4096, retain_seconds=KEPT)
    plugin.start()
    for number in range(60):
        plugin.monitor(event(number))
        clock.advance(DAY)
    plugin.stop()
    assert not first(tmp_path).exists()
    report = verify_trail(tmp_path / "trail", keyring)
    assert (report.is_ok, report.clock_steps) == (True, 0)


@pytest.mark.parametrize("jump", [10 * 365 * DAY, -10 * 365 * DAY])
def test_a_clock_that_is_set_removes_nothing_and_is_told(make_plugin, event, tmp_path, keyring, clock, jump):
    plugin = make_plugin(clock=clock, rotate_bytes=4096, retain_seconds=KEPT)
    plugin.start()
    for number in range(30):
        plugin.monitor(event(number))
    set_ahead(clock, jump)
    for number in range(30):
        plugin.monitor(event(number))
    assert first(tmp_path).exists()
    assert len([record for record in records(tmp_path / "trail") if record["type"] == "clock"]) == 1
    clock.advance(KEPT + 1)
    for number in range(30):
        plugin.monitor(event(number))
    plugin.stop()
    assert not first(tmp_path).exists()
    assert verify_trail(tmp_path / "trail", keyring).is_ok


def test_each_step_says_how_far_the_clock_is_ahead(make_plugin, event, tmp_path, keyring, clock):
    plugin = make_plugin(clock=clock)
    plugin.start()
    for step in (3_600.0, 4.0, 4.0, -3_608.0):  # four seconds may be a busy machine, eight are not
        set_ahead(clock, step)
        plugin.monitor(event())
    plugin.stop()
    told = [record for record in records(tmp_path / "trail") if record["type"] == "clock"]
    assert [(record["ahead"], record["step"]) for record in told] == [(3600, 3600), (3608, 8), (0, -3608)]
    assert verify_trail(tmp_path / "trail", keyring).clock_steps == 3


def test_what_was_ahead_is_ahead_in_the_next_run(run, tmp_path, keyring, clock):
    run(clock)
    set_ahead(clock, 10 * 365 * DAY)
    run(clock)
    for _ in range(5):
        clock = later(clock)
        run(clock)
    assert first(tmp_path).exists()
    assert verify_trail(tmp_path / "trail", keyring).is_ok


def test_a_clock_that_is_set_between_two_runs_counts_for_half_of_what_is_kept_at_most(run, tmp_path, clock):
    run(clock)
    run(later(clock, 10 * 365 * DAY), retain_segments=None)
    assert first(tmp_path).exists()


@pytest.mark.parametrize("kept", [3_600.0, 7 * DAY])
def test_however_short_the_retention_one_pause_removes_nothing(make_plugin, event, tmp_path, clock, kept):
    for pause in (0.0, 10 * 365 * DAY):
        plugin = make_plugin(clock=later(clock, pause), rotate_bytes=4096, retain_seconds=kept)
        plugin.start()
        for number in range(30):
            plugin.monitor(event(number))
        plugin.stop()
    assert first(tmp_path).exists()


def test_a_job_that_runs_once_a_day_keeps_no_longer_than_it_is_told(run, tmp_path, clock):
    for _ in range(32):
        run(clock)
        clock = later(clock, DAY - 1)
    assert not first(tmp_path).exists()


@pytest.mark.parametrize("what", ["removed", "old one put back"])
def test_without_the_head_nothing_is_older_than_the_seals_say(run, tmp_path, clock, what):
    run(clock)
    head = tmp_path / "trail" / "HEAD"
    old = head.read_bytes()
    set_ahead(clock, 10 * 365 * DAY)
    run(clock)
    if what == "removed":
        head.unlink()
    else:
        head.write_bytes(old)
    run(later(clock))
    assert first(tmp_path).exists()


def test_a_head_of_another_trail_has_no_say(run, tmp_path, clock, keyring):
    run(clock)
    head = read_statement(tmp_path / "trail", Head, keyring)
    foreign = Head(
        trail="another", segment=head.segment, sequence=head.sequence, hash=head.hash, time=head.time, ahead=-(10**9)
    )
    write_statement(tmp_path / "trail", foreign, keyring, durable=False)
    run(later(clock))
    assert first(tmp_path).exists()


@pytest.mark.parametrize("ahead", [10**13, -(10**13), 1.5, "0", None, True])
def test_a_head_with_an_unbelievable_clock_is_refused(trail, keyring, ahead):
    from recoup_plugins.audit_trail.statements import BadStatement, signed

    said = json.loads((trail / "HEAD").read_text())
    del said["mac"]
    line = signed(json.dumps(said | {"ahead": ahead}, separators=(",", ":")), keyring, said["segment"], "head")
    (trail / "HEAD").write_text(line + "\n")
    with pytest.raises(BadStatement, match="unreadable"):
        read_statement(trail, Head, keyring)


def test_a_head_written_before_clocks_were_followed_is_read(trail, keyring):
    from recoup_plugins.audit_trail.statements import signed

    said = json.loads((trail / "HEAD").read_text())
    del said["mac"], said["ahead"]
    (trail / "HEAD").write_text(
        signed(json.dumps(said, separators=(",", ":")), keyring, said["segment"], "head") + "\n"
    )
    assert read_statement(trail, Head, keyring).ahead == 0
    assert verify_trail(trail, keyring).is_ok
    write(trail, range(3))
    assert verify_trail(trail, KEYRING).is_ok


moves = st.tuples(
    st.sampled_from(["pass", "set", "restart"]), st.sampled_from([-400.0, -40.0, 0.5, 1.0, 3.0, 7.0, 11.0, 4_000.0])
)


@settings(max_examples=25)
@given(st.lists(moves, max_size=12))
def test_nothing_is_removed_before_its_time_whatever_the_clock_is_set_to(tmp_path_factory, moved):
    directory, host = tmp_path_factory.mktemp("clock") / "trail", Host()
    key_file = directory.parent / "key"
    key_file.write_bytes(KEY)
    key_file.chmod(0o600)
    passed, begun = 0.0, dict[str, float]()

    def open_trail() -> AuditTrail:
        config = AuditTrailConfig(
            directory=str(directory), key_file=str(key_file), fsync=FsyncPolicy.NEVER, sync_seconds=3600.0,
            rotate_bytes=4096, retain_seconds=10 * DAY,
        )  # fmt: skip
        plugin = AuditTrail(config, host)
        plugin.start()
        return plugin

    plugin = open_trail()
    for move, days in moved:
        if move == "pass":
            host.clock.advance(abs(days) * DAY)
            passed += abs(days) * DAY
        elif move == "set":
            set_ahead(host.clock, days * DAY)
        else:
            plugin.stop()
            host.clock = later(host.clock, days * DAY)
            passed += DAY  # as much may be taken for a pause
            plugin = open_trail()
        for number in range(14):
            plugin.monitor(StateEvent(subject=f"n:{number}", old="a", new="b", detail="x" * 200))
        there = {path.name for path in directory.glob("audit-*")}
        assert all(passed - begun[name] >= 10 * DAY for name in begun.keys() - there)
        begun = {name: begun.get(name, passed) for name in there}
    plugin.stop()
    assert verify_trail(directory, KEYRING).is_ok
