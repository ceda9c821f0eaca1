"""Draw the sample gallery: drawings under plain names, from permissive packages only."""

from collections.abc import Iterator
from pathlib import Path

import PIL.Image

from forethought.errors import DataError
from forethought.files import write_text
from forethought.nano.glyphs.concepts import Concept, Kind
from forethought.nano.glyphs.countries import read_countries
from forethought.nano.glyphs.drawings import Drawing, drawings
from forethought.nano.glyphs.sources import (
    COUNTRIES,
    FLAT,
    FLUENT3D,
    LUCIDE,
    NOTO,
    OPENMOJI,
    ROUND,
    TABLER,
    TWEMOJI,
    Source,
)
from forethought.nano.packages import unpack

CHOICE = Path(__file__).with_name("gallery.tsv")
"""The pictures of the gallery: file names and ids of drawings."""

PERMISSIVE = ("Apache-2.0", "ISC", "MIT")
"""The licences under which the repository ships pictures: none is share-alike."""

# All that `drawings` reads; a picture of OpenMoji or Twemoji is refused for its licence.
_SOURCES = (NOTO, TWEMOJI, FLAT, OPENMOJI, FLUENT3D, COUNTRIES, ROUND, TABLER, LUCIDE)

_MIT = """Permission is hereby granted, free of charge, to any person obtaining a copy of this software and
associated documentation files (the "Software"), to deal in the Software without restriction,
including without limitation the rights to use, copy, modify, merge, publish, distribute,
sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or
substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT
NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND
NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM,
DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT
OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE."""

_ISC = """Permission to use, copy, modify, and/or distribute this software for any purpose with or without
fee is hereby granted, provided that the above copyright notice and this permission notice appear
in all copies.

THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES WITH REGARD TO THIS
SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE
AUTHOR BE LIABLE FOR ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES
WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN ACTION OF CONTRACT,
NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF OR IN CONNECTION WITH THE USE OR PERFORMANCE
OF THIS SOFTWARE."""

_TEXTS = {
    "Apache-2.0": "The text is in the repository's [LICENSE](../../LICENSE).",
    "ISC": _ISC,
    "MIT": _MIT,
}


def build_gallery(out: Path, cache: Path | None = None, *, choice: Path = CHOICE) -> int:
    """Draw every picture that a table lists, with a `LICENSES.md` beside them.

    The suffix of a file decides its format: PNG and WebP are transparent, JPEG is on white.
    Returns the number of pictures.

    Raises:
        DataError: if a package cannot be downloaded, a picture is in no package, or its
            licence is not permissive.
    """
    files = _read_choice(choice)
    # Before anything is downloaded: a folder that cannot be made is an error at once.
    out.mkdir(parents=True, exist_ok=True)
    written: dict[Source, list[str]] = {}
    for drawing in _drawings(set(files), cache):
        licence = drawing.source.package.licence
        if licence not in PERMISSIVE:
            raise DataError(
                f"{choice.name}: {drawing.picture} is under {licence}; "
                f"the gallery ships {', '.join(PERMISSIVE)} only: choose another style"
            )
        file = files.pop(drawing.picture)
        _write(drawing.draw(), out / file)
        written.setdefault(drawing.source, []).append(file)
    if files:
        raise DataError(
            f"{choice.name}: no package draws {', '.join(sorted(files))}; delete these rows"
        )
    write_text(out / "LICENSES.md", _licences(written))
    return sum(map(len, written.values()))


def _read_choice(choice: Path) -> dict[str, str]:
    """The file of each picture, by the picture's id."""
    rows = (line.split("\t") for line in choice.read_text("utf-8").splitlines()[1:])
    return {picture: file for file, picture in rows}


def _drawings(pictures: set[str], cache: Path | None) -> Iterator[Drawing]:
    folders = {source: unpack(source.package, cache) for source in _SOURCES}
    names = {picture.partition("/")[2] for picture in pictures}
    concepts = [_bare(name) for name in sorted(names) if not name.startswith("flag-")]
    countries = [one for one in read_countries(folders[COUNTRIES]) if one.concept in names]
    for drawing in drawings(concepts, countries, folders):
        if drawing.picture in pictures:
            yield drawing


def _bare(concept: str) -> Concept:
    """A concept with the fields that `drawings` reads, and no texts."""
    kind: Kind = "icon" if concept.startswith("icon-") else "emoji"
    return Concept(concept, kind, concept, "train", concept, (), "", "", "")


def _write(picture: PIL.Image.Image, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".jpg":
        white = PIL.Image.new("RGBA", picture.size, "white")
        flat = PIL.Image.alpha_composite(white, picture.convert("RGBA")).convert("RGB")
        flat.save(path, "JPEG", quality=90)
    elif path.suffix == ".webp":
        picture.save(path, "WEBP", quality=88, method=6)
    else:
        picture.save(path, "PNG", optimize=True)


def _licences(written: dict[Source, list[str]]) -> str:
    lines = ["# Where these pictures come from", ""]
    for source, names in sorted(written.items(), key=lambda item: str(item[0].package)):
        package = source.package
        lines += [
            f"## {package.name} {package.version}",
            "",
            f"{source.attribution}. Licence: {package.licence}, as below. {len(names)} files:",
            "",
            *(f"- {name}" for name in sorted(names)),
            "",
        ]
    for licence in sorted({source.package.licence for source in written}):
        lines += [f"## {licence}", "", _TEXTS[licence], ""]
    return "\n".join(lines)
