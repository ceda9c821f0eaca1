import pytest
import torch
from torch.nn import functional as F

from forethought.errors import ConfigError
from forethought.nano.vocabulary import learn_tokens
from forethought.nano.word_vectors import SPREAD, initial_embeddings


class Letters:
    """Counts the letters of a text: words of the same letters are alike."""

    width = 26

    def __call__(self, texts):
        rows = [[text.lower().count(chr(97 + at)) for at in range(26)] for text in texts]
        return F.normalize(torch.tensor(rows, dtype=torch.float32) + 1e-3, dim=-1)


@pytest.fixture(scope="module")
def tokenizer():
    return learn_tokens(["listen silent listen silent zebra zebra"] * 9, size=310)


def test_tokens_of_like_strings_start_alike(tokenizer):
    vectors = initial_embeddings(tokenizer, 20, texts=Letters())
    assert vectors.shape == (tokenizer.get_vocab_size(), 20)
    listen, silent, zebra = (
        F.normalize(vectors[tokenizer.encode(word).ids[0]], dim=0)
        for word in ("listen", "silent", "zebra")
    )
    assert float(listen @ silent) > 0.99
    assert float(listen @ zebra) < 0.5


def test_the_spread_is_that_of_trained_embeddings(tokenizer):
    vectors = initial_embeddings(tokenizer, 13, texts=Letters())
    assert float(vectors.std()) == pytest.approx(SPREAD, rel=1e-5)


def test_more_numbers_than_the_sentence_encoder_has_are_refused(tokenizer):
    with pytest.raises(
        ConfigError, match="hidden is 27, and the sentence encoder's vectors have 26"
    ):
        initial_embeddings(tokenizer, 27, texts=Letters())
