import pytest

from forethought.encoders import as_choice, check_arguments
from forethought.errors import ModelError
from forethought.types import Think


@pytest.mark.parametrize("think", Think)
def test_a_string_and_its_member_are_the_same_choice(think):
    assert as_choice(Think, think.value) is as_choice(Think, think) is think


def test_an_unknown_choice_is_refused():
    with pytest.raises(ModelError, match="unknown think 'maybe'; known: never, always, auto"):
        as_choice(Think, "maybe")


GOOD = {"instruction": None, "batch_size": 3, "progress": None, "on_error": "raise"}


@pytest.mark.parametrize(
    "changed",
    [{"instruction": ""}, {"progress": True}, {"progress": print}, {"on_error": "skip"}],
)
def test_arguments_in_their_range_are_taken(changed):
    check_arguments(**GOOD | changed)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"instruction": ["Find it."]}, r"instruction is \['Find it.'\]: give one string"),
        ({"instruction": 3}, "instruction is 3: give one string"),
        ({"batch_size": 0}, "batch_size must be a whole number of at least 1, got 0"),
        ({"batch_size": True}, "batch_size must be a whole number of at least 1, got True"),
        ({"batch_size": "8"}, "batch_size must be a whole number of at least 1, got '8'"),
        ({"progress": "yes"}, "progress is 'yes': give True for a bar"),
        ({"on_error": None}, "unknown on_error None; known: raise, skip"),
    ],
)
def test_arguments_of_another_type_or_range_are_refused(changed, message):
    with pytest.raises(ModelError, match=message):
        check_arguments(**GOOD | changed)
