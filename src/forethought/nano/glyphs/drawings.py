"""Find every drawing of every concept in the packages, and render it as a square picture."""

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import PIL.Image

from forethought.errors import DataError
from forethought.nano.glyphs.concepts import Concept
from forethought.nano.glyphs.countries import Country, emoji_code
from forethought.nano.glyphs.sources import (
    COUNTRIES,
    EMOJI_STYLES,
    FLUENT3D,
    HELD_FLAG_STYLE,
    HELD_STYLE,
    LUCIDE,
    OPENMOJI,
    ROUND,
    TABLER,
    TWEMOJI,
    Source,
)

SIDE = 112
"""The side of a picture in pixels."""
MARGIN = 4
"""The least white on each side of a drawing in pixels."""
REVISION = 2
"""Raised by a change after which the same drawings give other pictures."""

_LANGUAGES = {"ar", "ie", "la"}
"""Round icons of languages (Arabic, Interlingue, Latin), not of the country with that code."""

Folders = dict[Source, Path]
Draw = Callable[[], PIL.Image.Image]


@dataclass(frozen=True, slots=True)
class Drawing:
    """A drawing of a concept in one style, not rendered yet.

    Args:
        draw: renders it, with transparency, in its original size.
    """

    concept: str
    style: str
    source: Source
    draw: Draw

    @property
    def picture(self) -> str:
        """The picture's id, such as `noto/1f34e`."""
        return f"{self.style}/{self.concept}"


def drawings(
    concepts: list[Concept], countries: list[Country], folders: Folders
) -> Iterator[Drawing]:
    """Every drawing of these concepts in the packages, styles in a fixed order."""
    emoji = {one.concept: one.concept for one in concepts if one.kind in {"emoji", "clock"}}
    flags = {country.concept: emoji_code(country) for country in countries}
    for style, source in EMOJI_STYLES.items():
        if source is not OPENMOJI:
            yield from _coloured(emoji, style, _IconSet(source, folders[source]))
    yield from _openmoji({**emoji, **flags}, folders[OPENMOJI])
    yield from _fluent3d(emoji, folders[FLUENT3D])
    yield from _coloured(flags, HELD_FLAG_STYLE, _IconSet(TWEMOJI, folders[TWEMOJI]))
    yield from _round(countries, folders[ROUND])
    for country in countries:
        svg = folders[COUNTRIES] / "data" / f"{country.long_code}.svg"
        yield Drawing(country.concept, "official", COUNTRIES, _from_svg(svg))
    icons = [one.concept for one in concepts if one.kind == "icon"]
    outlines = _IconSet(TABLER, folders[TABLER] / "icons" / "outline")
    yield from _icons(icons, "tabler", outlines)
    yield from _icons(icons, "lucide", _IconSet(LUCIDE, folders[LUCIDE] / "icons"))


def png(picture: PIL.Image.Image) -> bytes:
    """Fit a picture into the middle of a white square; returns PNG."""
    scaled = picture.convert("RGBA")
    room = SIDE - 2 * MARGIN
    scale = min(room / scaled.width, room / scaled.height)
    size = (max(1, round(scaled.width * scale)), max(1, round(scaled.height * scale)))
    if size != scaled.size:
        scaled = scaled.resize(size, PIL.Image.Resampling.LANCZOS)
    square = PIL.Image.new("RGBA", (SIDE, SIDE), "white")
    square.alpha_composite(scaled, ((SIDE - size[0]) // 2, (SIDE - size[1]) // 2))
    file = io.BytesIO()
    square.convert("RGB").save(file, "PNG", compress_level=6)
    return file.getvalue()


@dataclass(frozen=True, slots=True)
class _IconSet:
    source: Source
    folder: Path


def _coloured(codes: dict[str, str], style: str, icon_set: _IconSet) -> Iterator[Drawing]:
    icons = _read(icon_set.folder / "icons.json")
    names = _read(icon_set.folder / "chars.json")
    for concept, code in codes.items():
        if code in names:
            yield Drawing(concept, style, icon_set.source, _from_icon(icons, names[code]))


def _round(countries: list[Country], folder: Path) -> Iterator[Drawing]:
    icons = _read(folder / "icons.json")
    for country in countries:
        if country.code in icons["icons"] and country.code not in _LANGUAGES:
            yield Drawing(country.concept, "round", ROUND, _from_icon(icons, country.code))


def _openmoji(codes: dict[str, str], folder: Path) -> Iterator[Drawing]:
    files = _by_code(folder / "color" / "svg", ".svg")
    for concept, code in codes.items():
        if code in files:
            yield Drawing(concept, "openmoji", OPENMOJI, _from_svg(files[code]))


def _fluent3d(codes: dict[str, str], folder: Path) -> Iterator[Drawing]:
    files = _by_code(folder / "assets", ".webp")
    for concept, code in codes.items():
        if code in files:
            yield Drawing(concept, HELD_STYLE, FLUENT3D, _from_picture(files[code]))


def _icons(concepts: list[str], style: str, icon_set: _IconSet) -> Iterator[Drawing]:
    for concept in concepts:
        svg = icon_set.folder / f"{concept.removeprefix('icon-')}.svg"
        if svg.is_file():
            yield Drawing(concept, style, icon_set.source, _from_svg(svg))


def _by_code(folder: Path, suffix: str) -> dict[str, Path]:
    files = {}
    for path in sorted(folder.glob(f"*{suffix}")):
        points = [point for point in path.stem.lower().split("-") if point != "fe0f"]
        files["-".join(points)] = path
    return files


def _from_icon(icons: dict[str, Any], name: str) -> Draw:
    def draw() -> PIL.Image.Image:
        icon = icons["icons"][name]
        width = icon.get("width", icons.get("width", 16))
        height = icon.get("height", icons.get("height", 16))
        # The aspect ratio stays; `png` scales the longer side.
        return _render(
            f'<svg xmlns="http://www.w3.org/2000/svg" '
            f'xmlns:xlink="http://www.w3.org/1999/xlink" '
            f'viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
            f"{icon['body']}</svg>",
            name,
        )

    return draw


def _from_svg(path: Path) -> Draw:
    return lambda: _render(path.read_text("utf-8"), path.name)


def _from_picture(path: Path) -> Draw:
    def draw() -> PIL.Image.Image:
        with PIL.Image.open(path) as picture:
            return picture.convert("RGBA")

    return draw


def _render(svg: str, name: str) -> PIL.Image.Image:
    import resvg_py  # noqa: PLC0415 - an extra of `train`; reading the built data needs none

    try:
        # Twice the size, then shrunk: thin lines stay even.
        return PIL.Image.open(io.BytesIO(resvg_py.svg_to_bytes(svg_string=svg, width=2 * SIDE)))
    except ValueError as error:
        raise DataError(
            f"{name} cannot be rendered ({error}); check the installed resvg-py"
        ) from error


def _read(path: Path) -> dict[str, Any]:
    table: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return table
