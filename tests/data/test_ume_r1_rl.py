import json

from forethought.data import UmeR1Rl, check_examples
from forethought.types import Image, Text, Video
from tests.published_data import ume_r1_rl


def test_a_row_is_a_pair_without_rationales(tmp_path):
    source = UmeR1Rl(tmp_path / ume_r1_rl(tmp_path)["path"])
    picture, video = source[4], source[5]
    assert [picture.task, video.task] == ["WebQA", "MSR-VTT"]
    assert picture.query.content == (Text("Find a navy square, number 4."),)
    assert [type(part) for part in picture.positives[0].message.content] == [Image, Text]
    assert [type(part) for part in video.positives[0].message.content] == [Video, Text]
    assert picture.rationale is None
    assert check_examples(source, open_media=True).findings == ()


def test_empty_columns_mean_that_there_is_none(tmp_path):
    path = tmp_path / "rl.jsonl"
    row = {"dataset": "image", "qry_text": "a", "qry_image": "", "pos_text": "b", "pos_video": [""]}
    path.write_text(json.dumps(row))
    example = UmeR1Rl(path)[0]
    assert (example.task, example.query.content) == ("image", (Text("a"),))
    assert example.positives[0].message.content == (Text("b"),)
