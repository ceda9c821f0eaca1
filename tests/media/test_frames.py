import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forethought.errors import ConfigError
from forethought.media import FramePolicy


def test_a_count_is_spread_from_the_first_frame_to_the_last():
    # linspace(0, 10, 4) = 0, 3.33, 6.67, 10, cut to whole numbers.
    assert FramePolicy(count=4).choose(11, 30.0) == (0, 3, 6, 10)
    assert FramePolicy(count=1).choose(11, 30.0) == (0,)


@pytest.mark.parametrize("total", [1, 5, 7, 8])
def test_all_frames_of_a_short_video_are_chosen(total):
    assert FramePolicy(count=8).choose(total, 30.0) == tuple(range(total))


@pytest.mark.parametrize(
    ("total", "video_fps", "count"),
    [
        (300, 30.0, 20),  # 10 s at 2 a second
        (315, 30.0, 20),  # 21, made even
        (30, 30.0, 4),  # 2, below the least of 4
        (3, 30.0, 2),  # of 3 frames, 2 is the most that is even
        (1, 30.0, 1),
        (60_000, 30.0, 768),
        (101, 1.0, 100),  # 202 of 101 frames
    ],
)
def test_a_rate_comes_to_an_even_number_in_its_bounds(total, video_fps, count):
    indices = FramePolicy(fps=2.0).choose(total, video_fps)
    assert len(indices) == len(set(indices)) == count
    assert indices[0] == 0
    assert indices[-1] == (total - 1 if count > 1 else 0)


def test_bounds_are_rounded_inwards():
    policy = FramePolicy(fps=2.0, min_frames=5, max_frames=11)
    assert len(policy.choose(30, 30.0)) == 6
    assert len(policy.choose(3000, 30.0)) == 10


def test_a_rate_rounds_to_the_nearest_frame():
    # 9 frames at 3 a second are 3 s: 6 frames, linspace(0, 8, 6) = 0, 1.6, 3.2, 4.8, 6.4, 8.
    assert FramePolicy(fps=2.0).choose(9, 3.0) == (0, 2, 3, 5, 6, 8)


@given(st.integers(2, 300_000), st.floats(0.1, 60.0))
def test_a_rate_chooses_what_torch_would(total, fps):
    import torch

    indices = FramePolicy(fps=fps).choose(total, 30.0)
    expected = torch.linspace(0, total - 1, len(indices)).round().long().tolist()
    assert indices == tuple(expected)


@given(st.integers(1, 5000), st.integers(1, 900))
def test_a_count_chooses_what_numpy_would(total, count):
    indices = FramePolicy(count=count).choose(total, 25.0)
    expected = np.linspace(0, total - 1, count, dtype=int) if count <= total else np.arange(total)
    assert indices == tuple(expected.tolist())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "by count or by fps, got count=None and fps=None: give exactly one"),
        ({"count": 8, "fps": 2.0}, "got count=8 and fps=2.0: give exactly one"),
        ({"count": 0}, "count must be at least 1, got 0"),
        ({"fps": 0.0}, "fps must be a positive number, got 0.0"),
        ({"fps": float("nan")}, "fps must be a positive number, got nan"),
        ({"count": 8, "max_frames": 64}, "got count=8: leave them out"),
        ({"fps": 2.0, "min_frames": 5, "max_frames": 5}, "no even number lies between"),
        ({"fps": 2.0, "min_frames": 0}, "no even number lies between min_frames=0"),
        ({"fps": 2.0, "min_frames": 8, "max_frames": 6}, "no even number lies between"),
    ],
)
def test_an_ambiguous_policy_is_refused(options, message):
    with pytest.raises(ConfigError, match=message):
        FramePolicy(**options)


@pytest.mark.parametrize(("total", "video_fps"), [(0, 30.0), (5, 0.0), (5, float("nan"))])
def test_a_video_without_frames_or_rate_is_refused(total, video_fps):
    with pytest.raises(ValueError, match=f"no frame to choose among {total}"):
        FramePolicy(count=2).choose(total, video_fps)
