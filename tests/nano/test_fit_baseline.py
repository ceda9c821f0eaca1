import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from forethought.errors import ConfigError
from forethought.nano.features import read_feature_dataset
from forethought.nano.fit_baseline import FrozenBaselineRecipe, fit_frozen_baseline, fit_head
from forethought.nano.frozen_baseline import FrozenBaseline, read_head
from tests.nano.colours import CLASSES, COLOURS, Bags, MeanColour, build


def recipe(tmp_path, **changed):
    settings = {"epochs": 30, "batch": 4, "hidden": 24, "rate": 0.02, "dropout": 0.1, "seed": 5}
    return FrozenBaselineRecipe(data=tmp_path / "data", temperature=0.1, **(settings | changed))


@pytest.fixture(autouse=True)
def data(tmp_path):
    return build(tmp_path / "data")


def fitted(tmp_path, **changed):
    return fit_frozen_baseline(
        recipe(tmp_path, **changed),
        tmp_path / "baseline",
        pictures=MeanColour(),
        texts=Bags(),
        classes=CLASSES,
    )


def test_a_fitted_head_finds_each_train_colour(tmp_path):
    losses = fitted(tmp_path)
    assert losses[-1] < losses[0] / 2
    encoder = FrozenBaseline.load(tmp_path / "baseline", pictures=MeanColour(), texts=Bags())
    names = sorted(set(COLOURS) - {"yellow"})
    head = read_head(tmp_path / "baseline")
    features = torch.tensor([[*COLOURS[name], sum(COLOURS[name]) / 3] for name in names])
    pictures = head(features, MeanColour().probabilities(features)).detach().numpy()
    words = encoder.encode([f"{name} paint" for name in names]).vectors
    assert (words @ pictures.T).argmax(axis=1).tolist() == list(range(len(names)))


def test_a_run_depends_on_its_seed_alone(tmp_path):
    first, again, other = (fitted(tmp_path, epochs=3, seed=seed) for seed in (5, 5, 6))
    assert first == again != other


def test_features_are_standardised_by_the_train_pictures(tmp_path, data):
    dataset = read_feature_dataset(data, pictures=MeanColour(), texts=Bags())
    head, _ = fit_head(dataset, recipe(tmp_path, epochs=1), CLASSES)
    torch.testing.assert_close(head.mean, dataset.features.mean(0))
    torch.testing.assert_close(head.spread, dataset.features.std(0))
    rows = ((dataset.features - head.mean) / head.spread).square().mean(1).sqrt()
    # All but one of ten are nearer than the distance at which ConSE has half its weight.
    assert sorted(rows.tolist())[-2] < head.far < rows.max()


def test_the_head_keeps_the_vectors_of_the_classes(tmp_path):
    fitted(tmp_path, epochs=1)
    stored = read_head(tmp_path / "baseline").class_vectors
    torch.testing.assert_close(stored, CLASSES, rtol=1e-2, atol=1e-2)  # they are bfloat16 on disk


def test_a_pseudo_picture_is_left_out(data):
    rows = pq.read_table(data / "examples.parquet").to_pylist()
    pseudo = {**rows[0], "document_picture": "noun/00000001", "document_concept": "noun"}
    pq.write_table(pa.Table.from_pylist([*rows, pseudo]), data / "examples.parquet")
    dataset = read_feature_dataset(data, pictures=MeanColour(), texts=Bags())
    assert len(dataset.features) == 10
    assert len(dataset.captions) == 5


def test_a_run_of_fewer_steps_has_the_same_first_losses(tmp_path, data):
    dataset = read_feature_dataset(data, pictures=MeanColour(), texts=Bags())
    whole = fit_head(dataset, recipe(tmp_path, epochs=3), CLASSES)[1]
    # 10 pictures in batches of 4 are 3 steps an epoch.
    assert len(whole) == 9
    assert fit_head(dataset, recipe(tmp_path, epochs=3), CLASSES, max_steps=5)[1] == whole[:5]


@pytest.mark.parametrize(
    ("name", "value"), [("epochs", 0), ("batch", -1), ("rate", 0.0), ("temperature", -0.1)]
)
def test_a_number_that_must_be_positive_is_named(name, value):
    with pytest.raises(ConfigError, match=f"{name} must be positive, got {value}"):
        FrozenBaselineRecipe(**{name: value})


def test_dropping_everything_is_refused():
    with pytest.raises(ConfigError, match="dropout must be from 0 to under 1, got 1"):
        FrozenBaselineRecipe(dropout=1.0)
