"""The chosen frames of a video file. Needs PyAV, which is optional: imported by `extras` alone."""

from bisect import bisect_right
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import av
import numpy as np
from jaxtyping import UInt8

from forethought.errors import ContentError
from forethought.media.frame_stream import FrameStream, increasing, open_stream
from forethought.media.frames import Clip, FramePolicy
from forethought.media.image_decode import MAX_TOTAL_PIXELS


def check_video(file: Path | bytes, name: str) -> None:
    """Open a video file, to check it, and close it again.

    Raises:
        ContentError: if it is no video, is damaged, or has no pictures or too large ones.
    """
    with open_stream(file, name):
        pass


def decode_video(file: Path | bytes, name: str, policy: FramePolicy) -> Clip:
    """Decode the frames that `policy` chooses.

    Frames are counted by reading the file without decoding it. Where that count turns out
    wrong (damage, hidden frames, no time stamps) they are counted by decoding, so that the
    choice is among frames that decode.

    Raises:
        ContentError: if no frame decodes, or the chosen frames are too large.
    """
    with open_stream(file, name) as stream:
        stamps, keys = stream.read_stamps()
    if stamps:
        with open_stream(file, name) as stream:
            chosen = _choose(stream, policy, stamps=stamps, total=len(stamps))
            wanted = [stamps[index] for index in chosen]
            found = _decode_at(stream, wanted, keys if stream.is_seekable else [])
            if len(found) == len(chosen):
                frames = {index: found[stamps[index]] for index in chosen}
                return _clip(stream, frames, stamps=stamps, total=len(stamps))
    with open_stream(file, name) as stream:
        decoded = [frame.pts for frame in stream.frames()]
    stamps = increasing(decoded)
    with open_stream(file, name) as stream:
        if not decoded:
            raise ContentError(f"{name}: no frame of it decodes; export it again")
        chosen = _choose(stream, policy, stamps=stamps, total=len(decoded))
        return _clip(stream, _decode_indices(stream, chosen), stamps=stamps, total=len(decoded))


def _choose(
    stream: FrameStream, policy: FramePolicy, *, stamps: Sequence[int], total: int
) -> tuple[int, ...]:
    chosen = policy.choose(total, stream.fps(stamps))
    if len(chosen) * stream.width * stream.height > MAX_TOTAL_PIXELS:
        raise ContentError(
            f"{stream.name}: {len(chosen)} frames of {stream.width} x {stream.height} are over "
            f"{MAX_TOTAL_PIXELS // 1_000_000} megapixels; choose fewer, or shrink the video"
        )
    return chosen


def _decode_at(
    stream: FrameStream, stamps: Sequence[int], keys: Sequence[int]
) -> dict[int, UInt8[np.ndarray, "H W 3"]]:
    """Frames by time stamp, each decoded from the last key frame before it.

    Without `keys`, all are decoded from the start.
    """
    found: dict[int, UInt8[np.ndarray, "H W 3"]] = {}
    todo = sorted(set(stamps))
    while todo:
        key = max(bisect_right(keys, todo[0]), 1)
        end = keys[key] if key < len(keys) else None
        group = {stamp for stamp in todo if end is None or stamp < end}
        todo = [stamp for stamp in todo if stamp not in group]
        with suppress(av.FFmpegError):
            if keys:
                stream.seek(min(group))
            found.update(_decode_until_last(stream, group))
    return found


def _decode_until_last(
    stream: FrameStream, stamps: Collection[int]
) -> Iterator[tuple[int, UInt8[np.ndarray, "H W 3"]]]:
    last = max(stamps)
    for frame in stream.frames():
        if frame.pts is not None and frame.pts in stamps:
            yield frame.pts, stream.to_rgb(frame)
        if frame.pts is not None and frame.pts >= last:
            return


def _decode_indices(
    stream: FrameStream, indices: Collection[int]
) -> dict[int, UInt8[np.ndarray, "H W 3"]]:
    """Frames by index among those that decode."""
    found = {}
    for index, frame in enumerate(stream.frames()):
        if index in indices:
            found[index] = stream.to_rgb(frame)
        if index == max(indices):
            break
    return found


def _clip(
    stream: FrameStream,
    frames: dict[int, UInt8[np.ndarray, "H W 3"]],
    *,
    stamps: Sequence[int],
    total: int,
) -> Clip:
    fps = stream.fps(stamps)
    return Clip(
        frames=tuple(frames.values()),
        seconds=_seconds(stream, stamps, tuple(frames)),
        indices=tuple(frames),
        sample_fps=len(frames) / total * fps,
        video_fps=fps,
    )


def _seconds(
    stream: FrameStream, stamps: Sequence[int], indices: Sequence[int]
) -> tuple[float, ...]:
    fps = stream.fps(stamps)
    if not stamps:
        return tuple(index / fps for index in indices)
    times = [(stamp - stamps[0]) * stream.tick_s for stamp in stamps]
    # Time stamps of a constant rate are rounded to ticks: return the exact times.
    if all(abs(at - index / fps) <= stream.tick_s + 1e-9 for index, at in enumerate(times)):
        return tuple(index / fps for index in indices)
    return tuple(times[index] for index in indices)
