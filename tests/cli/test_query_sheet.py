import PIL.Image
import pytest

from forethought.cli import contact_sheet, query_sheet
from forethought.cli.query_sheet import QueryRow


def pixel(path, left, upper):
    with PIL.Image.open(path) as drawn:
        return tuple(drawn.convert("RGB").crop((left, upper, left + 1, upper + 1)).tobytes())


def test_a_row_is_the_wanted_picture_then_the_first_ranks(pictures, tmp_path):
    path = tmp_path / "out.png"
    rows = [
        QueryRow("green", 3, "deep/g.jpg", ("r.png", "b.gif")),
        QueryRow("blue", 2, "b.gif", ("r.png",) * 9),
    ]
    query_sheet.draw_query_sheet(path, pictures, rows, title="worst")
    step = contact_sheet.THUMBNAIL + contact_sheet.MARGIN
    with PIL.Image.open(path) as drawn:
        width, height = drawn.size
    assert width == 3 * contact_sheet.MARGIN + 6 * step
    middle = contact_sheet.MARGIN + contact_sheet.THUMBNAIL // 2
    lower = height - contact_sheet.MARGIN - contact_sheet.THUMBNAIL // 2
    upper = lower - (step + 24)
    red, green, blue = pixel(path, middle, upper)
    assert green > 200 > red + blue
    red, green, blue = pixel(path, middle + contact_sheet.MARGIN + step, upper)
    assert red > 200 > green + blue
    red, green, blue = pixel(path, middle, lower)
    assert blue > 200 > red + green
    # Nine were found, five are drawn; the first row ends after two.
    assert pixel(path, width - contact_sheet.MARGIN - 90, lower) == (255, 0, 0)
    assert pixel(path, width - contact_sheet.MARGIN - 90, upper) == (255, 255, 255)


@pytest.mark.parametrize("text", ["", "word " * 400, "\x1b\n茶"])
def test_text_of_any_length_and_no_rows_are_drawn(pictures, tmp_path, text):
    path = tmp_path / "out.png"
    query_sheet.draw_query_sheet(path, pictures, [], title=text)
    query_sheet.draw_query_sheet(path, pictures, [QueryRow(text, 1, "gone.png", ())], title=text)
    with PIL.Image.open(path) as drawn:
        assert drawn.format == "PNG"
