"""A model of text alone: words as everywhere, pictures and videos refused in one sentence."""

import numpy as np
import pytest

from forethought.encoders import load
from forethought.errors import ContentError
from forethought.index import FolderIndex
from forethought.types import Image, Mode, Video

PICTURE = Image(np.full((60, 90, 3), 200, np.uint8), source="red.png")
VIDEO = Video([np.full((60, 90, 3), 200, np.uint8)] * 2, source="red.mp4")


@pytest.fixture(scope="module")
def encoder(words):
    return load(words, device="cpu")


def test_words_have_vectors_and_settings_name_no_pixels(encoder):
    found = encoder.encode(["a red square", "two blue ones"], think="always")
    assert np.isfinite(found.vectors).all()
    assert encoder.settings == ("dtype=float32",)


@pytest.mark.parametrize("media", [PICTURE, VIDEO, ["what is it?", PICTURE]])
def test_pictures_and_videos_are_refused_with_the_models_that_take_them(encoder, media):
    with pytest.raises(ContentError, match=r"words sees no pictures: .* use .*nano") as error:
        encoder.encode(["a red square", media], think="never")
    assert str(error.value).startswith("input 1: red.")


def test_a_skipped_picture_leaves_its_row_and_the_others(encoder):
    found = encoder.encode([PICTURE, "a red square"], think="never", on_error="skip")
    assert found.mode == (Mode.SKIPPED, Mode.DIRECT)
    assert "sees no pictures" in found.errors[0]
    np.testing.assert_array_equal(
        found.vectors[1], encoder.encode(["a red square"], think="never").vectors[0]
    )


def test_a_folder_of_pictures_is_refused_before_any_is_opened(encoder, tmp_path):
    (tmp_path / "red.png").touch()
    with pytest.raises(ContentError, match=r"^words sees no pictures: .* use .*nano"):
        FolderIndex(tmp_path, tmp_path / "index", encoder, think="never").check_query(
            encoder.encode(["red"], think="never")
        )
    assert not (tmp_path / "index").exists()
