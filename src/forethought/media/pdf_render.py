"""What PDFium draws of a PDF. Imported only when a PDF is read: PDFium is an extra."""

import math
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from pypdfium2 import PdfDocument, PdfiumError
from pypdfium2.raw import FORMTYPE_ACRO_FORM, FPDF_ERR_PASSWORD

from forethought.errors import ContentError
from forethought.types.image import MAX_PIXELS, MAX_PIXELS_TOGETHER, Image

_POINTS_PER_INCH = 72
# PDFium must not be entered by two threads.
_ONE_AT_A_TIME = threading.Lock()


@dataclass(frozen=True, slots=True, eq=False)
class Paper:
    """An open PDF."""

    document: PdfDocument
    name: str

    def __len__(self) -> int:
        return len(self.document)

    def render(self, numbers: Sequence[int], dpi: int) -> tuple[Image, ...]:
        """Draw pages, numbered from 1.

        Raises:
            ContentError: if one cannot be drawn, or they are over `MAX_PIXELS_TOGETHER`.
        """
        drawn: list[Image] = []
        pixels = 0
        for number in numbers:
            drawn.append(Image(self._draw(number, dpi), source=f"{self.name}, page {number}"))
            pixels += drawn[-1].pixels.size // 3
            if pixels > MAX_PIXELS_TOGETHER:
                raise ContentError(
                    f"{self.name}: {len(numbers)} pages at {dpi} dpi are over "
                    f"{MAX_PIXELS_TOGETHER // 1_000_000} megapixels; name fewer, or a lower dpi"
                )
        return tuple(drawn)

    def _draw(self, number: int, dpi: int) -> UInt8[np.ndarray, "H W 3"]:
        try:
            with closing(self.document[number - 1]) as page:
                width, height = page.get_size()
                scale = _fitting(width, height, dpi / _POINTS_PER_INCH)
                bitmap = page.render(scale=scale, rev_byteorder=True)
                # The array is a view of memory that goes with the bitmap.
                return np.array(bitmap.to_numpy())
        except PdfiumError as error:
            raise ContentError(
                f"{self.name}, page {number}: damaged ({error}); export it again, or leave it out"
            ) from None


@contextmanager
def opened(file: Path | bytes, name: str, password: str | None) -> Iterator[Paper]:
    """Open a PDF; whoever else wants to waits.

    Raises:
        ContentError: if it is damaged, or the password does not open it.
    """
    with _ONE_AT_A_TIME:
        try:
            document = PdfDocument(file, password=password)
        except PdfiumError as error:
            raise ContentError(f"{name}: {_reason(error, password)}") from None
        try:
            if document.get_formtype() == FORMTYPE_ACRO_FORM:
                document.init_forms()
            yield Paper(document, name)
        finally:
            document.close()


def _reason(error: PdfiumError, password: str | None) -> str:
    if error.err_code == FPDF_ERR_PASSWORD and password is None:
        return "encrypted; say its password: pages(..., password='...')"
    if error.err_code == FPDF_ERR_PASSWORD:
        return "encrypted, and that is not its password; check it"
    return f"not a PDF that can be read ({error}); export it again"


def _fitting(width: float, height: float, scale: float) -> float:
    """The scale, or the largest below it that keeps a page within `MAX_PIXELS`."""
    scale = min(scale, math.sqrt(MAX_PIXELS / (width * height)))
    while math.ceil(width * scale) * math.ceil(height * scale) > MAX_PIXELS:
        scale *= 0.999
    return scale
