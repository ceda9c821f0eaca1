import pytest

from forethought.data import MmebTrain, check_examples
from forethought.errors import DataError
from forethought.types import Image, Text
from tests.published_data import mmeb_train, words, write_parquet


@pytest.fixture
def folder(tmp_path):
    mmeb_train(tmp_path)
    return tmp_path


def test_subsets_are_tasks_and_texts_have_no_placeholder(folder):
    source = MmebTrain(folder)
    question, found = source[1], source[11]
    assert (question.task, found.task) == ("A-OKVQA", "MSCOCO_t2i")
    image, text = question.query.content
    assert isinstance(image, Image)
    assert text == Text("Represent the given image with the following question: 2?")
    assert question.positives[0].message.content == (Text("blue square, number 2"),)
    assert [d.message.content for d in question.negatives] == [(Text("no 2"),)]
    assert [type(part) for part in found.positives[0].message.content] == [Image, Text]
    assert found.negatives == ()
    assert check_examples(source, open_media=True).findings == ()


def test_some_subsets_or_one_file_may_be_named(folder):
    assert {key.task for key in MmebTrain(folder, subsets=("MSCOCO_t2i",)).iter_keys()} == {
        "MSCOCO_t2i"
    }
    one = MmebTrain(folder / "A-OKVQA" / "original-00000-of-00001.parquet", negatives=False)
    assert {key.task for key in one.iter_keys()} == {"A-OKVQA"}
    assert one[0].negatives == ()


@pytest.mark.parametrize(
    ("texts", "images", "expected"),
    [
        ("['x', 'y']", "", ["x", "y"]),
        (["x", "y"], ["", ""], ["x", "y"]),
        ("['x', 'x']", "['', '']", ["x"]),
        ("[x]", "", ["[x]"]),
        ("[1, 2]", "", ["[1, 2]"]),
        ("", "", []),
        (None, None, []),
    ],
)
def test_negatives_are_one_a_list_or_a_list_spelled_as_text(tmp_path, texts, images, expected):
    row = {"qry": "q", "qry_image_path": "", "pos_text": "p", "pos_image_path": ""}
    rows = [{**row, "neg_text": texts, "neg_image_path": images}]
    write_parquet(tmp_path / "S" / "train-0.parquet", rows)
    example = MmebTrain(tmp_path, split="train")[0]
    assert [words(d.message) for d in example.negatives] == [[each] for each in expected]


def test_a_negative_that_is_the_positive_is_named(tmp_path):
    row = {
        "qry": "q",
        "qry_image_path": "",
        "pos_text": "p",
        "pos_image_path": "",
        "neg_text": "p\n",
    }
    write_parquet(tmp_path / "S" / "original-0.parquet", [row])
    with pytest.raises(DataError, match=r"original-0\.parquet, row 1: .*positive and a negative"):
        len(MmebTrain(tmp_path))


def test_an_unknown_subset_or_split_is_refused(folder):
    with pytest.raises(DataError, match=r"no GQA/original.*there are A-OKVQA, MSCOCO_t2i"):
        len(MmebTrain(folder, subsets=("GQA",)))
    with pytest.raises(DataError, match=r"no SUBSET/test.*there are no subsets"):
        len(MmebTrain(folder, split="test"))
