"""The frames of an open video file. Needs PyAV, which is optional: imported through `extras`."""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import cast

import av
import numpy as np
import PIL.Image
from av.container import InputContainer
from av.sidedata.sidedata import Type as SideDataType
from av.stream import Disposition
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from jaxtyping import UInt8

from forethought.errors import ContentError
from forethought.media.display_matrix import nearest_orientation
from forethought.media.frames import NOMINAL_FPS
from forethought.media.image_decode import MAX_PIXELS, decode_image

# Containers of pictures and sound. FFmpeg also reads playlists, which name other files and
# addresses: a video from a stranger must not choose what else is opened.
_FORMATS = (
    "mov,mp4,matroska,webm,gif,avi,flv,asf,mpeg,mpegts,mpegvideo,ogg,mxf,ivf,h264,hevc,av1,obu,"
    "m4v,apng,mjpeg,dv,rm,wtv,nut,aac,flac,mp3,wav"
)
# FFmpeg's own decoders of these leave out the alpha channel, a second picture beside the first.
_ALPHA_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
# Containers that seek by an index in the file, to a frame that decodes by itself.
_SEEKABLE = {"mov", "matroska"}


@dataclass(frozen=True, slots=True, eq=False)
class FrameStream:
    """An open file and its first stream of pictures, with the size that the file states."""

    container: InputContainer
    stream: VideoStream
    decoder: VideoCodecContext
    name: str
    width: int
    height: int

    @property
    def tick_s(self) -> float:
        """The unit of time stamps, in seconds."""
        return float(self.stream.time_base or 0)

    @property
    def is_seekable(self) -> bool:
        """Whether `seek` is exact for the format of the file."""
        return bool(_SEEKABLE & {*self.container.format.name.split(",")})

    def fps(self, stamps: Sequence[int]) -> float:
        """Frames a second: as the file states, else by the time stamps."""
        if self.stream.average_rate:
            return float(self.stream.average_rate)
        span = (stamps[-1] - stamps[0]) * self.tick_s if stamps else 0.0
        return (len(stamps) - 1) / span if span else NOMINAL_FPS

    def read_stamps(self) -> tuple[list[int], list[int]]:
        """Time stamps of all frames and of key frames, sorted, without decoding.

        Both are empty if a frame has no stamp, or two have the same.
        """
        stamps, keys = [], []
        with suppress(av.FFmpegError):
            for packet in self.container.demux(self.stream):
                if packet.size and not packet.is_discard:
                    stamps.append(packet.pts)
                    keys += [packet.pts] if packet.is_keyframe else []
        known = increasing(sorted(stamp for stamp in stamps if stamp is not None))
        if len(known) < len(stamps):
            return [], []
        return known, sorted(key for key in keys if key is not None)

    def seek(self, stamp: int) -> None:
        """Go back to the last key frame at or before a time stamp."""
        self.container.seek(stamp, stream=self.stream)
        self.decoder.flush_buffers()

    def frames(self) -> Iterator[VideoFrame]:
        """Decode from here to the end, skipping what is damaged."""
        with suppress(av.FFmpegError):
            for packet in self.container.demux(self.stream):
                with suppress(av.FFmpegError):
                    yield from self.decoder.decode(packet)
        # The decoder still holds frames of a truncated file.
        with suppress(av.FFmpegError):
            yield from self.decoder.decode(None)

    def to_rgb(self, frame: VideoFrame) -> UInt8[np.ndarray, "H W 3"]:
        """Pixels as `decode_image` returns them, at the size that the file states."""
        has_alpha = any(part.is_alpha for part in frame.format.components)
        pixels = frame.to_ndarray(
            format="rgba" if has_alpha else "rgb24", width=self.width, height=self.height
        )
        if has_alpha:
            pixels = decode_image(PIL.Image.fromarray(pixels), self.name)
        matrix = frame.side_data.get(SideDataType.DISPLAYMATRIX)  # type: ignore[call-overload]
        if matrix is None:
            return pixels
        return nearest_orientation(np.frombuffer(matrix, np.uint8)).apply(pixels)


@contextmanager
def open_stream(file: Path | bytes, name: str) -> Iterator[FrameStream]:
    """Open a video file.

    Raises:
        ContentError: if it is no video, is damaged, or has no pictures or too large ones.
    """
    options = {"format_whitelist": _FORMATS}
    # "file:" keeps FFmpeg from reading a protocol out of a name with a colon.
    source = io.BytesIO(file) if isinstance(file, bytes) else f"file:{file.absolute()}"
    try:
        container = av.open(source, "r", options=options, metadata_errors="replace")
    except (av.FFmpegError, ValueError, OSError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ContentError(
            f"{name}: not a video that can be read ({reason}); convert it to mp4"
        ) from None
    with container:
        stream = _picture_stream(container, name)
        context = stream.codec_context
        try:
            yield FrameStream(
                container,
                stream,
                _decoder(stream, name),
                name,
                width=context.width,
                height=context.height,
            )
        except av.FFmpegError as error:
            raise ContentError(f"{name}: damaged ({error.strerror}); export it again") from None


def increasing(stamps: Sequence[int | None]) -> list[int]:
    """The same stamps, or none if one is missing or not above the one before it."""
    known = [stamp for stamp in stamps if stamp is not None]
    if len(known) < len(stamps) or any(after <= before for before, after in pairwise(known)):
        return []
    return known


def _picture_stream(container: InputContainer, name: str) -> VideoStream:
    # The cover of a song is a stream of one picture.
    streams = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    if not streams:
        raise ContentError(f"{name}: has no pictures, only sound; pass a video with both")
    stream = streams[0]
    # PyAV has no context for a stream without a decoder, against its type hints.
    context = getattr(stream, "codec_context", None)
    width, height = (context.width, context.height) if context else (0, 0)
    if not width * height:
        raise ContentError(f"{name}: no decoder reads its pictures; convert it to mp4")
    if width * height > MAX_PIXELS:
        raise ContentError(
            f"{name}: over {MAX_PIXELS // 1_000_000} megapixels a frame, the most that is "
            f"decoded: it has {width} x {height}; shrink it"
        )
    return stream


def _decoder(stream: VideoStream, name: str) -> VideoCodecContext:
    decoder = stream.codec_context
    has_alpha = {key.lower(): value for key, value in stream.metadata.items()}.get("alpha_mode")
    if has_alpha == "1" and decoder.name in _ALPHA_DECODERS:
        try:
            created = VideoCodecContext.create(_ALPHA_DECODERS[decoder.name], "r")
        except ValueError:
            raise ContentError(
                f"{name}: {decoder.name} with transparent parts, which this build of PyAV does not "
                "decode; install PyAV from a wheel, or convert it to ProRes 4444"
            ) from None
        decoder = cast("VideoCodecContext", created)
        decoder.extradata = stream.codec_context.extradata
    # A frame may still claim another size than the file does.
    decoder.options = {"max_pixels": str(MAX_PIXELS)}
    decoder.thread_type = "AUTO"
    return decoder
