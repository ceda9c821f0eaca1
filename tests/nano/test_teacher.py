from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from safetensors.torch import load_file

from forethought.errors import ConfigError
from forethought.nano.features import picture_features
from forethought.nano.fit_baseline import FrozenBaselineRecipe, fit_frozen_baseline
from forethought.nano.frozen_baseline import read_head
from forethought.nano.teacher import TeacherSummary, principal_axes, teacher_vectors
from tests.nano.colours import CLASSES, COLOURS, Bags, MeanColour, build

DIMENSION = 9


@pytest.fixture
def data(tmp_path):
    data = build(tmp_path / "data")
    recipe = FrozenBaselineRecipe(data=data, epochs=2, batch=4, hidden=11, dropout=0.1)
    fit_frozen_baseline(
        recipe, tmp_path / "baseline", pictures=MeanColour(), texts=Bags(), classes=CLASSES
    )
    return data


def write(data: Path, dimension: int = DIMENSION) -> TeacherSummary:
    return teacher_vectors(
        data, data.parent / "baseline", dimension=dimension, pictures=MeanColour(), texts=Bags()
    )


def rows(data: Path, kind: str) -> dict[str, int]:
    table = pq.read_table(data / "teacher.parquet").to_pylist()
    return {row["key"]: row["row"] for row in table if row["kind"] == kind}


def test_every_picture_and_every_distinct_text_gets_a_unit_vector(data):
    summary = write(data)
    vectors = load_file(data / "teacher.safetensors")
    # Two shades and two texts of each colour, and one plain text; "red" occurs twice.
    assert (summary.pictures, summary.texts) == (2 * len(COLOURS), 2 * len(COLOURS) + 1)
    assert vectors["picture"].shape == (summary.pictures, DIMENSION)
    assert vectors["text"].shape == (summary.texts, DIMENSION)
    for kind in ("picture", "text"):
        norms = vectors[kind].float().norm(dim=-1)
        torch.testing.assert_close(norms, torch.ones(len(norms)), atol=2e-3, rtol=0)


def test_keys_point_at_their_rows(data):
    write(data, dimension=16)
    vectors = load_file(data / "teacher.safetensors")
    texts, pictures = rows(data, "text"), rows(data, "picture")
    head = read_head(data.parent / "baseline")
    features = picture_features(data, ["blue/5"], encoder=MeanColour())
    # At full width the axes are a rotation, which preserves every cosine.
    expected = head(features, MeanColour().probabilities(features)) @ Bags()(["red paint"]).T
    found = (
        vectors["picture"][pictures["blue/5"]].float() @ vectors["text"][texts["red paint"]].float()
    )
    assert found.item() == pytest.approx(expected.item(), abs=5e-3)
    assert "a lone word" in texts


def test_more_axes_preserve_more(data):
    assert write(data, dimension=3).energy < write(data, dimension=8).energy < 1.001


def test_axes_are_orthonormal_and_the_longest_comes_first():
    # Rows along x (length 3) and y (length 1), never along z.
    axes = principal_axes(torch.tensor([[3.0, 0.0, 0.0], [0.0, 1.0, 0.0]]), 2)
    torch.testing.assert_close(axes.abs(), torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]))


def test_axes_are_not_centred():
    # Centred, three equal rows would leave nothing; from the origin they are one axis.
    axes = principal_axes(torch.tensor([[0.6, 0.8]] * 3), 1)
    torch.testing.assert_close(axes.abs(), torch.tensor([[0.6], [0.8]]))


@pytest.mark.parametrize("dimension", [0, 17])
def test_more_dimensions_than_there_are_are_refused(data, dimension):
    with pytest.raises(ConfigError, match=f"from 1 to 16, the baseline's, got {dimension}"):
        write(data, dimension=dimension)


def test_pairs_without_pictures_are_refused(data):
    rows = pq.read_table(data / "examples.parquet").to_pylist()
    texts = [{**row, "query_picture": "", "document_picture": ""} for row in rows]
    pq.write_table(pa.Table.from_pylist(texts), data / "examples.parquet")
    (data / "texts.parquet").unlink()  # questions in words have none
    with pytest.raises(
        ConfigError, match="teaches from pictures, and these pairs have none; leave"
    ):
        write(data)
