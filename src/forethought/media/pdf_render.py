"""Pages of a PDF as RGB arrays. Needs PDFium, which is optional: imported by `extras` alone."""

import logging
import math
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from pypdfium2 import PdfDocument, PdfiumError
from pypdfium2.raw import FORMTYPE_NONE, FORMTYPE_XFA_FULL, FPDF_ERR_PASSWORD

from forethought.errors import ContentError
from forethought.media.image_decode import MAX_PIXELS, MAX_TOTAL_PIXELS
from forethought.media.page_ranges import parse_pages

_POINTS_PER_INCH = 72
# PDFium is not thread-safe.
_LOCK = threading.Lock()


def render_pages(
    pdf: Path | bytes,
    which: int | str | slice | None,
    name: str,
    *,
    dpi: int,
    password: str | None,
) -> list[tuple[int, UInt8[np.ndarray, "_ _ 3"]]]:
    """Render pages, with the values of form fields; each with its number, from 1.

    A page of over `MAX_PIXELS` is rendered at the largest scale that fits.

    Raises:
        ContentError: if the PDF cannot be opened or is a dynamic XFA form, `which` does not name its pages, one cannot be
            rendered, or all together have over `MAX_TOTAL_PIXELS`.
    """
    with _LOCK, _open(pdf, name, password) as document:
        numbers = parse_pages(which, len(document), name)
        return list(_render(document, numbers, name, dpi=dpi))


@contextmanager
def _open(pdf: Path | bytes, name: str, password: str | None) -> Iterator[PdfDocument]:
    try:
        document = PdfDocument(pdf, password=password)
    except PdfiumError as error:
        raise ContentError(f"{name}: {_reason(error, password)}") from None
    with closing(document):
        form = document.get_formtype()
        if form == FORMTYPE_XFA_FULL:
            raise ContentError(
                f"{name}: a dynamic XFA form, whose pages only Adobe Reader builds; print it to a PDF "
                "there, and pass that"
            )
        if form != FORMTYPE_NONE:
            with _without_advice():
                document.init_forms()
        yield document


@contextmanager
def _without_advice() -> Iterator[None]:
    """Leave out the advice to build PDFium with XFA: a form that is drawn without it needs none."""
    logger = logging.getLogger("pypdfium2._helpers.document")

    def is_other(record: logging.LogRecord) -> bool:
        return "XFA" not in record.getMessage()

    logger.addFilter(is_other)
    try:
        yield
    finally:
        logger.removeFilter(is_other)


def _reason(error: PdfiumError, password: str | None) -> str:
    if error.err_code == FPDF_ERR_PASSWORD and password is None:
        return "encrypted; give its password: pages(..., password='...')"
    if error.err_code == FPDF_ERR_PASSWORD:
        return "encrypted, and that is not its password; check it"
    return f"not a PDF that can be read ({error}); export it again"


def _render(
    document: PdfDocument, numbers: Sequence[int], name: str, *, dpi: int
) -> Iterator[tuple[int, UInt8[np.ndarray, "_ _ 3"]]]:
    total = 0
    for number in numbers:
        try:
            pixels = _render_page(document, number - 1, dpi)
        except PdfiumError as error:
            raise ContentError(
                f"{name}, page {number}: damaged ({error}); export it again, or leave it out"
            ) from None
        total += pixels.size // 3
        if total > MAX_TOTAL_PIXELS:
            raise ContentError(
                f"{name}: {len(numbers)} pages at {dpi} dpi are over "
                f"{MAX_TOTAL_PIXELS // 1_000_000} megapixels; name fewer, or a lower dpi"
            )
        yield number, pixels


def _render_page(document: PdfDocument, index: int, dpi: int) -> UInt8[np.ndarray, "H W 3"]:
    with closing(document[index]) as page:
        width, height = page.get_size()
        scale = _fitting_scale(width, height, dpi / _POINTS_PER_INCH)
        bitmap = page.render(scale=scale, rev_byteorder=True)
        # `to_numpy` is a view of memory that is freed with the bitmap.
        return np.array(bitmap.to_numpy())


def _fitting_scale(width: float, height: float, scale: float) -> float:
    """The scale, or the largest below it that keeps a page within `MAX_PIXELS`."""
    scale = min(scale, math.sqrt(MAX_PIXELS / (width * height)))
    while math.ceil(width * scale) * math.ceil(height * scale) > MAX_PIXELS:
        scale *= 0.999
    return scale
