import pytest

from forethought.backbones import ImageProcessor, VideoSettings
from forethought.encoders import FAMILIES, EncodeOptions, image_processor_for
from forethought.encoders.options import decode_options_for
from forethought.engines import EarlyExit
from forethought.errors import ConfigError, ModelError
from forethought.types import FramePolicy

CHECKPOINT = ImageProcessor(3136, 50_000, video=VideoSettings(tokens_per_second=2.0))


@pytest.mark.parametrize(
    ("setting", "error"),
    [
        ({"max_pixels": 0}, "max_pixels must be a whole number of at least 1, got 0"),
        ({"budget": -3}, "budget must be a whole number of at least 1, got -3"),
        ({"repeats": -1}, "repeats must be a whole number of at least 0, got -1"),
        ({"total_pixels": True}, "total_pixels must be a whole number of at least 1, got True"),
        ({"threshold": 3.0}, r"threshold must be in \[0, 2\]"),
        ({"min_pixels": 90, "max_pixels": 80}, "min_pixels 90 is over max_pixels 80: swap them"),
    ],
)
def test_settings_out_of_range_are_refused(setting, error):
    with pytest.raises(ModelError, match=error):
        EncodeOptions(**setting)


def test_settings_that_exclude_each_other_are_refused():
    with pytest.raises(ConfigError, match="exclude each other"):
        EncodeOptions(speculative_tokens=2, early_exit=EarlyExit())


def test_the_budget_is_the_callers_or_the_familys():
    assert decode_options_for(9, EncodeOptions()).budget == 9
    assert decode_options_for(9, EncodeOptions(budget=5, repeats=3)).budget == 5
    # A family that writes nothing has a budget of 0.
    assert decode_options_for(0, EncodeOptions()).budget == 1


def test_published_limits_go_before_the_checkpoints_and_the_callers_before_both():
    published = image_processor_for(CHECKPOINT, FAMILIES["ume_r1"], EncodeOptions())
    assert (published.min_pixels, published.max_pixels) == (784, 2_359_296)
    assert published.video.frames == FramePolicy(count=8)
    # How time is encoded stays the checkpoint's.
    assert published.video.tokens_per_second == 2.0
    plain = image_processor_for(CHECKPOINT, FAMILIES["mmemb_r1"], EncodeOptions())
    assert plain == CHECKPOINT
    options = EncodeOptions(max_pixels=500, frames=FramePolicy(count=3), frame_max_pixels=600)
    chosen = image_processor_for(CHECKPOINT, FAMILIES["ume_r1"], options)
    # A lower bound over the caller's upper bound is lowered to it.
    assert (chosen.min_pixels, chosen.max_pixels) == (500, 500)
    assert (chosen.video.min_pixels, chosen.video.max_pixels) == (600, 600)
    assert chosen.video.frames == FramePolicy(count=3)


def test_frames_of_our_own_format_have_the_limits_of_images():
    found = image_processor_for(CHECKPOINT, FAMILIES["forethought"], EncodeOptions())
    assert (found.video.min_pixels, found.video.max_pixels) == (3136, 50_000)
    assert found.video.frames == FramePolicy(count=8)
