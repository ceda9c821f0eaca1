"""Which frames of a video are looked at, and what is then seen."""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8

from forethought.errors import ConfigError

NOMINAL_FPS = 2.0
"""The clock of frames that have none: the default of qwen-vl-utils."""

_FACTOR = 2  # the families look at frames in pairs
_MIN_FRAMES = 4
_MAX_FRAMES = 768


@dataclass(frozen=True, slots=True, kw_only=True)
class FramePolicy:
    """How frames are chosen: a number of them, or a number a second.

    With `count`, that many are spread evenly from the first frame to the last, and a video
    of fewer frames shows them all (VLM2Vec's rule). With `fps`, an even number between
    `min_frames` and `max_frames`, and never more than there are (the rule of qwen-vl-utils).

    Args:
        count: how many frames; at least 1.
        fps: frames a second of the video's own clock.
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
        return _evenly(total, self._how_many(total, video_fps))

    def _how_many(self, total: int, video_fps: float) -> int:
        # As qwen-vl-utils' smart_nframes, which has no answer for a single frame: we show it.
        wanted = total / video_fps * (self.fps or 0.0)
        fewest = _up(float(self.min_frames))
        most = _down(float(min(self.max_frames, total)))
        return max(_down(min(max(wanted, float(fewest)), float(most))), 1)

    def _check_count(self, count: int) -> None:
        if count < 1:
            raise ConfigError(f"count must be at least 1, got {count}")
        if (self.min_frames, self.max_frames) != (_MIN_FRAMES, _MAX_FRAMES):
            raise ConfigError(
                f"min_frames and max_frames bound what fps comes to; with count={count} they "
                "say nothing: leave them out"
            )

    def _check_range(self) -> None:
        if self.min_frames < 1 or _up(float(self.min_frames)) > _down(float(self.max_frames)):
            raise ConfigError(
                f"no even number lies between min_frames={self.min_frames} and "
                f"max_frames={self.max_frames}: 1 <= min_frames <= max_frames, as in 4 and 768"
            )


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """The chosen frames of a video, all of one size, with their places in time.

    `seconds` is when each frame is shown, from the first frame on: `indices / video_fps`
    where the rate is constant. `sample_fps` is frames a second among the chosen.
    """

    frames: tuple[UInt8[np.ndarray, "H W 3"], ...]
    seconds: tuple[float, ...]
    indices: tuple[int, ...]
    sample_fps: float
    video_fps: float

    def __len__(self) -> int:
        return len(self.frames)


def _up(value: float) -> int:
    return math.ceil(value / _FACTOR) * _FACTOR


def _down(value: float) -> int:
    return math.floor(value / _FACTOR) * _FACTOR


def _evenly(total: int, count: int) -> tuple[int, ...]:
    """`torch.linspace(0, total - 1, count).round()` to the last tie, without torch."""
    # Torch works in single precision, from both ends, and rounds once after multiply and add;
    # in double precision both are exact, and the cast is that one rounding.
    last = np.float32(total - 1)
    step = np.float64(last / np.float32(max(count - 1, 1)))
    places = np.arange(count, dtype=np.float64)
    fore, aft = step * places, np.float64(last) - step * places[::-1]
    near = np.where(places < count // 2, fore, aft).astype(np.float32)
    return tuple(np.rint(near).astype(int).tolist())
