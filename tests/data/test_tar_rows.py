import gzip
import json
import tarfile

import pytest

from forethought.data.tar_rows import TarRows
from forethought.errors import ContentError, DataError
from forethought.types import ignore_progress
from tests.published_data import add_member


@pytest.fixture
def shard(tmp_path):
    """Three examples, one of them broken, with members before and behind them."""
    path = tmp_path / "shard.tar"
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as archive:
        add_member(archive, "first.png", b"f" * 700)
        add_member(archive, "./a.json", json.dumps({"n": 1}).encode())
        add_member(archive, f"{'deep/' * 60}b.json", json.dumps({"n": 2}).encode())
        folder = tarfile.TarInfo("folder")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        add_member(archive, "broken.json", b"{")
        add_member(archive, "empty.png", b"")
        add_member(archive, "list.json", b"[1]")
    return path


def test_json_members_are_rows_in_order_and_at_random(shard):
    rows = TarRows((shard,))
    found = list(rows.scan(ignore_progress))
    assert [row.values for row in found] == [{"n": 1}, {"n": 2}, None, None]
    assert "not JSON" in found[2].fault
    assert "not an object" in found[3].fault
    assert [rows.read(row.where) for row in reversed(found)] == found[::-1]
    assert rows.place(found[0].where) == f"{shard}, a.json"


def test_members_are_read_where_they_lie(shard):
    rows = TarRows((shard,))
    assert rows.member(0, "first.png") == b"f" * 700
    assert rows.member(0, "empty.png") == b""
    assert rows.has(0, "a.json")
    assert not rows.has(0, "folder")
    with pytest.raises(ContentError, match=r"gone\.png: no such member of .*shard\.tar"):
        rows.member(0, "gone.png")


def test_a_compressed_shard_is_refused_with_the_way_out(shard, tmp_path):
    path = tmp_path / "shard.tar.gz"
    path.write_bytes(gzip.compress(shard.read_bytes()))
    with pytest.raises(DataError, match=r"not an uncompressed tar file .*unpack \.gz"):
        list(TarRows((path,)).scan(ignore_progress))


@pytest.mark.parametrize("size", [900, 1600, 4000])
def test_a_shard_that_is_cut_short_is_refused(shard, size):
    shard.write_bytes(shard.read_bytes()[:size])
    with pytest.raises(DataError, match=r"damaged at byte|unexpected end|tar file"):
        list(TarRows((shard,)).scan(ignore_progress))


def test_a_damaged_header_is_not_taken_for_the_end(shard):
    content = bytearray(shard.read_bytes())
    place = content.index(b"broken.json")
    content[place : place + 40] = b"\xff" * 40
    shard.write_bytes(content)
    with pytest.raises(DataError, match=f"damaged at byte {place}"):
        list(TarRows((shard,)).scan(ignore_progress))


def test_an_empty_shard_has_no_rows(tmp_path):
    path = tmp_path / "empty.tar"
    with tarfile.open(path, "w"):
        pass
    assert list(TarRows((path,)).scan(ignore_progress)) == []
