from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pypdfium2
import pytest

from forethought.errors import ContentError
from forethought.media import render_pages
from tests.media.samples import bare_pdf, index_of, locked_pdf, write_pdf


def render(pdf, which=None, **options):
    """The pixels of pages, without their numbers."""
    options = {"name": "box", "dpi": 72, **options}
    return [pixels for _, pixels in render_pages(pdf, which, **options)]


def test_a_page_has_the_size_of_its_media_box_at_the_resolution():
    # 60 x 40 points are 60/72 x 40/72 inches: at 144 dots an inch, 120 x 80.
    (page,) = render(bare_pdf((0, 0, 60, 40)), dpi=144)
    assert page.shape == (80, 120, 3)
    assert page.dtype == np.uint8
    assert (page == 255).all()


def test_pages_come_with_their_numbers(tmp_path):
    path = write_pdf(tmp_path / "a.pdf", 5)
    found = render_pages(path, "4-,2", "a", dpi=72)
    assert [(number, index_of(pixels) + 1) for number, pixels in found] == [(4, 4), (5, 5), (2, 2)]


def test_colours_are_rgb(tmp_path):
    import PIL.Image

    path = tmp_path / "a.pdf"
    PIL.Image.new("RGB", (30, 20), (250, 120, 10)).save(path, "PDF", resolution=72)
    (page,) = render(path, dpi=72)
    assert np.abs(page[9, 15].astype(int) - [250, 120, 10]).max() <= 3


def test_a_poster_is_rendered_at_the_largest_scale_that_fits(monkeypatch):
    monkeypatch.setattr("forethought.media.pdf_render.MAX_PIXELS", 20_000)
    # 200 x 100 is the largest of twice the width; at 72 dots an inch it would be 2000 x 1000.
    (page,) = render(bare_pdf((0, 0, 2000, 1000)), dpi=72)
    height, width, _ = page.shape
    assert 19_000 < height * width <= 20_000
    assert width / height == pytest.approx(2, abs=0.03)


@pytest.mark.parametrize("box", [(0, 0, 0.001, 0.001), (0, 0, 0, 0), (0, 0, -5, -9)])
def test_a_degenerate_media_box_is_rendered(box):
    (page,) = render(bare_pdf(box), dpi=20)
    assert page.size


def test_pages_that_are_too_large_together_are_refused(monkeypatch):
    monkeypatch.setattr("forethought.media.pdf_render.MAX_TOTAL_PIXELS", 2 * 60 * 40)
    assert len(render(bare_pdf(count=2))) == 2
    with pytest.raises(ContentError, match=r"book: 3 pages at 72 dpi are over .*name fewer, or a"):
        render(bare_pdf(count=3), name="book")


def test_a_locked_pdf_opens_with_its_password_only():
    locked = locked_pdf("se cret")
    with pytest.raises(pypdfium2.PdfiumError, match="password"):
        pypdfium2.PdfDocument(locked)
    with pytest.raises(ContentError, match=r"box: encrypted; .*pages\(..., password='...'\)"):
        render(locked)
    with pytest.raises(ContentError, match="box: encrypted, and that is not its password"):
        render(locked, password="wrong")  # noqa: S106
    assert len(render(locked, password="se cret")) == 1  # noqa: S106


def test_a_damaged_pdf_is_refused(tmp_path):
    whole = write_pdf(tmp_path / "a.pdf").read_bytes()
    for body in (whole[: len(whole) // 3], b"%PDF-1.4 and no more", b"words"):
        with pytest.raises(ContentError, match=r"not a PDF that can be read .*export it again"):
            render(body)


def test_a_page_that_is_damaged_is_named():
    # The second of two pages is no page at all.
    body = bare_pdf(count=2).replace(b"4 0 obj<</Type/Page/", b"4 0 obj<</Type/Nope/")
    body = body.replace(b"[3 0 R 4 0 R]", b"[3 0 R 9 0 R]")
    assert len(render(body, 1)) == 1
    with pytest.raises(ContentError, match=r"box, page 2: damaged .*leave it out"):
        render(body)


@pytest.mark.parametrize("turned", [0, 90, 180, 270])
def test_a_turned_page_is_rendered_upright(turned):
    # The left quarter of the page is black; /Rotate turns it clockwise.
    ink = "<</Length 22>>stream\n0 g 0 0 15 40 re f\nendstream "
    body = bare_pdf(extra=ink).replace(b"/MediaBox", b"/Contents 4 0 R/Rotate %d/MediaBox" % turned)
    (page,) = render(body)
    black = np.zeros((40, 60), bool)
    black[:, :15] = True
    assert np.array_equal(page[..., 0] < 128, np.rot90(black, -turned // 90))


def form(catalog="", acro=""):
    field = (
        "<</Type/Annot/Subtype/Widget/FT/Tx/T(name)/V(forethought)/Rect[5 5 55 35]/F 4"
        "/MK<</BG[0 0 1]>>/DA(/Helv 12 Tf 0 g)/P 3 0 R>>"
    )
    root = f"/Pages 2 0 R{catalog}/AcroForm<</Fields[4 0 R]{acro}>>>>"
    body = bare_pdf(extra=field).replace(b"/Pages 2 0 R>>", root.encode())
    return body.replace(b"/MediaBox", b"/Annots[4 0 R]/MediaBox")


def test_form_fields_are_rendered_with_and_without_xfa(caplog):
    (page,) = render(form(), dpi=72)
    assert not (page == 255).all()
    (hybrid,) = render(form(acro="/XFA[]"), dpi=72)
    assert np.array_equal(hybrid, page)
    assert not caplog.records


def test_a_dynamic_xfa_form_is_refused():
    body = form(catalog="/NeedsRendering true", acro="/XFA[]")
    with pytest.raises(ContentError, match=r"box: a dynamic XFA form, .*print it to a PDF there"):
        render(body)


def test_threads_may_render_at_once(tmp_path):
    path = write_pdf(tmp_path / "a.pdf", 5)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda number: render(path, number), [1, 2, 3, 4, 5] * 4))
    assert [index_of(page) for (page,) in found] == [0, 1, 2, 3, 4] * 4
