from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from forethought.errors import DataError
from forethought.nano.glyphs import gallery, sources
from tests.nano.unpacked import put

DEMO = Path(__file__).resolve().parents[3] / "demo" / "gallery"
ENDINGS = {".jpg", ".png", ".webp"}

APPLE = {"body": '<circle cx="8" cy="8" r="6" fill="#f00"/>', "width": 16, "height": 16}


@pytest.fixture
def cache(tmp_path):
    """Unpacked packages with one drawing each: an apple."""
    home = tmp_path / "cache"

    for source in (sources.NOTO, sources.TWEMOJI, sources.FLAT):
        put(home, source, "icons.json", {"icons": {"red-apple": APPLE}})
        put(home, source, "chars.json", {"1f34e": "red-apple"})
    put(home, sources.ROUND, "icons.json", {"icons": {}})
    put(home, sources.COUNTRIES, "countries.json", [])
    for source in (sources.OPENMOJI, sources.TABLER, sources.LUCIDE):
        put(home, source, "package.json", {})
    webp = put(home, sources.FLUENT3D, "assets/1f34e.webp", b"")
    PIL.Image.new("RGBA", (256, 256), (255, 0, 0, 0)).save(webp)
    return home


@pytest.fixture
def choose(tmp_path):
    """Writes a choice of pictures: file and id."""

    def write(*rows):
        path = tmp_path / "choice.tsv"
        path.write_text("file\tpicture\n" + "".join(f"{a}\t{b}\n" for a, b in rows))
        return path

    return write


def test_the_suffix_decides_the_format(cache, choose, tmp_path):
    rows = [
        ("food/apple.png", "noto/1f34e"),
        ("food/soft.webp", "fluent3d/1f34e"),
        ("apple.jpg", "flat/1f34e"),
    ]
    out = tmp_path / "out"
    assert gallery.build_gallery(out, cache, choice=choose(*rows)) == 3
    kinds = {}
    for name, _ in rows:
        with PIL.Image.open(out / name) as picture:
            kinds[name] = (picture.format, int(np.asarray(picture.convert("RGBA"))[0, 0, 3]))
    # Opaque in the corner only where the format cannot be transparent.
    assert kinds == {
        "food/apple.png": ("PNG", 0),
        "food/soft.webp": ("WEBP", 0),
        "apple.jpg": ("JPEG", 255),
    }


def test_the_licences_name_package_version_credit_and_files(cache, choose, tmp_path):
    choice = choose(("a.png", "noto/1f34e"), ("b.png", "flat/1f34e"))
    gallery.build_gallery(tmp_path, cache, choice=choice)
    text = (tmp_path / "LICENSES.md").read_text()
    noto, flat = text.split("## @iconify-json/noto 1.2.9")[::-1]
    assert "Noto Emoji, Google Inc. Licence: Apache-2.0" in noto
    assert "- a.png" in noto
    assert "Microsoft Corporation. Licence: MIT" in flat
    assert "Permission is hereby granted" in text


def test_a_picture_under_another_licence_is_refused(cache, choose, tmp_path):
    message = r"choice\.tsv: twemoji/1f34e is under CC-BY-4\.0; the gallery ships Apache-2\.0"
    # The style twemoji draws emoji too; its licence asks for more than a notice.
    with pytest.raises(DataError, match=message):
        gallery.build_gallery(tmp_path, cache, choice=choose(("a.png", "twemoji/1f34e")))


def test_a_picture_in_no_package_is_refused(cache, choose, tmp_path):
    with pytest.raises(DataError, match=r"choice\.tsv: no package draws noto/1f40e"):
        gallery.build_gallery(tmp_path, cache, choice=choose(("a.png", "noto/1f40e")))


def test_the_shipped_gallery_is_the_choice():
    rows = [line.split("\t") for line in gallery.CHOICE.read_text().splitlines()[1:]]
    shipped = {p.relative_to(DEMO).as_posix() for p in DEMO.rglob("*") if p.suffix in ENDINGS}
    assert {file for file, _ in rows} == shipped
    assert len({picture for _, picture in rows}) == len(rows) >= 300


def test_every_shipped_picture_has_its_licence():
    lines = (DEMO / "LICENSES.md").read_text().splitlines()
    shipped = [p.relative_to(DEMO).as_posix() for p in DEMO.rglob("*") if p.suffix in ENDINGS]
    assert not [name for name in shipped if f"- {name}" not in lines]
