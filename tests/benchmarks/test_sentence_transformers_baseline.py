import numpy as np
import pytest

from benchmarks import ours
from forethought.errors import ContentError

pytestmark = pytest.mark.slow


@pytest.fixture
def baseline():
    pytest.importorskip("sentence_transformers")
    from benchmarks import sentence_transformers_baseline

    return sentence_transformers_baseline


def test_sentence_transformers_has_our_direct_vectors(baseline, forethought_target, inputs):
    embed = baseline.sentence_transformers_baseline(forethought_target)
    direct = ours.direct(forethought_target, inputs)
    np.testing.assert_allclose(embed(inputs).vectors, direct.vectors, atol=2e-5)


def test_its_prompts_are_ours_token_for_token(baseline, forethought_target, inputs):
    module = baseline.StockModule(forethought_target)
    found = [module.preprocess([baseline.as_dict(one)])["input_ids"][0].tolist() for one in inputs]
    assert found == [list(prompt.token_ids) for prompt in forethought_target.prompts(inputs)]


def test_a_template_without_the_embed_token_is_refused(baseline, ume_target, inputs):
    with pytest.raises(ContentError, match="template contains no direct embed token"):
        baseline.sentence_transformers_baseline(ume_target)(inputs)
