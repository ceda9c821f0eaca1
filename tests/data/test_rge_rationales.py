import json

import pytest

from forethought.data import RgeRationales, check_examples
from forethought.types import Ending, Image, Rationale, Text
from tests.published_data import rge


@pytest.fixture
def source(tmp_path):
    table = rge(tmp_path)
    return RgeRationales(tmp_path / table["path"], media=tmp_path)


def test_files_are_tasks_and_prompts_are_reworded_once(source):
    question, found = source[1], source[11]
    assert (question.task, found.task) == ("A-OKVQA", "MSCOCO_t2i")
    image, text = question.query.content
    assert isinstance(image, Image)
    # The newline at the end of every text is the renderer's to add.
    assert text == Text("Answer the question based on the given image: 2?")
    answer = "Summarize the following answer in one word: blue square, number 2"
    assert question.positives[0].message.content == (Text(answer),)
    expected = Rationale("It shows one colour, and is number 1 of them.", "", Ending.EMBED)
    assert question.rationale == expected
    assert question.positives[0].rationale is None
    caption = "Describe and represent the following image caption for everyday image retrieval: "
    assert found.query.content == (Text(f"{caption}gold square, number 3."),)
    assert found.positives[0].message.content[1] == Text("Summarize the given image in one word.")
    assert check_examples(source, open_media=True).findings == ()


def test_rewritten_texts_stay_as_they_are(source):
    plain = RgeRationales(source.path, media=source.media, rewrite=False)[1]
    assert plain.query.content[1] == Text(
        "Represent the given image with the following question: 2?"
    )


def test_a_row_may_lack_a_rationale_and_a_stray_placeholder_is_deleted(tmp_path):
    path = tmp_path / "WebQA.json"
    row = {
        "qry": "<|image_1|><|image_pad|>\nFind it",
        "qry_image_path": "",
        "pos_text": "a",
        "pos_image_path": None,
    }
    path.write_text(json.dumps([row]))
    example = RgeRationales(path)[0]
    assert example.query.content == (Text("Find it"),)
    assert (example.rationale, example.task) == (None, "WebQA")
