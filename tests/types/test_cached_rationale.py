from forethought.types import CachedRationale, Ending, Rationale


def test_tokens_counts_the_decoded_tokens():
    assert CachedRationale("00", Rationale("red", "a cup", Ending.EMBED), (4, 5, 6)).tokens == 3
