import copy
import multiprocessing
import pickle
import shutil
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from forethought.backbones import LoadOptions
from forethought.encoders import EncodeOptions, load
from forethought.errors import ModelError
from forethought.types import ContentKind, Side

OPTIONS: dict[str, Any] = {
    "device": "cpu",
    "load_options": LoadOptions(packed=False),
    "encode_options": EncodeOptions(budget=11, max_pixels=28 * 28 * 3),
}

INSTRUCTIONS = {side: dict.fromkeys(ContentKind, f"This {side}.") for side in Side}


@pytest.fixture
def loaded(tiny_model):
    return load(tiny_model, **OPTIONS)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda it: pickle.loads(pickle.dumps(it))])  # noqa: S301 - our own
def test_a_copy_is_loaded_again_with_all_of_its_settings(loaded, copied):
    given = replace(loaded, instructions=INSTRUCTIONS)
    found = copied(given)
    assert found.instructions == given.instructions
    assert found.revision == given.revision
    assert (found.settings, found.encode_options) == (given.settings, given.encode_options)
    assert found.decode_options == given.decode_options
    assert found.decode_options.budget == 11
    assert found.local.limits == given.local.limits
    assert found.renderer.layout.image_processor == given.renderer.layout.image_processor
    assert found.local.backbone is not given.local.backbone
    np.testing.assert_array_equal(
        found.encode(["red"], think="never").vectors, given.encode(["red"], think="never").vectors
    )


def test_a_pickle_holds_no_weights(loaded):
    assert len(pickle.dumps(loaded)) < 10_000


@pytest.mark.slow
def test_two_processes_encode_what_one_does(loaded):
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        parts = [pool.submit(loaded.encode, [word], think="never") for word in ("red", "blue")]
        found = np.concatenate([part.result().vectors for part in parts])
    expected = loaded.encode(["red", "blue"], think="never").vectors
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_an_encoder_that_was_not_loaded_is_refused(loaded):
    with pytest.raises(ModelError, match=r"can be neither pickled nor copied; save it and load"):
        pickle.dumps(replace(loaded, origin=None))


def test_a_folder_that_changed_since_is_refused(tiny_model, tmp_path):
    folder = shutil.copytree(tiny_model, tmp_path / "model")
    pickled = pickle.dumps(load(folder, device="cpu"))
    (folder / "generation_config.json").write_text("{}")
    with pytest.raises(ModelError, match=r"holds revision .*, the pickled encoder was"):
        pickle.loads(pickled)  # noqa: S301 - our own
