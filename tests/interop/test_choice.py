import pytest

from forethought.errors import ModelError
from forethought.interop.choice import as_think
from forethought.types import Think


@pytest.mark.parametrize("think", Think)
def test_a_word_and_the_choice_it_names_are_the_same(think):
    assert as_think(think.value) is as_think(think) is think


def test_an_unknown_word_is_refused():
    with pytest.raises(ModelError, match="unknown think 'maybe'; known: never, always, auto"):
        as_think("maybe")
