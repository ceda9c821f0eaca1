"""What PyAV reads out of a video file. Imported only when a video is: PyAV is an extra."""

import io
from bisect import bisect_right
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import PIL.Image
from av.container import InputContainer
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from jaxtyping import UInt8

from forethought.errors import ContentError
from forethought.media.frames import NOMINAL_FPS, Clip, FramePolicy
from forethought.types.image import MAX_PIXELS, MAX_PIXELS_TOGETHER, Image

# Containers of pictures and sound. FFmpeg also reads play lists, which name other files and
# addresses: whoever sends a video must not choose what else is opened.
_FORMATS = (
    "mov,mp4,matroska,webm,gif,avi,flv,asf,mpeg,mpegts,mpegvideo,ogg,mxf,ivf,h264,hevc,av1,obu,"
    "m4v,apng,mjpeg,dv,rm,wtv,nut,aac,flac,mp3,wav"
)
# Where seeking is by an index of the file, and leads to a frame that decodes by itself.
_SEEKABLE = {"mov", "matroska"}


@dataclass(frozen=True, slots=True, eq=False)
class _FrameStream:
    """An open file and its pictures."""

    container: InputContainer
    stream: VideoStream
    name: str
    width: int
    height: int

    @property
    def tick(self) -> float:
        return float(self.stream.time_base or 0)

    def fps(self, stamps: Sequence[int]) -> float:
        if self.stream.average_rate:
            return float(self.stream.average_rate)
        span = (stamps[-1] - stamps[0]) * self.tick if stamps else 0.0
        return (len(stamps) - 1) / span if span else NOMINAL_FPS

    def frames(self) -> Iterator[VideoFrame]:
        """What decodes from here on, over damage."""
        with suppress(av.FFmpegError):
            for packet in self.container.demux(self.stream):
                with suppress(av.FFmpegError):
                    yield from packet.decode()
        # A file that breaks off leaves frames in the decoder.
        with suppress(av.FFmpegError):
            yield from self.stream.codec_context.decode(None)


def check_video(file: Path | bytes, name: str) -> None:
    """Refuse what cannot be opened, or shows nothing.

    Raises:
        ContentError: it is no video, is damaged, has no pictures, or too large ones.
    """
    with _opened(file, name):
        pass


def decode_video(file: Path | bytes, name: str, policy: FramePolicy) -> Clip:
    """Decode the frames that `policy` chooses, and keep no others.

    Frames are counted by reading the file without decoding it. Where that count turns out
    wrong (damage, hidden frames, no time stamps) they are counted by decoding, so that the
    choice is among those that can be seen.

    Raises:
        ContentError: if nothing decodes, or the frames are too large.
    """
    with _opened(file, name) as reel:
        stamps, keys = _stamps(reel)
    if stamps:
        with _opened(file, name) as reel:
            chosen = _chosen(reel, policy, stamps=stamps, total=len(stamps))
            seen = _sought(reel, [stamps[i] for i in chosen], keys if _is_seekable(reel) else [])
            if len(seen) == len(chosen):
                found = {i: seen[stamps[i]] for i in chosen}
                return _clip(reel, found, stamps=stamps, total=len(stamps))
    with _opened(file, name) as reel:
        decoded = [frame.pts for frame in reel.frames()]
    stamps = _increasing(decoded)
    with _opened(file, name) as reel:
        if not decoded:
            raise ContentError(f"{name}: no frame of it decodes; export it again")
        chosen = _chosen(reel, policy, stamps=stamps, total=len(decoded))
        return _clip(reel, _counted(reel, chosen), stamps=stamps, total=len(decoded))


@contextmanager
def _opened(file: Path | bytes, name: str) -> Iterator[_FrameStream]:
    options = {"format_whitelist": _FORMATS}
    # "file:" keeps FFmpeg from reading a protocol out of a name with a colon.
    where = io.BytesIO(file) if isinstance(file, bytes) else f"file:{file.absolute()}"
    try:
        container = av.open(where, "r", options=options, metadata_errors="replace")
    except (av.FFmpegError, ValueError, OSError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ContentError(
            f"{name}: not a video that can be read ({reason}); convert it to mp4"
        ) from None
    with container:
        stream = _pictures(container, name)
        context = stream.codec_context
        try:
            yield _FrameStream(container, stream, name, width=context.width, height=context.height)
        except av.FFmpegError as error:
            raise ContentError(f"{name}: damaged ({error.strerror}); export it again") from None


def _pictures(container: InputContainer, name: str) -> VideoStream:
    # A song's cover is a stream of one picture.
    shown = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    if not shown:
        raise ContentError(f"{name}: has no pictures, only sound; show a video with both")
    stream = shown[0]
    # PyAV has no context for a stream that no decoder reads, though its types say so.
    context = getattr(stream, "codec_context", None)
    width, height = (context.width, context.height) if context else (0, 0)
    if not width * height:
        raise ContentError(f"{name}: no decoder reads its pictures; convert it to mp4")
    if width * height > MAX_PIXELS:
        raise ContentError(
            f"{name}: over {MAX_PIXELS // 1_000_000} megapixels a frame, the most that is "
            f"decoded: it has {width} x {height}; shrink it"
        )
    # A frame may still claim another size than the file does.
    stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}
    stream.thread_type = "AUTO"
    return stream


def _is_seekable(reel: _FrameStream) -> bool:
    return bool(_SEEKABLE & {*reel.container.format.name.split(",")})


def _stamps(reel: _FrameStream) -> tuple[list[int], list[int]]:
    """When each frame is shown, in ticks, in order; and which of them stand alone."""
    stamps, keys = [], []
    with suppress(av.FFmpegError):
        for packet in reel.container.demux(reel.stream):
            if packet.size and not packet.is_discard:
                stamps.append(packet.pts)
                keys += [packet.pts] if packet.is_keyframe else []
    known = _increasing(sorted(s for s in stamps if s is not None))
    if len(known) < len(stamps):
        return [], []
    return known, sorted(key for key in keys if key is not None)


def _increasing(stamps: Sequence[int | None]) -> list[int]:
    """The same, or nothing where a stamp is missing or not after the one before."""
    known = [stamp for stamp in stamps if stamp is not None]
    if len(known) < len(stamps) or any(after <= before for before, after in pairwise(known)):
        return []
    return known


def _chosen(
    reel: _FrameStream, policy: FramePolicy, *, stamps: Sequence[int], total: int
) -> tuple[int, ...]:
    chosen = policy.choose(total, reel.fps(stamps))
    if len(chosen) * reel.width * reel.height > MAX_PIXELS_TOGETHER:
        raise ContentError(
            f"{reel.name}: {len(chosen)} frames of {reel.width} x {reel.height} are over "
            f"{MAX_PIXELS_TOGETHER // 1_000_000} megapixels; choose fewer, or shrink the video"
        )
    return chosen


def _sought(
    reel: _FrameStream, wanted: Sequence[int], keys: Sequence[int]
) -> dict[int, UInt8[np.ndarray, "H W 3"]]:
    """Frames by their stamps, each decoded from the last key frame before it.

    Where no key frame is named, all are decoded from the start.
    """
    found: dict[int, UInt8[np.ndarray, "H W 3"]] = {}
    todo = sorted(set(wanted))
    while todo:
        key = max(bisect_right(keys, todo[0]), 1)
        upto = keys[key] if key < len(keys) else None
        group = {stamp for stamp in todo if upto is None or stamp < upto}
        todo = [stamp for stamp in todo if stamp not in group]
        with suppress(av.FFmpegError):
            if keys:
                reel.container.seek(min(group), stream=reel.stream)
            found.update(_until(reel, group))
    return found


def _until(
    reel: _FrameStream, group: Collection[int]
) -> Iterator[tuple[int, UInt8[np.ndarray, "H W 3"]]]:
    last = max(group)
    for frame in reel.frames():
        if frame.pts is not None and frame.pts in group:
            yield frame.pts, _rgb(reel, frame)
        if frame.pts is not None and frame.pts >= last:
            return


def _counted(reel: _FrameStream, chosen: Collection[int]) -> dict[int, UInt8[np.ndarray, "H W 3"]]:
    """Frames by their place among those that decode."""
    found = {}
    for index, frame in enumerate(reel.frames()):
        if index in chosen:
            found[index] = _rgb(reel, frame)
        if index == max(chosen):
            break
    return found


def _rgb(reel: _FrameStream, frame: VideoFrame) -> UInt8[np.ndarray, "H W 3"]:
    """Upright, transparent parts on white, as large as the file says: as an Image is."""
    has_alpha = any(part.is_alpha for part in frame.format.components)
    pixels = frame.to_ndarray(
        format="rgba" if has_alpha else "rgb24", width=reel.width, height=reel.height
    )
    if has_alpha:
        pixels = Image(PIL.Image.fromarray(pixels)).pixels
    return np.ascontiguousarray(np.rot90(pixels, frame.rotation // 90))


def _clip(
    reel: _FrameStream,
    found: dict[int, UInt8[np.ndarray, "H W 3"]],
    *,
    stamps: Sequence[int],
    total: int,
) -> Clip:
    fps = reel.fps(stamps)
    return Clip(
        frames=tuple(found.values()),
        seconds=_seconds(reel, stamps, tuple(found)),
        indices=tuple(found),
        sample_fps=len(found) / total * fps,
        video_fps=fps,
    )


def _seconds(
    reel: _FrameStream, stamps: Sequence[int], indices: Sequence[int]
) -> tuple[float, ...]:
    fps = reel.fps(stamps)
    if not stamps:
        return tuple(i / fps for i in indices)
    shown = [(stamp - stamps[0]) * reel.tick for stamp in stamps]
    # Stamps of a constant rate are rounded to ticks: say what they stand for.
    if all(abs(at - i / fps) <= reel.tick + 1e-9 for i, at in enumerate(shown)):
        return tuple(i / fps for i in indices)
    return tuple(shown[i] for i in indices)
