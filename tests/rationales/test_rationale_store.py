import dataclasses
import multiprocessing
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from forethought.encoders import RationaleCache
from forethought.errors import ConfigError, DataError
from forethought.rationales import MergeCounts, RationaleStore, StoreCounts
from forethought.rationales.database import FILE
from forethought.types import Ending, Rationale
from tests.rationales import killed_encoders, rows
from tests.rationales.rows import BATCH, key, row

ROOT = Path(__file__).parents[2]


@pytest.fixture
def store(tmp_path):
    return RationaleStore(tmp_path / "deep" / "store")


def stored(store, number):
    return store.lookup([key(number)])[key(number)]


def test_it_is_a_cache(store):
    assert isinstance(store, RationaleCache)


def test_a_lookup_returns_what_was_added(store):
    before = datetime.now(UTC)
    store.add([row(1), row(2)])
    found = store.lookup([key(2), key(3), key(1)])
    assert set(found) == {key(1), key(2)}
    assert dataclasses.replace(found[key(2)], created="") == row(2)
    assert found[key(2)].tokens == 3
    created = datetime.fromisoformat(found[key(2)].created)
    assert before <= created <= datetime.now(UTC)
    assert created.utcoffset() is not None
    assert store.counts == StoreCounts(added=2)


def test_adding_does_not_replace_a_row(store):
    store.add([row(1)])
    store.add([row(1, rationale=Rationale("other", "words", Ending.EMBED)), row(2), row(2)])
    assert stored(store, 1).rationale == row(1).rationale
    assert store.counts.added == 2
    assert len(store) == 2


def test_no_rows_and_no_keys_are_accepted(store):
    store.add([])
    assert store.lookup([]) == {}
    assert list(store) == []


def test_rows_come_in_the_order_of_keys_page_by_page(store):
    store.add([row(number) for number in range(1203)])
    keys = [found.key for found in store]
    assert len(keys) == 1203
    assert keys == sorted(keys)


def test_a_store_is_opened_again(store):
    store.add([row(1)])
    assert stored(RationaleStore.existing(store.folder), 1).token_ids == (1, 7, 301)


def test_an_edit_is_recorded_as_one(store):
    store.add([row(1), row(2)])
    edited = store.edit(key(1)[:9].upper(), answer="a tiger")
    assert edited == stored(store, 1)
    first = row(1).rationale
    assert edited.rationale == Rationale(first.thinking, "a tiger", Ending.EMBED)
    assert edited.original == first
    assert edited.edited > edited.created
    assert edited.token_ids == row(1).token_ids
    again = store.edit(key(1), thinking="it has stripes")
    assert again.rationale == Rationale("it has stripes", "a tiger", Ending.EMBED)
    assert again.original == first
    assert again.edited > edited.edited
    assert dataclasses.replace(stored(store, 2), created="") == row(2)


def test_an_edit_survives_adding_the_key_again(store):
    store.add([row(1)])
    edited = store.edit(key(1), thinking="no")
    store.add([row(1)])
    assert stored(store, 1) == edited


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((key(1), {}), ConfigError, "nothing to edit: give --thinking, --answer, or both"),
        ((key(1), {"answer": "\udcff"}), ConfigError, r"not Unicode at position 0: write .* UTF-8"),
        ((key(9), {"answer": "x"}), DataError, r"starts with .* `forethought rationales list`"),
        (("", {"answer": "x"}), DataError, "no rationale in .* starts with ''"),
        (("%", {"answer": "x"}), DataError, "starts with '%'"),
    ],
)
def test_an_edit_that_cannot_be_made_is_refused(store, arguments, error, message):
    store.add([row(1)])
    with pytest.raises(error, match=message):
        store.edit(arguments[0], **arguments[1])
    assert dataclasses.replace(stored(store, 1), created="") == row(1)


def test_a_prefix_of_two_keys_is_refused_with_both(store):
    twins = [row(1, key="ab" + "0" * 62), row(2, key="ab" + "1" * 62)]
    store.add(twins)
    with pytest.raises(
        DataError, match=r"'ab' fits more than one .*ab000000, ab111111.* add digits"
    ):
        store.find("ab")
    assert store.find("ab1").token_ids == (2, 7, 302)


def test_a_merge_adds_what_is_new_and_takes_over_later_edits(store, tmp_path):
    store.add([row(1), row(2), row(3), row(4)])
    mine = store.edit(key(2), answer="mine")
    other = RationaleStore(tmp_path / "other")
    other.add([row(1), row(2), row(5)])
    theirs = other.edit(key(2), answer="theirs")
    changed = row(3, rationale=Rationale("changed in the file", "", Ending.LENGTH))
    sampled = row(4, rationale=Rationale("another draw", "", Ending.EMBED), token_ids=(4, 5, 6))
    assert store.merge([*other, changed, sampled]) == MergeCounts(added=1, edited=2, unchanged=2)
    assert stored(store, 2) == theirs
    assert stored(store, 3).rationale == Rationale("changed in the file", "", Ending.EMBED)
    assert stored(store, 3).original == row(3).rationale
    assert stored(store, 4).rationale == row(4).rationale
    assert store.merge([mine, changed, row(3)]) == MergeCounts(added=0, edited=0, unchanged=3)


def test_a_folder_without_a_store_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"no rationales here .* `forethought embed --rationales`"):
        RationaleStore.existing(tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match=r"cannot be used as a folder .*; name another folder"):
        RationaleStore(tmp_path / "file")


def test_a_file_of_something_else_is_refused(tmp_path):
    (tmp_path / FILE).write_bytes(b"no database at all, and long enough to be taken for one" * 40)
    with pytest.raises(DataError, match=r"not a readable store .* name another folder"):
        RationaleStore(tmp_path)


def test_another_version_is_refused(store):
    connection = sqlite3.connect(store.folder / FILE)
    connection.execute("PRAGMA user_version = 1")
    connection.close()
    with pytest.raises(DataError, match=r"version 1, this package reads version 2, .* new folder"):
        RationaleStore(store.folder)


def test_threads_share_a_store(store):
    writers = [threading.Thread(target=store.add, args=([row(n), row(n + 1)],)) for n in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert {found.token_ids[0] for found in store} == set(range(9))


def test_several_processes_write_at_once(tmp_path):
    # Overlapping on purpose: 0-39, 20-59, 40-79; the file itself is made by all three.
    context = multiprocessing.get_context("spawn")
    writers = [
        context.Process(target=rows.write, args=(str(tmp_path), first, 8)) for first in (0, 20, 40)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0, 0, 0]
    found = {one.token_ids[0]: one for one in RationaleStore(tmp_path)}
    assert set(found) == set(range(80))
    assert all(dataclasses.replace(one, created="") == row(n) for n, one in found.items())


@pytest.mark.parametrize("moment", range(8))
def test_a_killed_writer_leaves_whole_batches_and_no_lock(tmp_path, moment):
    # The moment within a batch is random; how many batches are done before it is not.
    writer = subprocess.Popen(
        [sys.executable, "-m", "tests.rationales.rows", str(tmp_path)],
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"},
    )
    assert writer.stdout is not None
    with writer:
        lines = [writer.stdout.readline() for _ in range(1 + 2 * moment)]
        writer.send_signal(signal.SIGKILL)
        lines += writer.stdout.readlines()
    promised = sum(line.endswith(b"\n") for line in lines)
    store = RationaleStore.existing(tmp_path)
    count = len(store)
    assert count % BATCH == 0
    # The last batch may be stored and not yet reported.
    assert promised * BATCH <= count <= (promised + 1) * BATCH
    assert {one.token_ids[0] for one in store} == set(range(count))
    with sqlite3.connect(tmp_path / FILE) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
    rows.write(tmp_path, 0, promised + 2)
    assert len(store) == (promised + 2) * BATCH


@pytest.fixture(scope="module")
def uninterrupted(tiny_encoder, tmp_path_factory):
    """The embeddings and the stored rows of a run that is not killed."""
    store = RationaleStore(tmp_path_factory.mktemp("uninterrupted"))
    found = tiny_encoder.encode(killed_encoders.INPUTS, think="always", rationales=store)
    return found, plain(store)


@pytest.fixture(scope="module")
def kill_them(tiny_model):
    """Lets three processes encode into a folder and kills them; returns the batches reported."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.rationales.killed_encoders", str(tiny_model)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"},
    )
    stdin, stdout = process.stdin, process.stdout
    assert stdin is not None
    assert stdout is not None

    def kill(folder, batches, share):
        stdin.write(f"{folder} {batches} {share}\n")
        return int(stdout.readline())

    with process:
        yield kill


def plain(store):
    return {one.key: dataclasses.replace(one, created="") for one in store}


@pytest.mark.parametrize("seed", range(8))
def test_killed_encoders_leave_whole_batches_and_the_next_run_decodes_the_rest(
    tiny_encoder, uninterrupted, kill_them, tmp_path, seed
):
    rng = np.random.default_rng(seed)
    # The first two are killed about when the file is made, the last when all is nearly done.
    batches = 2 * max(seed - 1, 0)
    promised = kill_them(tmp_path, batches, rng.uniform(0, 1.2 if batches else 0.05))
    store = RationaleStore(tmp_path)
    left = plain(store)
    # At least one writer reported a third of the batches, each of different rows.
    assert len(left) >= killed_encoders.BATCH * promised / killed_encoders.WRITERS - 1
    expected, rationales = uninterrupted
    assert left.items() <= rationales.items()
    with sqlite3.connect(tmp_path / FILE) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
    found = tiny_encoder.encode(killed_encoders.INPUTS, think="always", rationales=store)
    assert store.counts == StoreCounts(hits=len(left), added=len(rationales) - len(left))
    assert (found.tokens == 0).sum() == len(left)
    assert plain(store) == rationales
    assert found.rationales == expected.rationales
    np.testing.assert_allclose(found.vectors, expected.vectors, atol=1e-5)
