"""Hand-made packages, laid out as they are after unpacking: a few emoji, icons and countries.

The ids are real ones, so that the committed splits apply: apples, a snake, a firefighter and
all clock faces are in the train split, the pizza in dev, a joker and a key are held out.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import PIL.Image
import pytest

from forethought.nano.glyphs import build_glyphs, sources
from forethought.nano.glyphs.build import Manifest
from forethought.nano.glyphs.clocks import FACES, code_of_face, spoken
from forethought.nano.glyphs.countries import Country
from forethought.nano.packages import unpacked_folder
from tests.nano.unpacked import country_row, put

EMOJI = {
    "1f34e": ("red apple", "food-drink", "food-fruit", ["apple", "fruit", "health", "red"]),
    "1f34f": ("green apple", "food-drink", "food-fruit", ["apple", "fruit", "green", "sour"]),
    "1f40d": ("snake", "animals-nature", "animal-reptile", ["hiss", "python", "reptile"]),
    "1f9d1-200d-1f692": ("firefighter", "people-body", "person-role", ["fire", "hose", "truck"]),
    "1f355": ("pizza", "food-drink", "food-prepared", ["cheese", "dough", "slice"]),
    "1f0cf": ("joker", "activities", "game", ["card", "game", "wildcard"]),
    "1f511": ("key", "objects", "lock", ["lock", "metal", "password"]),
}
ICONS = {
    "home": ("Buildings", ["house", "dwelling", "start"]),
    "home-off": ("Buildings", ["house", "dwelling", "disabled"]),
    "umbrella": ("Weather", ["rain", "weather", "protection"]),
    "brand-acme": ("Brand", ["acme", "company", "logo"]),
}
NOUNS = (
    ("snake", "01", "limbless scaly elongate reptile; some are venomous", "02"),
    ("reptile", "02", "a cold-blooded vertebrate", "03"),
    ("key", "04", 'metal device for a lock; "he lost his key"', "05"),
    ("pizza", "06", "a tower that leans", "05"),
)
ROOTS = (
    ("animal", "03", "a living organism"),
    ("artifact", "05", "a man-made object"),
)
"""Hypernyms that are no nouns of the index."""


COUNTRIES = [
    country_row(
        "BO",
        "BOL",
        "Bolivia",
        capital=["Sucre"],
        people="Bolivian",
        money=["Bolivian boliviano"],
        spoken=["Spanish", "Aymara"],
        landlocked=True,
        borders=["PER", "PRY"],
    ),
    country_row(
        "PE",
        "PER",
        "Peru",
        capital=["Lima"],
        people="Peruvian",
        money=["Peruvian sol"],
        spoken=["Spanish", "Aymara"],
        borders=["BOL"],
    ),
    country_row(
        "PY",
        "PRY",
        "Paraguay",
        capital=["Asunción"],
        people="Paraguayan",
        money=["Paraguayan guaraní"],
        spoken=["Guaraní"],
        landlocked=True,
        borders=["BOL"],
    ),
    country_row(
        "NL",
        "NLD",
        "Netherlands",
        subregion="Western Europe",
        capital=["Amsterdam"],
        people="Dutch",
        money=["Euro"],
        spoken=["Dutch"],
    ),
]


@pytest.fixture
def table(tmp_path):
    """Writes rows as a countries package; a row has the arguments of `country_row`."""

    def write(*rows):
        countries = [country_row(*names, **facts) for *names, facts in rows]
        (tmp_path / "countries.json").write_text(json.dumps(countries))
        return tmp_path

    return write


@pytest.fixture
def bolivia():
    """A country with two of its neighbours."""
    return Country(
        code="bo",
        long_code="bol",
        name="Bolivia",
        called="Bolivia",
        capitals=("Sucre",),
        demonym="Bolivian",
        currencies=("Bolivian boliviano",),
        subregion="South America",
        languages=("Aymara", "Spanish"),
        landlocked=True,
        borders=("Argentina", "Brazil"),
    )


@pytest.fixture(scope="session")
def cache(tmp_path_factory):
    """A cache that holds every package."""
    home = tmp_path_factory.mktemp("cache")
    _put_drawings(home)
    _put_words(home)
    _put_flags(home)
    return home


def _svg(width=16):
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} 16" width="{width}" '
        f'height="16"><rect width="{width}" height="16" fill="#246"/></svg>'
    )


def _put_drawings(home):
    codes = [*EMOJI, *map(code_of_face, FACES)]
    icons = {code: {"body": '<circle cx="8" cy="8" r="6" fill="#f00"/>'} for code in codes}
    for source in (sources.NOTO, sources.TWEMOJI, sources.FLAT):
        put(home, source, "icons.json", {"icons": icons})
        put(home, source, "chars.json", {code: code for code in codes})
    for code in codes:
        put(home, sources.OPENMOJI, f"color/svg/{code.upper()}.svg", _svg())
        webp = put(home, sources.FLUENT3D, f"assets/{code}.webp", b"")
        PIL.Image.new("RGBA", (20, 10), (0, 0, 255, 255)).save(webp)
    for name in ICONS:
        put(home, sources.TABLER, f"icons/outline/{name}.svg", _svg())
        put(home, sources.LUCIDE, f"icons/{name}.svg", _svg(32))


def _put_words(home):
    none: list[str] = []
    faces = {code_of_face(face): (spoken(face), "travel-places", "time", none) for face in FACES}
    emoji = {
        "".join(chr(int(point, 16)) for point in code.split("-")): fields
        for code, fields in {**EMOJI, **faces}.items()
    }
    rows = [
        {"emoji": one, "group": group, "subgroups": sub, "tags": "", "openmoji_tags": ""}
        | {"skintone": ""}
        for one, (_, group, sub, _) in emoji.items()
    ]
    named = {one: {"default": words, "tts": [name]} for one, (name, _, _, words) in emoji.items()}
    put(home, sources.OPENMOJI, "data/openmoji.json", rows)
    annotations = {"annotations": {"annotations": named}}
    put(home, sources.CLDR, "annotations/en/annotations.json", annotations)
    put(home, sources.EMOJILIB, "dist/emoji-en-US.json", {"🐍": ["snake", "python", "sneaky"]})
    icons = {
        name: {"name": name, "category": category, "tags": tags, "styles": {"outline": {}}}
        for name, (category, tags) in ICONS.items()
    }
    put(home, sources.TABLER, "icons.json", icons)
    _put_nouns(home)


def _put_nouns(home):
    index = "".join(f"{lemma} n 1 1 @ 1 1 000000{at}  \n" for lemma, at, _, _ in NOUNS)
    data = "".join(
        f"000000{at} 05 n 01 {lemma} 0 001 @ 000000{up} n 0000 | {gloss}  \n"
        for lemma, at, gloss, up in NOUNS
    )
    data += "".join(f"000000{at} 03 n 01 {lemma} 0 000 | {gloss}  \n" for lemma, at, gloss in ROOTS)
    senses = "".join(f"{lemma}%1:05:00:: 000000{at} 1 7\n" for lemma, at, _, _ in NOUNS)
    put(home, sources.WORDNET, "dict/index.noun", f"  1 a licence\n{index}")
    put(home, sources.WORDNET, "dict/data.noun", f"  1 a licence\n{data}")
    put(home, sources.WORDNET, "dict/index.sense", senses)


def _put_flags(home):
    put(home, sources.COUNTRIES, "countries.json", COUNTRIES)
    letters = {row["cca2"].lower(): row["cca3"].lower() for row in COUNTRIES}
    codes = {
        two: "-".join(f"{0x1F1E6 + ord(letter) - ord('a'):x}" for letter in two) for two in letters
    }
    for two, three in letters.items():
        put(home, sources.COUNTRIES, f"data/{three}.svg", _svg(24))
        put(home, sources.OPENMOJI, f"color/svg/{codes[two].upper()}.svg", _svg())
    flags = {two: {"body": '<rect width="9" height="9"/>'} for two in letters}
    # As in the package: the round icon `ar` is of Arabic, not of Argentina.
    put(home, sources.ROUND, "icons.json", {"icons": {**flags, "ar": {"body": "<path/>"}}})
    twemoji = unpacked_folder(sources.TWEMOJI.package, home)
    icons = json.loads((twemoji / "icons.json").read_text("utf-8"))["icons"] | flags
    names = json.loads((twemoji / "chars.json").read_text("utf-8"))
    names |= {code: two for two, code in codes.items()}
    put(home, sources.TWEMOJI, "icons.json", {"icons": icons})
    put(home, sources.TWEMOJI, "chars.json", names)


@dataclass(frozen=True)
class Built:
    """The data set of the hand-made packages, and what was called with its progress."""

    folder: Path
    manifest: Manifest
    progress: tuple[tuple[int, int, str], ...]


@pytest.fixture(scope="session")
def built(cache, tmp_path_factory):
    """Built once: tests read it, and those that change it take a copy."""
    out = tmp_path_factory.mktemp("glyphs")
    calls = []
    manifest = build_glyphs(out, cache, progress=lambda *call: calls.append(call))
    return Built(out, manifest, tuple(calls))
