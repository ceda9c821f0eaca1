from dataclasses import replace

from forethought.backbones import ImageProcessor, VideoSettings
from forethought.encoders.settings import decode_settings, vector_settings
from forethought.engines import DecodeOptions, EarlyExit, Sampling
from forethought.types import FramePolicy

VIDEO = VideoSettings(
    FramePolicy(fps=1.5, min_frames=2, max_frames=6),
    frame_list=FramePolicy(count=5),
    min_pixels=784,
    max_pixels=1568,
    total_pixels=9000,
)
PROCESSOR = ImageProcessor(min_pixels=3136, max_pixels=9999, video=VIDEO)


def test_vector_settings_are_sorted_texts():
    assert vector_settings(PROCESSOR, dtype="bfloat16", quantize="4bit", blank=False) == (
        "blank=no",
        "dtype=bfloat16",
        "frame_pixels=784..1568",
        "frames=1.5/s,2..6",
        "listed_frames=5",
        "pixels=3136..9999",
        "quantize=4bit",
        "total_pixels=9000",
    )


def test_every_limit_changes_the_vector_settings():
    def settings(processor=PROCESSOR, dtype="float32", quantize=None):
        return vector_settings(processor, dtype=dtype, quantize=quantize, blank=True)

    videos = [
        replace(VIDEO, frames=FramePolicy(fps=2.0)),
        replace(VIDEO, frames=FramePolicy(count=3)),
        replace(VIDEO, frame_list=None),
        replace(VIDEO, min_pixels=785),
        replace(VIDEO, max_pixels=1569),
        replace(VIDEO, total_pixels=9001),
    ]
    found = [
        settings(),
        settings(replace(PROCESSOR, min_pixels=3137)),
        settings(replace(PROCESSOR, max_pixels=9998)),
        *[settings(replace(PROCESSOR, video=video)) for video in videos],
        settings(dtype="float16"),
        settings(quantize="8bit"),
    ]
    assert len({*found}) == len(found)


def test_settings_that_leave_a_rationale_unchanged_are_left_out():
    options = DecodeOptions(24, Sampling(temperature=0.5, top_p=0.9, top_k=3), repeats=5)
    assert decode_settings(options, cache=None) == (
        "budget=24",
        "repeats=5",
        "temperature=0.5",
        "top_k=3",
        "top_p=0.9",
    )
    speculative = replace(options, speculative_tokens=2)
    assert decode_settings(speculative, cache=None) == decode_settings(options, cache=None)
    early = replace(options, early_exit=EarlyExit(4, 0.01))
    assert "early_exit=4,0.01" in decode_settings(early, cache=None)
    assert "cache=bfloat16" in decode_settings(options, cache="bfloat16")
