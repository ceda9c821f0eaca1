import json

import pytest

from forethought.data import UmeR1Sft, check_examples
from forethought.errors import DataError
from forethought.types import Ending, Image, Rationale, Text, Video
from tests.published_data import conversations, ume_r1_sft


@pytest.fixture
def write(tmp_path):
    """Writes records beside the published fixture's pictures; gives the source."""

    def make(*records):
        ume_r1_sft(tmp_path)
        path = tmp_path / "records.jsonl"
        path.write_text("\n".join(map(json.dumps, records)))
        return UmeR1Sft(path)

    return make


def side(task, **media):
    return {**media, "conversations": conversations(task, "<image>", f"About {task}.", "yes")}


def test_a_record_is_a_pair_with_rationales_on_both_sides(tmp_path):
    table = ume_r1_sft(tmp_path)
    example = UmeR1Sft(tmp_path / table["path"])[2]
    assert (example.task, example.query.instruction) == ("MSCOCO_i2t", "")
    image, task = example.query.content
    assert isinstance(image, Image)
    assert task == Text("What does the image show?")
    assert example.rationale == Rationale("It is all blue.", "blue", Ending.EMBED)
    (document,) = example.positives
    # The blank picture is the renderer's to add.
    assert document.message.content == (Text("A blue square, number 2."),)
    expected = Rationale("The text has a blue square.", "a blue square", Ending.EMBED)
    assert document.rationale == expected


def test_a_list_of_frames_is_a_video_and_of_images_are_pictures(write):
    images = ["images/0.png", "images/2.png"]
    query, document = side("two", image=images), side("one", video=["frames/1/0.png"])
    example = write({"dataset_name": "x", "qry": query, "pos": document})[0]
    assert [type(part) for part in example.query.content] == [Image, Image, Text]
    video, _ = example.positives[0].message.content
    assert isinstance(video, Video)


GOOD = side("a", image="images/0.png")


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"qry": GOOD}, "no pos; a record is"),
        (
            {"qry": GOOD, "pos": {"image": "images/0.png"}},
            "pos.conversations: one turn .* got none",
        ),
        ({"qry": {**GOOD, "conversations": GOOD["conversations"][:1]}, "pos": GOOD}, "got human"),
        ({"qry": {**GOOD, "conversations": ["a"]}, "pos": GOOD}, "qry.conversations: a turn is"),
        ({"qry": {**GOOD, "image": 3}, "pos": GOOD}, "image must be a string or a list of strings"),
        (
            {"qry": {"conversations": conversations(" ", "", "a", "b")}, "pos": GOOD},
            "content is empty",
        ),
        ({"qry": side("a", image="images/gone.png"), "pos": GOOD}, "images/gone.png: no such file"),
    ],
)
def test_a_record_of_another_form_is_named(write, record, message):
    with pytest.raises(DataError, match=rf"records\.jsonl, line 1: .*{message}"):
        len(write(record))


def test_the_fixture_has_no_findings(tmp_path):
    table = ume_r1_sft(tmp_path)
    report = check_examples(UmeR1Sft(tmp_path / table["path"]), open_media=True)
    assert (report.findings, report.examples) == ((), 20)
    assert set(report.lengths) == {"query", "positive", "rationale"}
