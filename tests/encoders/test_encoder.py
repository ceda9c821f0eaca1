import pytest

from forethought.encoders import as_choice
from forethought.errors import ModelError
from forethought.types import Think


@pytest.mark.parametrize("think", Think)
def test_a_string_and_its_member_are_the_same_choice(think):
    assert as_choice(Think, think.value) is as_choice(Think, think) is think


def test_an_unknown_choice_is_refused():
    with pytest.raises(ModelError, match="unknown think 'maybe'; known: never, always, auto"):
        as_choice(Think, "maybe")
