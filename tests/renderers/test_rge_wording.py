import pytest

from forethought.errors import ConfigError
from forethought.renderers.rge_wording import TASKS, reword, task_of
from forethought.types import Side

QUERY, DOCUMENT = Side.QUERY, Side.DOCUMENT


def test_the_model_cards_own_example_is_worded_so():
    asked = "Represent the given image with the following question: What is in the image?"
    assert reword(asked, task="question", side=QUERY) == (
        "Answer the question based on the given image: What is in the image?"
    )
    assert reword("A cat and a dog.", task="question", side=DOCUMENT) == (
        "Summarize the following answer in one word: A cat and a dog."
    )


def test_a_document_that_is_a_picture_is_told_to_be_one_word():
    assert reword("Represent the given image.", task="image", side=DOCUMENT) == (
        "Summarize the given image in one word."
    )


def test_a_yes_or_no_becomes_a_sentence_and_nothing_else_does():
    said = reword("Yes", task="hate", side=DOCUMENT)
    assert said == "Summarize the following statement in one word: Yes, it contains hateful speech."
    assert reword("Yes and no", task="hate", side=DOCUMENT) == "Yes and no"


def test_every_image_data_set_of_the_benchmark_has_one_task():
    # MMEB-V1: 10 classification, 10 questions, 12 retrieval, 4 grounding.
    datasets = [dataset for wording in TASKS.values() for dataset in wording.datasets]
    assert len(datasets) == len(set(datasets)) == 36
    assert all(dataset in TASKS[task_of(dataset)].datasets for dataset in datasets)


@pytest.mark.parametrize("task", TASKS)
def test_a_query_keeps_what_it_asks_about(task):
    for asked in TASKS[task].asked:
        said = reword(f'{asked} "a kite"', task=task, side=QUERY)
        assert said == f'{TASKS[task].ask} "a kite"'


def test_what_nobody_knows_is_refused():
    with pytest.raises(ConfigError, match="unknown task 'colour'; known: object, scene"):
        reword("red", task="colour", side=QUERY)
    with pytest.raises(ConfigError, match="unknown data set 'MNIST'; known: ImageNet-1K"):
        task_of("MNIST")
