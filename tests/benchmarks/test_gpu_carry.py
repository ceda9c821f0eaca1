import io
import subprocess

import numpy as np
import PIL.Image
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks import gpu_carry
from benchmarks.parts import MIB
from forethought.errors import DataError
from forethought.nano import GlyphExamples
from tests import tiny


@pytest.fixture
def data(tmp_path):
    """The tiny data, with a picture that no table names, and targets that a run computed."""
    data = tiny.build(tmp_path / "glyphs")
    rows = pq.read_table(data / "pictures.parquet").to_pylist()
    rows.append({**rows[0], "picture": "plain/unnamed"})
    pq.write_table(pa.Table.from_pylist(rows), data / "pictures.parquet")
    (data / "teacher.parquet").write_bytes(b"")
    return data


def test_the_copy_has_the_same_examples_and_pixels(data, tmp_path):
    gpu_carry.copy_tables(data, tmp_path / "out")
    here, there = GlyphExamples(data), GlyphExamples(tmp_path / "out")
    assert here.pairs == there.pairs
    assert here.pictures.keys() == there.pictures.keys()
    for name, picture in here.pictures.items():
        np.testing.assert_array_equal(there.pictures[name].pixels, picture.pixels)


def test_what_training_computes_or_never_reads_stays(data, tmp_path):
    gpu_carry.copy_tables(data, tmp_path / "out")
    assert not (tmp_path / "out" / "teacher.parquet").exists()
    table = pq.read_table(tmp_path / "out" / "pictures.parquet")
    assert "plain/unnamed" not in table.column("picture").to_pylist()
    assert table.schema == pq.read_schema(data / "pictures.parquet")


def test_a_transparent_picture_keeps_what_is_under_its_transparent_parts():
    pixels = np.random.default_rng(2).integers(0, 256, (9, 7, 4), dtype=np.uint8)
    pixels[:4, :, 3] = 0
    file = io.BytesIO()
    PIL.Image.fromarray(pixels).save(file, "PNG")
    webp = PIL.Image.open(io.BytesIO(gpu_carry.as_webp(file.getvalue())))
    assert webp.format == "WEBP"
    np.testing.assert_array_equal(np.asarray(webp), pixels)


def test_data_that_are_not_built_are_refused(tmp_path, capsys):
    with pytest.raises(SystemExit) as stopped:
        gpu_carry.main(["--data", str(tmp_path), "--out", str(tmp_path), "--limit-mib", "1"])
    assert stopped.value.code == 2
    assert "build them with `forethought data glyphs`" in capsys.readouterr().err


def test_a_part_fits_beside_the_tracked_files_that_are_there(tmp_path):
    (tmp_path / "large").write_bytes(b"1" * (3 * MIB))
    (tmp_path / "untracked").write_bytes(b"1" * MIB)
    for words in (["init", "-q"], ["add", "large"]):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    before = gpu_carry.room(tmp_path)
    assert before == (gpu_carry.COPY_MIB - 1 - 3) * MIB
    (tmp_path / "large").unlink()
    assert gpu_carry.room(tmp_path) == before + 3 * MIB


def test_a_checkout_that_leaves_no_room_is_refused(tmp_path, monkeypatch):
    (tmp_path / "large").write_bytes(b"1" * (3 * MIB))
    for words in (["init", "-q"], ["add", "large"]):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    monkeypatch.setattr(gpu_carry, "COPY_MIB", 4)
    with pytest.raises(DataError, match="remove models from the working tree"):
        gpu_carry.room(tmp_path)
