"""A sheet of the queries that a model ranks worst: the picture asked for, and what came first."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import PIL.Image
import PIL.ImageDraw
import PIL.ImageFont

from forethought.cli.contact_sheet import (
    BLACK,
    GREY,
    MARGIN,
    TEXT_SIZE,
    THUMBNAIL,
    TITLE,
    TITLE_SIZE,
    WHITE,
    shorten,
    thumbnail,
)
from forethought.files import atomic

SHOWN = 5
"""How many of a query's first documents are drawn."""
_CAPTION = 24
_ROW = _CAPTION + THUMBNAIL + MARGIN


@dataclass(frozen=True, slots=True)
class QueryRow:
    """One query of a sheet: pictures as paths below the sheet's folder.

    Args:
        rank: that of the best picture it asks for, from 1.
        wanted: a picture it asks for.
        found: the pictures at the first ranks.
    """

    query: str
    rank: int
    wanted: str
    found: tuple[str, ...]


def draw_query_sheet(path: Path, folder: Path, rows: Sequence[QueryRow], *, title: str) -> None:
    """Write a PNG with a row for each query: the picture asked for, a gap, the first ranks."""
    width = 3 * MARGIN + (1 + SHOWN) * (THUMBNAIL + MARGIN)
    top = MARGIN + TITLE + MARGIN
    sheet = PIL.Image.new("RGB", (width, top + len(rows) * _ROW), WHITE)
    draw = PIL.ImageDraw.Draw(sheet)
    fonts = [PIL.ImageFont.load_default(size) for size in (TITLE_SIZE, TEXT_SIZE)]
    draw.text((MARGIN, MARGIN), shorten(title, fonts[0], width - 2 * MARGIN), BLACK, font=fonts[0])
    for index, row in enumerate(rows):
        upper = top + index * _ROW
        text = shorten(f"{row.rank}   {row.query}", fonts[1], width - 2 * MARGIN)
        draw.text((MARGIN, upper), text, GREY, font=fonts[1])
        for column, name in enumerate([row.wanted, *row.found[:SHOWN]]):
            gap = MARGIN if column else 0
            left = MARGIN + gap + column * (THUMBNAIL + MARGIN)
            sheet.paste(thumbnail(folder / name), (left, upper + _CAPTION))
    with atomic(path) as temporary:
        sheet.save(temporary, "PNG")
