import json
import logging
import pickle
from pathlib import Path

import PIL.Image
import pytest

from forethought.config import build_named
from forethought.data import (
    SOURCES,
    ExampleKey,
    ExampleSource,
    JsonLines,
    OnError,
    SkippedRowError,
    TaskBatches,
)
from forethought.errors import ConfigError, DataError
from forethought.types import Image
from tests.published_data import NUM_ROWS, WRITERS


def row(index, **content):
    return {
        "query": {"content": [{"text": f"query {index}"}]},
        "positives": [{"content": [content or {"text": f"document {index}"}], "label": str(index)}],
    }


@pytest.fixture
def write(tmp_path):
    """Writes rows; gives the source that skips bad ones."""

    def make(*rows, on_error=OnError.SKIP):
        path = tmp_path / "train.jsonl"
        lines = [each if isinstance(each, str) else json.dumps(each) for each in rows]
        path.write_text("\n".join(lines), encoding="utf-8")
        return JsonLines(path, on_error=on_error)

    return make


def queries(examples):
    return [int(example.query.content[0].words.split()[1]) for example in examples]


@pytest.fixture(params=sorted(WRITERS))
def table(request, tmp_path):
    """The `[data]` table of every source."""
    return WRITERS[request.param](tmp_path)


def built(table, **more):
    settings = {key: value for key, value in table.items() if key != "use"}
    return build_named(table["use"], settings | more, SOURCES, kind="source")


def test_every_source_reads_its_rows_in_order_by_index_and_in_shards(table):
    source = built(table)
    assert isinstance(source, ExampleSource)
    assert len(source) == NUM_ROWS
    examples = list(source)
    keys = [ExampleKey(example.task, example.positives[0].label) for example in examples]
    assert keys == list(source.iter_keys())
    assert len(set(keys)) == NUM_ROWS or table["use"] == "mmeb_train"
    again = source[-2]
    assert (again.task, again.rationale) == (examples[-2].task, examples[-2].rationale)
    assert [part.label for part in source.shard(1, 3)[1].positives] == [keys[4].label]
    with pytest.raises(IndexError):
        source[NUM_ROWS]


def test_every_source_refuses_a_path_that_is_not_there(table, tmp_path):
    suffix = Path(table["path"]).suffix or ".json"
    source = built(table | {"path": str(tmp_path / f"gone{suffix}")})
    with pytest.raises(DataError, match="gone"):
        len(source)


def test_every_source_goes_into_another_process(table):
    source = built(table)
    expected = source[NUM_ROWS - 1]
    found = pickle.loads(pickle.dumps(source))[NUM_ROWS - 1]  # noqa: S301 - it is our source
    assert found.positives[0].label == expected.positives[0].label


def test_a_bad_row_raises_unless_a_recipe_says_otherwise(write):
    with pytest.raises(DataError, match="line 2: not JSON"):
        len(write(row(0), "{", row(2), on_error=OnError.RAISE))


def test_bad_rows_are_left_out_and_counted_and_no_other_takes_their_place(write, caplog):
    with caplog.at_level(logging.WARNING):
        source = write(row(0), "{", row(2), {"quary": 1}, row(4, image="gone.png"), row(5))
        assert queries(source) == [0, 2, 5]
    assert (len(source), source.skipped) == (3, 3)
    assert [key.label for key in source.iter_keys()] == ["0", "2", "5"]
    messages = [record.getMessage() for record in caplog.records]
    assert "line 2: not JSON" in messages[0]
    assert "line 4: unknown key 'quary'" in messages[1]
    assert "line 5: gone.png: no such file" in messages[2]
    assert "3 rows skipped, 3 examples left" in messages[3]
    assert len(messages) == 4


def test_of_many_bad_rows_the_first_are_logged_and_the_others_counted(write, caplog):
    with caplog.at_level(logging.WARNING):
        source = write(row(0), *["{"] * 40)
        assert len(source) == 1
    assert source.skipped == 40
    assert len(caplog.records) == 5 + 1 + 1
    assert "further rows are skipped and only counted" in caplog.records[5].getMessage()


def test_media_that_fail_when_a_row_is_drawn_are_named_and_counted_once(write, tmp_path, caplog):
    for name in ("good.png", "bad.png"):
        PIL.Image.new("RGB", (5, 4), "red").save(tmp_path / name)
    source = write(row(0), row(1, image="bad.png"), row(2, image="good.png"), row(3))
    assert len(source) == 4
    (tmp_path / "bad.png").write_bytes(b"no picture")
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            with pytest.raises(SkippedRowError, match=r"line 2: .*bad.png: not a picture"):
                source[1]
    assert source.skipped == 1  # one row, drawn twice
    assert [record.getMessage()[:7] for record in caplog.records] == ["skipped"]
    assert queries(source) == [0, 2, 3]


def test_a_batch_draws_the_same_whether_or_not_its_media_can_be_opened(write, tmp_path):
    PIL.Image.new("RGB", (5, 4), "red").save(tmp_path / "bad.png")
    source = write(*[row(index, image="bad.png") for index in range(3)], row(3))
    indices = TaskBatches(source, 7).at(2, weights={}, size=3)
    (tmp_path / "bad.png").write_bytes(b"no picture")
    assert TaskBatches(source, 7).at(2, weights={}, size=3) == indices


def test_without_skipping_a_batch_with_a_broken_picture_raises(write, tmp_path):
    (tmp_path / "bad.png").write_bytes(b"no picture")
    source = write(row(0, image="bad.png"), on_error=OnError.RAISE)
    with pytest.raises(DataError, match=r"line 1: .*bad\.png"):
        source[0]


def test_paths_are_relative_to_media(tmp_path):
    (tmp_path / "pictures").mkdir()
    PIL.Image.new("RGB", (5, 4), "red").save(tmp_path / "pictures" / "a.png")
    path = tmp_path / "train.jsonl"
    path.write_text(json.dumps(row(0, image="a.png")))
    with pytest.raises(DataError, match=r"a\.png: no such file; paths are relative to"):
        len(JsonLines(path))
    (image,) = JsonLines(path, media=tmp_path / "pictures")[0].positives[0].message.content
    assert isinstance(image, Image)


def test_files_of_two_folders_need_the_folder_of_their_media(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "part.jsonl").write_text(json.dumps(row(0)))
    source = JsonLines(tmp_path / "{a,b}" / "part.jsonl")
    with pytest.raises(ConfigError, match="files of 2 folders; name the one"):
        len(source)
    assert len(JsonLines(source.path, media=tmp_path)) == 2


def test_a_file_that_changed_since_it_was_opened_is_named(write):
    source = write(row(0), row(1), on_error=OnError.RAISE)
    assert len(source) == 2
    source.path.write_text("\n" * 400)
    with pytest.raises(DataError, match="line 2: not JSON"):
        source[1]
    source.path.unlink()
    with pytest.raises(DataError, match=r"train.jsonl: cannot be read \(No such file"):
        source[1]
