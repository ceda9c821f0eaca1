from functools import partial
from pathlib import Path

import numpy as np
import pytest

from forethought.errors import ConfigError, ContentError, ContractError, DataError, ModelError
from forethought.selection import (
    EmbeddingEvaluator,
    PairGroup,
    RationaleLikelihood,
    Target,
    effects_of,
)
from forethought.types import Ending, Message, Rationale, Side, Text
from tests import published

LAB = Path(__file__).parents[2] / "models" / "lab"
TARGETS = ("red", "green, square", "blue", "black, square")
RATIONALES = (
    Rationale("A square: red.", "red", Ending.EMBED),
    Rationale("Blue, I think, or some other colour.", "blue", Ending.EMBED),
)


def message(text, side):
    return Message((Text(text),), "Find it.", side)


def group(query="a red thing", targets=TARGETS, rationales=RATIONALES, side=Side.QUERY):
    other = Side.DOCUMENT if side is Side.QUERY else Side.QUERY
    return PairGroup(
        message(query, side),
        tuple(Target(text, partial(message, text, other)) for text in targets),
        rationales,
    )


class Stored:
    """A rationale cache with one text for every input."""

    def __init__(self, rationale):
        self.rationale = rationale

    def lookup(self, keys):
        from forethought.types import CachedRationale

        return {key: CachedRationale(key, self.rationale, (), edited="now") for key in keys}

    def add(self, entries):
        raise AssertionError(entries)

    def record(self, *, hits=0, unreadable=0):
        assert (hits > 0, unreadable) == (True, 0)


@pytest.mark.parametrize("side", list(Side))
def test_scores_are_log_odds_of_the_vectors_that_encode_gives(tiny_encoder, side):
    evaluator = EmbeddingEvaluator(tiny_encoder, side, temperature=0.3, num_hard=3)
    given = group(side=side)
    (scores,) = evaluator.score([given])
    other = Side.DOCUMENT if side is Side.QUERY else Side.QUERY
    z = tiny_encoder.encode([t.open() for t in given.targets], side=other, think="never").vectors
    direct = tiny_encoder.encode([given.source], side=side, think="never").vectors
    order = [0, *(1 + np.argsort(-(direct @ z.T)[0, 1:], kind="stable"))]
    for row, rationale in enumerate(RATIONALES):
        e = tiny_encoder.encode(
            [given.source], side=side, think="always", rationales=Stored(rationale)
        ).vectors
        for found, vector in ((scores.after, e), (scores.without, direct)):
            cosines = (vector @ z.T)[0].astype(np.float64) / 0.3
            expected = (cosines - np.log(np.exp(cosines[1:]).sum()))[order]
            np.testing.assert_allclose(found[row], expected, atol=1e-4)


def test_groups_do_not_depend_on_each_other_or_on_their_order(tiny_encoder):
    evaluator = EmbeddingEvaluator(tiny_encoder)
    groups = [group(), group("blue, long and longer", rationales=RATIONALES[:1]), group("x")]
    together = evaluator.score(groups)
    alone = [EmbeddingEvaluator(tiny_encoder).score([one])[0] for one in groups]
    for one, other in zip(together, alone, strict=True):
        np.testing.assert_allclose(one.after, other.after, atol=2e-4)
        np.testing.assert_allclose(one.without, other.without, atol=2e-4)


def test_an_offset_between_direct_and_thought_cosines_has_no_effect(tiny_encoder):
    # Of two targets with one vector, neither gains on the other, whatever is thought.
    evaluator = EmbeddingEvaluator(tiny_encoder)
    same = PairGroup(
        message("red", Side.QUERY),
        tuple(Target(name, lambda: message("red", Side.DOCUMENT)) for name in "ab"),
        RATIONALES,
    )
    for effect in effects_of(evaluator.score([same])[0]):
        assert effect.gain == pytest.approx(0, abs=1e-5)
        assert effect.without == pytest.approx(0, abs=1e-5)


def test_only_the_hardest_negatives_are_returned(tiny_encoder):
    evaluator = EmbeddingEvaluator(tiny_encoder, num_hard=2)
    (scores,) = evaluator.score([group()])
    (every,) = EmbeddingEvaluator(tiny_encoder, num_hard=9).score([group()])
    assert scores.after.shape == (2, 3)
    np.testing.assert_allclose(scores.without, every.without[:, :3])
    assert (np.diff(every.without[0, 1:]) <= 0).all()


def test_a_task_without_negatives_is_refused(tiny_encoder):
    with pytest.raises(DataError, match="this task has none: all its documents have one label"):
        EmbeddingEvaluator(tiny_encoder).score([group(targets=TARGETS[:1])])


def test_a_rationale_beyond_the_context_is_refused(tiny_encoder):
    long = (Rationale("so " * 200, "x", Ending.EMBED),)
    with pytest.raises(ContentError, match=r"exceed the 160 of tiny: leave this candidate out"):
        EmbeddingEvaluator(tiny_encoder).score([group(rationales=long)])


def test_a_temperature_below_zero_is_refused(tiny_encoder):
    with pytest.raises(ConfigError, match=r"temperature must be positive, got -0\.1"):
        EmbeddingEvaluator(tiny_encoder, temperature=-0.1)


def test_a_family_that_aligns_no_thought_query_with_a_direct_document_is_refused(tmp_path):
    encoder = published.loaded(published.make("ume_r1", tmp_path / "model"))
    with pytest.raises(ContractError, match="aligns, as query and document, only"):
        EmbeddingEvaluator(encoder)
    direct = published.loaded(
        published.make("qwen3_vl_embedding", tmp_path / "direct"), family="qwen3_vl_embedding"
    )
    with pytest.raises(ModelError, match="cannot think on the query side"):
        EmbeddingEvaluator(direct)


def test_the_likelihood_is_the_mean_over_the_tokens_of_a_rationale(tiny_encoder):
    import torch

    groups = [group(), group("blue, long and longer", rationales=RATIONALES[:1])]
    found = RationaleLikelihood(tiny_encoder).score(groups)
    assert [len(one) for one in found] == [2, 1]
    renderer, backbone = tiny_encoder.renderer, tiny_encoder.engine.backbone
    for one, scores in zip(groups, found, strict=True):
        for rationale, score in zip(one.rationales, scores, strict=True):
            prompt = renderer.render(one.source).prefix_ids
            ids = renderer.write(rationale)
            ids = ids[: ids.index(renderer.completion_format.embed_id) + 1]
            whole = torch.tensor([[*prompt, *ids]])
            with torch.inference_mode():
                logits = backbone.network(input_ids=whole).logits[0].log_softmax(-1)
            places = range(len(prompt) - 1, len(prompt) + len(ids) - 1)
            expected = np.mean([float(logits[at, t]) for at, t in zip(places, ids, strict=True)])
            assert score == pytest.approx(expected, abs=1e-3)


CAPITALS = {
    "Bangkok": "Thailand",
    "Nairobi": "Kenya",
    "Lima": "Peru",
    "Oslo": "Norway",
    "Cairo": "Egypt",
    "Havana": "Cuba",
}


def test_rationales_of_other_queries_lower_the_score_of_a_model_that_knows_its_facts():
    from forethought.encoders import load

    evaluator = EmbeddingEvaluator(load(LAB, device="cpu"))
    thoughts = {
        city: Rationale(f"{city} is the capital of {country}.", country, Ending.EMBED)
        for city, country in CAPITALS.items()
    }
    gains = []
    for city, country in CAPITALS.items():
        others = [one for one in CAPITALS.values() if one != country]
        given = group(
            f"country whose capital is {city}",
            (country, *others),
            (thoughts[city], *(thoughts[other] for other in CAPITALS if other != city)),
        )
        gains.append([effect.gain for effect in effects_of(evaluator.score([given])[0])])
    gain, *swapped = np.mean(gains, axis=0)
    assert max(swapped) < min(0, gain) - 3
