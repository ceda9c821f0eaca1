"""Which frames of a video are decoded, and the decoded frames."""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8

from forethought.errors import ConfigError

NOMINAL_FPS = 2.0
"""Frames a second of a list of frames, which states no rate: the default of qwen-vl-utils."""

_FACTOR = 2  # Qwen-VL merges frames in pairs
_MIN_FRAMES = 4
_MAX_FRAMES = 768


@dataclass(frozen=True, slots=True, kw_only=True)
class FramePolicy:
    """How frames are chosen: a number of them, or a number a second.

    With `count`, that many are spread evenly from the first frame to the last, and all frames
    of a shorter video are chosen (VLM2Vec's rule). With `fps`, an even number between
    `min_frames` and `max_frames`, and never more than there are (the rule of qwen-vl-utils).

    Args:
        count: how many frames; at least 1.
        fps: frames a second of the video's own time.
        min_frames: the fewest that `fps` may come to, rounded up to an even number.
        max_frames: the most that `fps` may come to, rounded down to an even number.

    Raises:
        ConfigError: unless exactly one of `count` and `fps` is given, in its range.
    """

    count: int | None = None
    fps: float | None = None
    min_frames: int = _MIN_FRAMES
    max_frames: int = _MAX_FRAMES

    def __post_init__(self) -> None:
        if (self.count is None) == (self.fps is None):
            raise ConfigError(
                f"frames are chosen by count or by fps, got count={self.count} and "
                f"fps={self.fps}: give exactly one"
            )
        if self.count is not None:
            self._check_count(self.count)
        if self.fps is not None and not (math.isfinite(self.fps) and self.fps > 0):
            raise ConfigError(f"fps must be a positive number, got {self.fps}: 2.0 is usual")
        if self.fps is not None:
            self._check_range()

    def choose(self, total: int, video_fps: float) -> tuple[int, ...]:
        """Indices of the chosen frames among `total`, in order.

        Raises:
            ValueError: if there is no frame, or `video_fps` is not positive.
        """
        if total < 1 or not video_fps > 0:
            raise ValueError(f"no frame to choose among {total} at {video_fps} a second")
        if self.count is not None:
            indices = np.linspace(0, total - 1, min(self.count, total), dtype=int)
            return tuple(indices.tolist())
        return _evenly_spaced(total, self._num_frames(total, video_fps))

    def _num_frames(self, total: int, video_fps: float) -> int:
        # As qwen-vl-utils' smart_nframes, except that it fails for a video of one frame.
        wanted = total / video_fps * (self.fps or 0.0)
        fewest = _round_up(float(self.min_frames))
        most = _round_down(float(min(self.max_frames, total)))
        return max(_round_down(min(max(wanted, float(fewest)), float(most))), 1)

    def _check_count(self, count: int) -> None:
        if count < 1:
            raise ConfigError(f"count must be at least 1, got {count}")
        if (self.min_frames, self.max_frames) != (_MIN_FRAMES, _MAX_FRAMES):
            raise ConfigError(
                f"min_frames and max_frames bound the frames chosen by fps, got count={count}: "
                "leave them out"
            )

    def _check_range(self) -> None:
        if self.min_frames < 1 or _round_up(float(self.min_frames)) > _round_down(
            float(self.max_frames)
        ):
            raise ConfigError(
                f"no even number lies between min_frames={self.min_frames} and "
                f"max_frames={self.max_frames}: 1 <= min_frames <= max_frames, as in 4 and 768"
            )


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """The chosen frames of a video, all of one size, with their indices and times.

    `seconds` is the time of each frame since the first frame of the video: `indices / video_fps`
    where the rate is constant. `sample_fps` is the rate of the chosen frames.
    """

    frames: tuple[UInt8[np.ndarray, "H W 3"], ...]
    seconds: tuple[float, ...]
    indices: tuple[int, ...]
    sample_fps: float
    video_fps: float

    def __len__(self) -> int:
        return len(self.frames)


def _round_up(value: float) -> int:
    return math.ceil(value / _FACTOR) * _FACTOR


def _round_down(value: float) -> int:
    return math.floor(value / _FACTOR) * _FACTOR


def _evenly_spaced(total: int, count: int) -> tuple[int, ...]:
    """`torch.linspace(0, total - 1, count).round()` to the last tie, without torch."""
    # Torch works in single precision, from both ends, and rounds once after multiply and add;
    # in double precision both are exact, and the cast is that one rounding.
    last = np.float32(total - 1)
    step = np.float64(last / np.float32(max(count - 1, 1)))
    at = np.arange(count, dtype=np.float64)
    from_start, from_end = step * at, np.float64(last) - step * at[::-1]
    points = np.where(at < count // 2, from_start, from_end).astype(np.float32)
    return tuple(np.rint(points).astype(int).tolist())
