from pathlib import Path

import pyarrow.parquet as pq
import pytest
import torch
from safetensors.torch import load_file

from forethought.errors import ConfigError
from forethought.nano.features import picture_features
from forethought.nano.fit_baseline import FrozenBaselineRecipe, fit
from forethought.nano.frozen_baseline import read_head
from forethought.nano.teacher import Taught, principal, teacher_vectors
from tests.training.colours import COLOURS, Bags, MeanColour, build

DIMENSION = 9


@pytest.fixture
def data(tmp_path):
    data = build(tmp_path / "data")
    recipe = FrozenBaselineRecipe(
        data=data, out=tmp_path / "tea", epochs=2, batch=4, hidden=11, dropout=0.1
    )
    fit(recipe, pictures=MeanColour(), texts=Bags())
    return data


def teach(data: Path, dimension: int = DIMENSION) -> Taught:
    return teacher_vectors(
        data, data.parent / "tea", dimension=dimension, pictures=MeanColour(), texts=Bags()
    )


def rows(data: Path, kind: str) -> dict[str, int]:
    table = pq.read_table(data / "teacher.parquet").to_pylist()
    return {row["key"]: row["row"] for row in table if row["kind"] == kind}


def test_every_picture_and_every_distinct_text_gets_a_unit_vector(data):
    taught = teach(data)
    vectors = load_file(data / "teacher.safetensors")
    # Two shades and two texts of each colour, and one lone text; "red" occurs twice.
    assert (taught.pictures, taught.texts) == (2 * len(COLOURS), 2 * len(COLOURS) + 1)
    assert vectors["picture"].shape == (taught.pictures, DIMENSION)
    assert vectors["text"].shape == (taught.texts, DIMENSION)
    for kind in ("picture", "text"):
        norms = vectors[kind].float().norm(dim=-1)
        torch.testing.assert_close(norms, torch.ones(len(norms)), atol=2e-3, rtol=0)


def test_keys_point_at_their_own_rows(data):
    teach(data, dimension=16)
    vectors = load_file(data / "teacher.safetensors")
    words, shown = rows(data, "text"), rows(data, "picture")
    head = read_head(data.parent / "tea")
    # At full width the axes are a rotation, so every cosine stays what it was.
    expected = (
        head(picture_features(data, ["blue/5"], tower=MeanColour())) @ Bags()(["red paint"]).T
    )
    found = (
        vectors["picture"][shown["blue/5"]].float() @ vectors["text"][words["red paint"]].float()
    )
    assert found.item() == pytest.approx(expected.item(), abs=5e-3)
    assert "a lone word" in words


def test_more_axes_keep_more(data):
    assert teach(data, dimension=3).kept < teach(data, dimension=8).kept < 1.001


def test_axes_are_orthonormal_and_the_longest_comes_first():
    # Rows along x (length 3) and y (length 1), never along z.
    axes = principal(torch.tensor([[3.0, 0.0, 0.0], [0.0, 1.0, 0.0]]), 2)
    torch.testing.assert_close(axes.abs(), torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]))


def test_axes_are_not_centred():
    # Centred, three like rows would leave nothing; from the origin they are one axis.
    axes = principal(torch.tensor([[0.6, 0.8]] * 3), 1)
    torch.testing.assert_close(axes.abs(), torch.tensor([[0.6], [0.8]]))


@pytest.mark.parametrize("dimension", [0, 17])
def test_more_dimensions_than_there_are_are_refused(data, dimension):
    with pytest.raises(ConfigError, match=f"from 1 to 16, the baseline's, got {dimension}"):
        teach(data, dimension=dimension)
