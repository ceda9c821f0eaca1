import numpy as np
import pytest
import torch

from forethought.backbones import collate
from forethought.errors import ContentError, ModelError
from forethought.selection import PairGroup, Target, load_evaluator
from forethought.types import Ending, Image, Message, Rationale, Side, Text, Video
from tests import published

rng = np.random.default_rng(5)
PICTURE = Image(rng.integers(0, 255, (60, 90, 3), np.uint8))
SMALL = Image(rng.integers(0, 255, (40, 40, 3), np.uint8))
CLIP = Video(rng.integers(0, 255, (24, 40, 48, 3), np.uint8))
THOUGHTS = ("a red square, it seems", "blue", "two words more than the second")


def query(*content):
    return Message(content, "Find it.", Side.QUERY)


def document(*content):
    return Message(content, "", Side.DOCUMENT)


def target(key, message):
    return Target(key, lambda: message)


def group(source, *targets, thoughts=THOUGHTS):
    return PairGroup(
        source,
        tuple(target(str(index), one) for index, one in enumerate(targets)),
        tuple(Rationale(thought, "so", Ending.EMBED) for thought in thoughts),
    )


def unshared(evaluator, source, target, ending):
    """The log-odds by one pass of the stock network over the whole prompt."""
    renderer, backbone = evaluator.renderer, evaluator.engine.backbone
    prompt = renderer.both(source, target)
    batch = collate(
        [(*prompt.token_ids, *ending)],
        [prompt.pictures],
        side="right",
        placeholders=backbone.placeholders,
        pad_id=0,
    )
    with torch.inference_mode():
        logits = backbone.logits(backbone.hidden_states(batch)[:, -1])[0].log_softmax(-1)
    yes, no = renderer.answers()
    return float(logits[list(yes)].logsumexp(0) - logits[list(no)].logsumexp(0))


GROUPS = {
    "texts": (query(Text("a red thing")), document(Text("red")), document(Text("so very blue"))),
    "query with a picture": (
        query(PICTURE, Text("what?")),
        document(Text("red")),
        document(Text("so very blue")),
        document(Text("no")),
    ),
    "targets with pictures": (
        query(SMALL, Text("like this")),
        document(PICTURE),
        document(Text("and a text")),
    ),
    "a video": (query(CLIP, Text("what?")), document(Text("red")), document(Text("blue"))),
    "rationale of the document": (document(PICTURE), query(Text("red")), query(Text("blue one"))),
}


@pytest.mark.parametrize("name", GROUPS)
def test_shared_prefixes_change_no_score(chat_model, name):
    evaluator = load_evaluator(str(chat_model), device="cpu")
    source, *targets = GROUPS[name]
    (scores,) = evaluator.score([group(source, *targets)])
    assert scores.after.shape == scores.without.shape == (3, len(targets))
    for row, thought in enumerate(THOUGHTS):
        text = f"{thought} so"
        for column, target in enumerate(targets):
            endings = (evaluator.renderer.rationale(text, side=source.side), scores.after)
            fillers = (evaluator.renderer.filler(text, side=source.side), scores.without)
            for ending, found in (endings, fillers):
                expected = unshared(evaluator, source, target, ending)
                assert found[row, column] == pytest.approx(expected, abs=2e-4)
    assert np.ptp(scores.after) > 1e-2


def test_the_filler_is_as_long_as_the_rationale_and_has_no_effect_itself(chat_model):
    evaluator = load_evaluator(str(chat_model), device="cpu")
    renderer = evaluator.renderer
    for thought in THOUGHTS:
        lengths = {len(f(thought, side=Side.QUERY)) for f in (renderer.rationale, renderer.filler)}
        assert len(lengths) == 1
    nothing = "This part is left blank on purpose."
    source, *targets = GROUPS["texts"]
    given = PairGroup(
        source,
        group(source, *targets).targets,
        (Rationale(nothing, "", Ending.EMBED), Rationale("", nothing, Ending.EMBED)),
    )
    (scores,) = evaluator.score([given])
    np.testing.assert_array_equal(scores.after, scores.without)


def test_groups_do_not_depend_on_each_other(chat_model):
    evaluator = load_evaluator(str(chat_model), device="cpu")
    first, second = group(*GROUPS["texts"]), group(*GROUPS["query with a picture"])
    together = evaluator.score([first, second])
    alone = [*evaluator.score([second]), *evaluator.score([first])][::-1]
    for one, other in zip(together, alone, strict=True):
        np.testing.assert_allclose(one.after, other.after, atol=1e-5)


def test_settings_change_with_the_model_and_the_pixels(chat_model):
    settings = {
        load_evaluator(str(chat_model), device="cpu", max_pixels=n).settings for n in (4000, 9000)
    }
    assert len(settings) == 2
    assert all(any("pixels=" in part for part in one) for one in settings)


def test_a_tokenizer_without_single_answers_is_refused(tmp_path):
    folder = published.make("vlm2vec", tmp_path / "model")
    with pytest.raises(ModelError, match="no single token for 'Yes' in any casing"):
        load_evaluator(str(folder), device="cpu")


def test_what_exceeds_the_context_is_refused(chat_model):
    evaluator = load_evaluator(str(chat_model), device="cpu")
    source, *targets = GROUPS["texts"]
    with pytest.raises(ContentError, match=r"the context of .* holds 2048"):
        evaluator.score([group(source, *targets, thoughts=("so " * 1000,))])
