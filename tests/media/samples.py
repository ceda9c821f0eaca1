"""Small videos and PDFs, written as the tests run."""

import hashlib
import io
import struct
import zlib
from fractions import Fraction

import av
import numpy as np
import PIL.Image


def shade(index):
    """The grey of the frame at an index; a codec may change it by a few levels."""
    return 10 + 20 * index


def grey(index, height=48, width=64):
    return np.full((height, width, 3), shade(index), np.uint8)


def index_of(frame):
    """The index of a frame, by its shade."""
    return round((float(frame.mean()) - 10) / 20)


def write_video(path, count=10, **options):
    """Grey frames, `rate` a second, or at the given `stamps` in milliseconds."""
    stamps = options.get("stamps")
    with av.open(path, "w") as container:
        stream = container.add_stream(options.get("codec", "libx264"), rate=options.get("rate", 5))
        stream.width, stream.height = options.get("width", 64), options.get("height", 48)
        stream.pix_fmt = options.get("pixels", "yuv420p")
        stream.options = options.get("options", {})
        if stamps:
            stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
        if "turned" in options:
            stream.set_display_rotation(options["turned"])
        if "matrix" in options:
            stream.set_display_matrix(options["matrix"])
        for index in range(count):
            pixels = options.get("draw", grey)(index, stream.height, stream.width)
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            if stamps:
                frame.pts, frame.time_base = stamps[index], Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def png(width, height, rows=(), **options):
    """A PNG written by hand: `depth` bits a sample, `kind` of colour, extra `chunks`."""

    def chunk(kind, body):
        typed = kind + body
        return struct.pack(">I", len(body)) + typed + struct.pack(">I", zlib.crc32(typed))

    depth, kind = options.get("depth", 8), options.get("kind", 2)
    key = options.get("transparent", ())
    file = b"\x89PNG\r\n\x1a\n"
    file += chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0))
    file += b"".join(chunk(kind, body) for kind, body in options.get("chunks", ()))
    file += chunk(b"tRNS", struct.pack(f">{len(key)}H", *key)) if key else b""
    data = zlib.compress(b"".join(b"\0" + row for row in rows)) if rows else b""
    return file + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def write_sound(path):
    with av.open(path, "w") as container:
        stream = container.add_stream("aac", rate=16000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 4096), np.float32), "fltp", "mono")
        frame.sample_rate = 16000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def write_pdf(path, count=3, width=120, height=90):
    """One page for each shade of grey, at 72 dots an inch."""
    sheets = [PIL.Image.fromarray(grey(index, height, width)) for index in range(count)]
    sheets[0].save(path, "PDF", save_all=True, append_images=sheets[1:], resolution=72)
    return path


def bare_pdf(box=(0, 0, 60, 40), count=1, trailer="", extra=""):
    """A PDF of empty pages, written by hand."""
    kids = " ".join(f"{3 + i} 0 R" for i in range(count))
    bodies = [
        "<</Type/Catalog/Pages 2 0 R>>",
        f"<</Type/Pages/Kids[{kids}]/Count {count}>>",
        *(f"<</Type/Page/Parent 2 0 R/MediaBox[{' '.join(map(str, box))}]>>",) * count,
        *([extra] if extra else []),
    ]
    file = io.BytesIO()
    file.write(b"%PDF-1.4\n")
    offsets = []
    for number, body in enumerate(bodies, 1):
        offsets.append(file.tell())
        file.write(f"{number} 0 obj{body}endobj\n".encode("latin-1"))
    start = file.tell()
    file.write(f"xref\n0 {len(bodies) + 1}\n0000000000 65535 f \n".encode())
    file.writelines(f"{offset:010d} 00000 n \n".encode() for offset in offsets)
    size = len(bodies) + 1
    file.write(f"trailer<</Size {size}/Root 1 0 R{trailer}>>\nstartxref\n{start}\n%%EOF".encode())
    return file.getvalue()


def locked_pdf(password):
    """A PDF that opens with a password only: 40-bit RC4, section 7.6 of the standard."""
    pad = bytes.fromhex("28bf4e5e4e758a4164004e56fffa01082e2e00b6d0683e802f0ca9fe6453697a")
    identity, rights = b"0123456789abcdef", -4
    padded = (password.encode() + pad)[:32]
    owner = _rc4(hashlib.md5(padded).digest()[:5], padded)  # noqa: S324 - required by the format
    seed = padded + owner + rights.to_bytes(4, "little", signed=True) + identity
    user = _rc4(hashlib.md5(seed).digest()[:5], pad)  # noqa: S324
    lock = f"<</Filter/Standard/V 1/R 2/O<{owner.hex()}>/U<{user.hex()}>/P {rights}>>"
    return bare_pdf(trailer=f"/Encrypt 4 0 R/ID[<{identity.hex()}><{identity.hex()}>]", extra=lock)


def _rc4(key, text):
    box = list(range(256))
    j = 0
    for i in range(256):
        j = (j + box[i] + key[i % len(key)]) % 256
        box[i], box[j] = box[j], box[i]
    i = j = 0
    out = bytearray()
    for byte in text:
        i = (i + 1) % 256
        j = (j + box[i]) % 256
        box[i], box[j] = box[j], box[i]
        out.append(byte ^ box[(box[i] + box[j]) % 256])
    return bytes(out)
