import numpy as np
import pytest

from forethought.nano.augment import augment_image, augment_pictures
from forethought.types import Document, Ending, Example, Image, Message, Rationale, Side, Text


def halves(height=24, width=32):
    """Black on the left, a light red on the right."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[:, width // 2 :] = (255, 180, 180)
    return Image(pixels, source="halves")


def augmented(seed, *, may_flip, image=None):
    return augment_image(image or halves(), np.random.default_rng(seed), may_flip=may_flip)


def is_mirrored(image):
    grey = image.pixels[8:-8].mean((0, 2))
    middle = len(grey) // 2
    return grey[middle - 8 : middle - 3].mean() > grey[middle + 3 : middle + 8].mean()


def example(task="keywords"):
    """Pictures on both sides, and a text beside one of them."""
    rationale = Rationale("A square.", "black and red", Ending.EMBED)
    query = Message((halves(), Text("which?")), "Find it.", Side.QUERY)
    document = Document(Message((halves(),), "Picture.", Side.DOCUMENT), "halves", rationale)
    other = Document(Message((halves(),), "Picture.", Side.DOCUMENT), "other")
    return Example(task, query, (document,), (other,), rationale)


def documents(example):
    return (*example.positives, *example.negatives)


def pictures(example):
    messages = (example.query, *(document.message for document in documents(example)))
    return [part for m in messages for part in m.content if isinstance(part, Image)]


def test_size_type_and_source_stay():
    for seed in range(10):
        found = augmented(seed, may_flip=True)
        assert found.pixels.shape == (24, 32, 3)
        assert found.pixels.dtype == np.uint8
        assert found.source == "halves"


def test_it_is_mirrored_about_half_the_time_where_that_is_allowed():
    assert 60 < sum(is_mirrored(augmented(seed, may_flip=True)) for seed in range(200)) < 140


def test_it_is_never_mirrored_where_left_and_right_matter():
    assert not any(is_mirrored(augmented(seed, may_flip=False)) for seed in range(200))


def test_the_same_seed_gives_the_same_picture_and_another_another():
    first, again, other = (augmented(seed, may_flip=True).pixels for seed in (3, 3, 4))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("seed", range(5))
def test_what_comes_in_from_outside_is_white_before_recolouring(seed):
    white = Image(np.full((20, 14, 3), 255, np.uint8))
    pixels = augmented(seed, may_flip=False, image=white).pixels
    assert pixels.min() == pixels.max()  # no edge between the picture and what is around it


def test_every_picture_of_an_example_changes_and_all_else_stays():
    plain, found = example(), augment_pictures(example(), np.random.default_rng(1))
    assert (found.task, found.rationale) == (plain.task, plain.rationale)
    assert found.query.content[1] == Text("which?")
    assert (found.query.instruction, found.query.side) == ("Find it.", Side.QUERY)
    for new, old in zip(documents(found), documents(plain), strict=True):
        assert (new.label, new.rationale) == (old.label, old.rationale)
        assert new.message.instruction == old.message.instruction
    for new, old in zip(pictures(found), pictures(plain), strict=True):
        assert new.source == old.source
        assert not np.array_equal(new.pixels, old.pixels)


@pytest.mark.parametrize(
    ("task", "flips"),
    [
        ("keywords", True),
        ("style", True),
        ("flag", False),
        ("flag_question", False),
        ("country_question", False),
        ("clock", False),
    ],
)
def test_pictures_are_mirrored_only_in_tasks_where_left_and_right_mean_nothing(task, flips):
    drawn = [augment_pictures(example(task), np.random.default_rng(seed)) for seed in range(30)]
    mirrored = [is_mirrored(pictures(found)[0]) for found in drawn]
    assert any(mirrored) is flips
    assert not all(mirrored)
