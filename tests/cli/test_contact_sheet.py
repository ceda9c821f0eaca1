import PIL.Image
import pytest

from forethought.cli import contact_sheet
from forethought.types import Hit


def hits(*names):
    return [Hit(name, 0.9 - n / 10, n + 1) for n, name in enumerate(names)]


def size_of(path):
    with PIL.Image.open(path) as drawn:
        return drawn.size


def test_draws_every_hit_in_order(pictures, tmp_path):
    names = ["r.png", "deep/g.jpg", "b.gif", "r.png", "b.gif", "deep/g.jpg"]
    path = tmp_path / "out.png"
    contact_sheet.draw_contact_sheet(path, pictures, hits(*names), title="all", lines=["direct"])
    width, height = size_of(path)
    assert width == contact_sheet.MARGIN + 5 * (contact_sheet.THUMBNAIL + contact_sheet.MARGIN)
    # Five in the first row and the sixth below.
    middle = height - 2 * contact_sheet.MARGIN - 40 - contact_sheet.THUMBNAIL // 2
    left = contact_sheet.MARGIN + contact_sheet.THUMBNAIL // 2
    with PIL.Image.open(path) as drawn:
        red, green, blue = drawn.convert("RGB").crop((left, middle, left + 1, middle + 1)).tobytes()
    assert green > 200 > red + blue


def test_a_deleted_picture_is_an_empty_square(pictures, tmp_path):
    path = tmp_path / "out.png"
    contact_sheet.draw_contact_sheet(path, pictures, hits("gone.png"), title="it", lines=[])
    assert size_of(path)[1] > contact_sheet.THUMBNAIL


@pytest.mark.parametrize("text", ["", "word " * 400, "x" * 3000, "\x1b\n茶"])
def test_text_of_any_length_stays_on_the_sheet(pictures, tmp_path, text):
    path = tmp_path / "out.png"
    contact_sheet.draw_contact_sheet(path, pictures, hits("r.png"), title=text, lines=[text, text])
    width, height = size_of(path)
    assert width < 700
    assert height < 600


def test_leaves_no_temporary_file(pictures, tmp_path):
    contact_sheet.draw_contact_sheet(
        tmp_path / "out.png", pictures, hits("r.png"), title="it", lines=[]
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.png", "pictures"]
