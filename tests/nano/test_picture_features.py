from dataclasses import replace

import numpy as np
import pytest

from forethought.errors import ConfigError, ContentError
from forethought.nano.picture_features import FeatureProcessor, PictureFeatures, vary_pictures
from forethought.nano.tower_features import TowerFeatures
from forethought.types import Document, Example, Image, Message, Side, Text, no_progress

CLASS_WIDTH, PLACES = 6, 16
NUM_FEATURES = 9
WIDTH = NUM_FEATURES + 2 * CLASS_WIDTH + 1
RNG = np.random.default_rng(8)
DRAWN = TowerFeatures(
    rows={"noto/owl": 0, "noto/key": 1},
    values=RNG.standard_normal((2, 3, PLACES, WIDTH)).astype(np.float16),
    class_width=CLASS_WIDTH,
)
OWL = RNG.standard_normal(CLASS_WIDTH)
NOUNS = {"noun/01": OWL / np.linalg.norm(OWL)}
DOT = np.zeros((1, 1, 3), np.uint8)


def processor(tmp_path, **settings):
    return FeatureProcessor(DRAWN, NOUNS, PictureFeatures(tmp_path, **settings))


def test_a_plain_id_has_the_features_of_the_drawing(tmp_path):
    patches = processor(tmp_path, hidden_share=1.0)(Image(DOT, source="noto/key"))
    assert patches.grid == (1, 4, 4)
    np.testing.assert_array_equal(patches.values, DRAWN.values[1, 0].astype(np.float32))


def test_seeds_choose_every_version_and_the_same_seed_the_same(tmp_path):
    process = processor(tmp_path, hidden_share=0.0)
    found = [process(Image(DOT, source=f"noto/owl@{seed}")).values for seed in range(1, 40)]
    again = process(Image(DOT, source="noto/owl@7")).values
    np.testing.assert_array_equal(found[6], again)
    versions = {values.tobytes() for values in found}
    assert versions == {DRAWN.of("noto/owl", variant).tobytes() for variant in range(3)}


def test_the_features_of_places_are_hidden_in_their_share_and_the_classes_never(tmp_path):
    process = processor(tmp_path, hidden_share=0.3)
    found = [process(Image(DOT, source=f"noto/owl@{seed}")).values for seed in range(1, 400)]
    hidden = [not values[:, :NUM_FEATURES].any() for values in found]
    assert 0.2 < np.mean(hidden) < 0.4
    assert all(values[:, NUM_FEATURES:].all() for values in found)


def test_a_noun_without_noise_is_its_vector_everywhere(tmp_path):
    values = processor(tmp_path, noise=0.0)(Image(DOT, source="noun/01@5")).values
    assert values.shape == (PLACES, WIDTH)
    assert not values[:, :NUM_FEATURES].any()
    for start in (NUM_FEATURES, NUM_FEATURES + CLASS_WIDTH):
        part = values[:, start : start + CLASS_WIDTH]
        np.testing.assert_allclose(part, np.tile(NOUNS["noun/01"], (PLACES, 1)), rtol=1e-5)
    assert np.ptp(values[:, -1]) == 0
    assert 0.2 <= values[0, -1] <= 1.0


def test_noise_leaves_unit_vectors_and_is_one_for_the_whole_picture(tmp_path):
    values = processor(tmp_path, noise=0.8)(Image(DOT, source="noun/01@5")).values
    places = values[:, NUM_FEATURES : NUM_FEATURES + CLASS_WIDTH]
    whole = values[:, NUM_FEATURES + CLASS_WIDTH : -1]
    np.testing.assert_allclose(np.linalg.norm(places, axis=1), 1, rtol=1e-5)
    assert (whole == whole[0]).all()
    assert len({row.tobytes() for row in places}) == PLACES
    assert 0.3 < float(whole[0] @ NOUNS["noun/01"]) < 0.9999


def test_a_picture_without_features_is_refused(tmp_path):
    with pytest.raises(ContentError, match="flat/owl: no features of it are stored; build the"):
        processor(tmp_path)(Image(DOT, source="flat/owl"))


def test_a_model_without_a_frozen_tower_is_refused(tmp_path, tiny_encoder):
    with pytest.raises(ConfigError, match="features are a frozen tower's, and it has none; leave"):
        PictureFeatures(tmp_path).bind(tiny_encoder, no_progress)


def test_settings_out_of_range_are_refused(tmp_path):
    with pytest.raises(ValueError, match="hidden_share from 0 to 1"):
        PictureFeatures(tmp_path, noise=0.5, hidden_share=1.5)


def test_every_picture_of_an_example_gets_a_version_of_its_own():
    picture, text = Image(DOT, source="noto/owl"), Text("what is it?")
    document = Document(Message((picture,), "Picture.", Side.DOCUMENT), "owl")
    example = Example(
        task="style",
        query=Message((picture, text), "Find.", Side.QUERY),
        positives=(document,),
        negatives=(replace(document, label="key"),),
    )
    varied = vary_pictures(example, np.random.default_rng(3))
    parts = [
        varied.query.content[0],
        varied.positives[0].message.content[0],
        varied.negatives[0].message.content[0],
    ]
    sources = [part.source for part in parts if isinstance(part, Image)]
    assert len(set(sources)) == 3
    assert {source.partition("@")[0] for source in sources} == {"noto/owl"}
    assert varied.query.content[1] == text
    again = vary_pictures(example, np.random.default_rng(3)).query.content[0]
    assert isinstance(again, Image)
    assert again.source == sources[0]
