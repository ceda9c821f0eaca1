import json
import tarfile

import pytest

from forethought.data import Webdataset, check_examples
from forethought.errors import DataError
from tests.published_data import add_member, example, images, picture, webdataset


def test_equal_names_in_two_shards_are_two_pictures(tmp_path):
    webdataset(tmp_path)
    source = Webdataset(tmp_path)
    (first,), (second,) = (images(source[index].positives[0].message) for index in (0, 10))
    assert [first.source, second.source] == [
        "shard-000.tar/000.image.png",
        "shard-001.tar/000.image.png",
    ]
    assert check_examples(source, open_media=True).findings == ()


def test_unlabelled_pictures_of_one_name_have_labels_that_differ(tmp_path):
    for shard in range(2):
        with tarfile.open(tmp_path / f"{shard}.tar", "w") as archive:
            row = {
                "query": {"content": [{"text": f"square {shard}"}]},
                "positives": [{"content": [{"frames": ["a.png", "a.png"]}]}],
            }
            add_member(archive, "a.json", json.dumps(row).encode())
            add_member(archive, "a.png", picture(shard))
    labels = [key.label for key in Webdataset(tmp_path / "{0..1}.tar").iter_keys()]
    assert labels == [f'[{{"frames": ["{n}.tar/a.png", "{n}.tar/a.png"]}}]' for n in range(2)]


def test_a_missing_member_is_named(tmp_path):
    path = tmp_path / "one.tar"
    with tarfile.open(path, "w") as archive:
        add_member(archive, "a.json", json.dumps(example(0, "gone.png")).encode())
    with pytest.raises(DataError, match=r"one\.tar, a\.json: gone\.png: no such member of .*one"):
        len(Webdataset(path))
    (finding,) = check_examples(Webdataset(path)).findings
    assert (finding.place, finding.line) == ("a.json", 1)
