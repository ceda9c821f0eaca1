import numpy as np
import pytest

from benchmarks import own

pytestmark = pytest.mark.slow


@pytest.fixture
def peer(own_format):
    pytest.importorskip("sentence_transformers")
    from benchmarks.sentences import sentences

    return sentences(own_format)


def test_sentence_transformers_has_our_direct_vectors(peer, own_format, inputs):
    ours, theirs = own.direct(own_format, inputs), peer(inputs)
    np.testing.assert_allclose(theirs.vectors, ours.vectors, atol=2e-5)


def test_it_reads_the_prompts_that_we_read(own_format, inputs):
    pytest.importorskip("sentence_transformers")
    from benchmarks.sentences import StockModule, shown

    module = StockModule(own_format)
    told = [module.preprocess([shown(one)])["input_ids"][0].tolist() for one in inputs]
    assert told == [list(prompt.token_ids) for prompt in own_format.prompts(inputs)]


def test_a_template_without_the_embed_token_is_no_peer(ume, inputs):
    pytest.importorskip("sentence_transformers")
    from benchmarks.sentences import sentences
    from forethought.errors import ContentError

    with pytest.raises(ContentError, match="template spells no direct embed token"):
        sentences(ume)(inputs)
