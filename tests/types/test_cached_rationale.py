from forethought.types import Ending, Rationale, Remembered


def test_its_tokens_are_those_that_were_decoded():
    assert Remembered("00", Rationale("red", "a cup", Ending.EMBED), (4, 5, 6)).tokens == 3
