import shutil

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch

from forethought.backbones import tower_image_processor
from forethought.errors import DataError
from forethought.nano import tower_features as module
from forethought.nano.tower_features import VARIANTS, tower_features
from forethought.types import Image
from tests.backbones.random_tower import CLASS_WIDTH, tower


@pytest.fixture(scope="module")
def made():
    return tower()


@pytest.fixture(scope="module")
def found(made, tiny_data):
    return tower_features(tiny_data, made, tower_image_processor())


def test_the_first_version_is_the_drawing_itself(made, found, tiny_data):
    rows = {
        row["picture"]: row["png"]
        for row in pq.read_table(tiny_data / "pictures.parquet").to_pylist()
    }
    name = sorted(found.rows)[3]
    patches = tower_image_processor()(Image(rows[name]))
    with torch.no_grad():
        expected = made.features(torch.from_numpy(patches.values), torch.tensor([patches.grid]))
    np.testing.assert_allclose(found.of(name, 0), expected.numpy(), rtol=1e-3, atol=1e-3)
    assert found.values.shape[1:] == (VARIANTS, 16, made.feature_width)
    assert (found.variants, found.width, found.class_width) == (
        VARIANTS,
        made.feature_width,
        CLASS_WIDTH,
    )


def test_other_versions_differ_from_it(found):
    name = sorted(found.rows)[3]
    assert not np.array_equal(found.of(name, 0), found.of(name, 1))


def test_stored_features_are_read_and_only_missing_shards_computed(
    made, tiny_data, found, monkeypatch
):
    def refuse(*_, **__):
        raise AssertionError("computed again")

    monkeypatch.setattr(made, "features", refuse)
    again = tower_features(tiny_data, made, tower_image_processor())
    np.testing.assert_array_equal(again.values, found.values)


def test_other_weights_have_features_of_their_own(tiny_data, found):
    other = tower()
    other.class_vectors.mul_(-1)
    values = tower_features(tiny_data, other, tower_image_processor()).values
    assert not np.array_equal(values, found.values)


def test_data_that_are_not_built_are_refused(made, tmp_path):
    with pytest.raises(DataError, match="build the data with `forethought data glyphs`"):
        tower_features(tmp_path, made, tower_image_processor())


def test_a_copy_is_handed_out(found):
    name = sorted(found.rows)[0]
    found.of(name, 0)[:] = 0
    assert found.of(name, 0).any()
    assert module.SHARD > 1


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_tower_on_a_gpu_gives_the_same_features(tiny_data, found, tmp_path):
    for name in ("examples.parquet", "pictures.parquet"):
        shutil.copyfile(tiny_data / name, tmp_path / name)
    with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
        there = tower_features(tmp_path, tower().to("cuda"), tower_image_processor())
    np.testing.assert_allclose(there.values, found.values, rtol=1e-2, atol=1e-2)
