"""Whatever is done to a trail is found, and named where it was done."""

from __future__ import annotations

import json
import random
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from trails import KEYRING, write

from recoup_plugins.audit_trail.chain import finish, parse
from recoup_plugins.audit_trail.files import segment_name
from recoup_plugins.audit_trail.sealing import Keyring
from recoup_plugins.audit_trail.verify import verify_trail


class Store:
    """A trail as bytes by file name, so that tampering is cheap."""

    def __init__(self, files):
        self.files = dict(files)

    @classmethod
    def read(cls, directory):
        return cls({path.name: path.read_bytes() for path in directory.iterdir() if path.name != "LOCK"})

    def segments(self):
        return sorted(name for name in self.files if name.startswith("audit-"))

    def lines(self, name):
        return self.files[name].splitlines(keepends=True)

    def put(self, name, lines):
        self.files[name] = b"".join(lines)

    def verify(self, keyring=KEYRING, **kwargs):
        directory = Path(tempfile.mkdtemp())
        try:
            for name, content in self.files.items():
                (directory / name).write_bytes(content)
            return verify_trail(directory, keyring, **kwargs)
        finally:
            shutil.rmtree(directory)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    directory = tmp_path_factory.mktemp("audit") / "trail"
    write(directory, range(50))
    store = Store.read(directory)
    assert len(store.segments()) >= 4
    assert store.verify().is_ok
    return store.files


def body_of(line):
    return line[: line.rindex(b',"hash":"')] + b"}"


def edited(line):
    """The same record with another content."""
    for old, new in ((b'"old":"a"', b'"old":"c"'), (b'"time":"2026', b'"time":"2025')):
        if old in line:
            return line.replace(old, new, 1)
    raise AssertionError(line)


def rehashed(line):
    return finish(body_of(line).decode())[0]


def chained(lines, previous):
    """The same records, each chained to the one before it, as anybody can compute it without the key."""
    done = []
    for line in lines:
        text = body_of(line).decode()
        at = text.rindex('"prev":"') + len('"prev":"')
        text = f"{text[:at]}{previous}{text[at + 64 :]}"
        new, previous = finish(text)
        done.append(new)
    return done


def sequence_of(line):
    return parse(line).sequence


# Each takes a store and a source of chance, tampers, and returns the places one of which must be named:
# pairs of a file name and a sequence number, None for any.


def edit(store, chance):
    name, lines, at = some_record(store, chance)
    lines[at] = edited(lines[at])
    store.put(name, lines)
    return {(name, sequence_of(lines[at]))}


def edit_and_rehash(store, chance):
    name, lines, at = some_record(store, chance)
    lines[at] = rehashed(edited(lines[at]))
    store.put(name, lines)
    return {(name, sequence_of(lines[at]))}


def edit_the_hash(store, chance):
    name, lines, at = some_record(store, chance)
    lines[at] = body_of(lines[at])[:-1] + b',"hash":"' + b"ab" * 32 + b'"}\n'
    store.put(name, lines)
    return {(name, sequence_of(lines[at]))}


def flip_a_byte(store, chance):
    name, lines, at = some_record(store, chance)
    line = bytearray(lines[at])
    place = chance.randrange(len(line) - 1)
    line[place] ^= 1 << chance.randrange(7)
    sequence = sequence_of(lines[at])
    lines[at] = bytes(line)
    store.put(name, lines)
    return {(name, sequence), (name, None)}


def edit_and_recompute_the_chain(store, chance):
    name, lines, at = some_record(store, chance)
    before = parse(lines[at - 1]).computed
    lines[at:] = chained([edited(lines[at]), *lines[at + 1 :]], before)
    store.put(name, lines)
    return {(name, None)}


def edit_and_recompute_the_chain_to_the_end(store, chance):
    name, lines, at = some_record(store, chance)
    before = parse(lines[at - 1]).computed
    lines[at:] = chained([edited(lines[at]), *lines[at + 1 :]], before)
    store.put(name, lines)
    previous = parse(lines[-1]).computed
    for later in store.segments():
        if later > name:
            again = chained(store.lines(later), previous)
            store.put(later, again)
            previous = parse(again[-1]).computed
    return {(name, None)}


def remove(store, chance):
    name, lines, at = some_record(store, chance)
    many = min(chance.randint(1, 3), len(lines) - 1 - at)
    first = sequence_of(lines[at])
    del lines[at : at + max(many, 1)]
    store.put(name, lines)
    return {(name, first)}


def insert(store, chance):
    name, lines, at = some_record(store, chance)
    forged = chained([edited(lines[at])], parse(lines[at - 1]).computed)[0]
    lines.insert(at, forged)
    store.put(name, lines)
    return {(name, sequence_of(forged))}


def insert_several(store, chance):
    name, lines, at = some_record(store, chance)
    forged = chained([edited(line) for line in lines[at : at + 2]], parse(lines[at - 1]).computed)
    lines[at:at] = forged
    store.put(name, lines)
    return {(name, sequence_of(line)) for line in forged}


def insert_rubbish(store, chance):
    name, lines, at = some_record(store, chance)
    lines.insert(at, chance.choice([b"\n", b"{}\n", b"\x00\xff\n", b'{"seq":1}\n', b"[" * 5000 + b"\n"]))
    store.put(name, lines)
    return {(name, None)}


def duplicate(store, chance):
    name, lines, at = some_record(store, chance)
    line = lines[at]
    lines.insert(chance.randint(1, len(lines) - 1), line)
    store.put(name, lines)
    return {(name, sequence_of(line))}


def swap(store, chance):
    name, lines, at = some_record(store, chance)
    other = chance.choice([place for place in range(1, len(lines) - 1) if place != at] or [at - 1])
    lines[at], lines[other] = lines[other], lines[at]
    store.put(name, lines)
    return {(name, sequence_of(lines[at])), (name, sequence_of(lines[other]))}


def replace_by_rubbish(store, chance):
    name, lines, at = some_record(store, chance)
    sequence = sequence_of(lines[at])
    lines[at] = b'{"redacted":true}\n'
    store.put(name, lines)
    return {(name, sequence)}


def edit_a_header(store, chance):
    name = chance.choice(store.segments())
    lines = store.lines(name)
    sequence = sequence_of(lines[0])
    lines[0] = edited(lines[0])
    if chance.random() < 0.5:
        lines[0] = rehashed(lines[0])
    store.put(name, lines)
    return {(name, sequence)}


def remove_a_seal(store, chance):
    name = chance.choice(store.segments()[:-1])
    lines = store.lines(name)
    sequence = sequence_of(lines[-1])
    store.put(name, lines[:-1])
    return {(name, sequence), (name, None)}


def forge_a_seal(store, chance):
    name = chance.choice(store.segments()[:-1])
    lines = store.lines(name)
    lines[-1] = rehashed(
        lines[-1].replace(b'"mac":"', b'"mac":"0', 1).replace(lines[-1][-80:-79] + b'","hash', b'","hash')
    )
    store.put(name, lines)
    return {(name, None)}


def remove_a_segment(store, chance):
    name = chance.choice(store.segments())
    del store.files[name]
    return {(name, None)} if store.segments() and name < store.segments()[-1] else {(None, None)}


def swap_segments(store, chance):
    one, other = chance.sample(store.segments(), 2)
    store.files[one], store.files[other] = store.files[other], store.files[one]
    return {(one, None), (other, None)}


def rename_a_segment(store, chance):
    name = chance.choice(store.segments())
    new = segment_name(chance.randint(100, 200))
    store.files[new] = store.files.pop(name)
    return {(new, None), (name, None)}


def copy_a_segment(store, chance):
    new = segment_name(chance.randint(100, 200))
    store.files[new] = store.files[chance.choice(store.segments())]
    return {(new, None)}


def append_bytes(store, chance):
    name = chance.choice(store.segments())
    store.files[name] += chance.choice([b"x", b"{}\n", b"\n", b"\x00" * 100])
    return {(name, None)}


def append_a_record_to_a_sealed_segment(store, chance):
    name = chance.choice(store.segments()[:-1])
    last = parse(store.lines(name)[-1])
    text = f'{{"seq":{last.sequence + 1},"time":"2026-01-01T00:00:00+00:00","type":"event","event":"error","data":{{}},'
    store.files[name] += finish(f'{text}"prev":"{last.computed}"}}')[0]
    return {(name, last.sequence + 1)}


def truncate_the_tail(store, chance):
    name = store.segments()[-1]
    content = store.files[name]
    store.files[name] = content[: -chance.randint(1, len(content))]
    return {(name, None)}


def remove_the_head(store, chance):
    store.files.pop("HEAD")
    return {("HEAD", None)}


def forge_the_head(store, chance):
    head = json.loads(store.files["HEAD"])
    head["sequence"] -= 1
    store.files["HEAD"] = json.dumps(head, separators=(",", ":")).encode() + b"\n"
    return {("HEAD", None)}


def rubbish_for_a_head(store, chance):
    store.files["HEAD"] = chance.choice([b"", b"{}", b"[]\n", b"\xff", b'{"segment":1e400}', b"[" * 4000])
    return {("HEAD", None)}


def forge_a_retirement(store, chance):
    first = store.segments()[0]
    del store.files[first]
    head = json.loads(store.files["HEAD"])
    header = parse(store.lines(store.segments()[0])[0])
    statement = {
        "format": 1, "type": "retired", "trail": head["trail"], "segment": head["segment"], "through": 1,
        "sequence": header.sequence - 1, "hash": header.previous, "time": "t", "mac": head["mac"],
    }  # fmt: skip
    store.files["RETIRED"] = json.dumps(statement, separators=(",", ":")).encode() + b"\n"
    return {("RETIRED", None)}


def some_record(store, chance):
    """A record that is neither the first nor the last of its segment: where in the middle does not matter."""
    name = chance.choice(store.segments())
    lines = store.lines(name)
    return name, lines, chance.randint(1, len(lines) - 2)


OPERATIONS = [
    edit, edit_and_rehash, edit_the_hash, flip_a_byte, edit_and_recompute_the_chain,
    edit_and_recompute_the_chain_to_the_end, remove, insert, insert_several, insert_rubbish, duplicate, swap,
    replace_by_rubbish, edit_a_header, remove_a_seal, forge_a_seal, remove_a_segment, swap_segments, rename_a_segment,
    copy_a_segment, append_bytes, append_a_record_to_a_sealed_segment, truncate_the_tail,
    remove_the_head, forge_the_head, rubbish_for_a_head, forge_a_retirement,
]  # fmt: skip


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.__name__)
def test_it_is_found_and_named_where_it_was_done(whole, operation):
    for seed in range(16):
        store = Store(whole)
        places = operation(store, random.Random(seed))
        assert store.files != whole
        report = store.verify()
        assert not report.is_ok, (operation.__name__, seed)
        named = {(finding.file, finding.sequence) for finding in report.findings}
        named |= {(file, None) for file, _ in named} | {(None, None)}
        assert places & named, (seed, places, report.findings)


@pytest.mark.parametrize(
    "operation", [edit, edit_and_rehash, edit_the_hash, replace_by_rubbish, remove, insert, duplicate, swap]
)
def test_one_change_is_named_and_hardly_anything_else(whole, operation):
    for seed in range(12):
        store = Store(whole)
        operation(store, random.Random(seed))
        assert len(store.verify().findings) <= 3


@pytest.mark.parametrize(
    ("operation", "problem"),
    [
        (edit, "changed"), (edit_and_rehash, "changed"), (remove, "removed"), (insert, "inserted"),
        (duplicate, "duplicated"), (swap, "reordered"), (replace_by_rubbish, "changed"),
        (remove_a_seal, "seal_missing"),
        (edit_and_recompute_the_chain, None), (rename_a_segment, "segment_renamed"), (truncate_the_tail, "truncated"),
        (copy_a_segment, "segment_inserted"), (remove_the_head, "head_missing"), (forge_the_head, "head_forged"),
        (swap_segments, "segment_renamed"), (forge_a_retirement, "retired_forged"),
    ],
)  # fmt: skip
def test_it_is_called_what_it_is(whole, operation, problem):
    for seed in range(10):
        store = Store(whole)
        operation(store, random.Random(seed))
        problems = {finding.problem for finding in store.verify().findings}
        assert problem in problems or (problem is None and problems & {"seal_forged", "changed"}), (seed, problems)


@settings(max_examples=100, deadline=None)
@given(
    operations=st.lists(st.sampled_from(OPERATIONS), min_size=1, max_size=5),
    chance=st.randoms(use_true_random=False),
)
def test_any_series_of_changes_is_found(whole, operations, chance):
    store = Store(whole)
    for operation in operations:
        try:
            operation(store, chance)
        except Exception:  # what an earlier change has left can't be changed in this way any more
            continue
    report = store.verify()
    assert report.is_ok == (store.files == whole), report.findings


def test_a_change_before_a_restart_is_not_signed_away(tmp_path, whole):
    for operation in (edit, edit_and_rehash, edit_and_recompute_the_chain_to_the_end, remove, insert, remove_the_head):
        directory = tmp_path / operation.__name__
        directory.mkdir(mode=0o700)
        touched = Store(whole)
        only = touched.segments()[-1:]
        touched.segments = lambda only=only: only
        operation(touched, random.Random(1))
        for name, content in touched.files.items():
            (directory / name).write_bytes(content)
        write(directory, [1])
        assert not verify_trail(directory, KEYRING).is_ok, operation.__name__


def test_another_key_fits_nothing(whole):
    problems = {finding.problem for finding in Store(whole).verify(Keyring(b"z" * 40)).findings}
    assert problems >= {"head_forged", "seal_forged"}


def test_without_a_key_the_chain_alone_is_checked(whole):
    report = Store(whole).verify(None)
    assert (report.is_ok, report.is_key_checked) == (True, False)
    for operation in (edit, edit_and_rehash, remove, insert, swap, remove_a_segment, truncate_the_tail):
        store = Store(whole)
        operation(store, random.Random(3))
        assert not store.verify(None).is_ok


@settings(max_examples=60, deadline=None)
@given(junk=st.binary(max_size=300), name=st.sampled_from(["HEAD", "RETIRED", "audit-00000001.jsonl", segment_name(7)]))
def test_no_file_brings_the_verifier_down(whole, junk, name):
    store = Store(whole)
    store.files[name] = junk
    assert not store.verify().is_ok
