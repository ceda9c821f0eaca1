from forethought.types import CachedRationale, Ending, Rationale


def test_its_tokens_are_those_that_were_decoded():
    assert CachedRationale("00", Rationale("red", "a cup", Ending.EMBED), (4, 5, 6)).tokens == 3
