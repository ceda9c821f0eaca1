"""Read emoji and clock faces as concepts: names, merged keywords, groups, families."""

import json
from pathlib import Path
from typing import Any

from forethought.nano.glyphs.clocks import face_of, spoken
from forethought.nano.glyphs.concepts import Concept, merge_keywords
from forethought.nano.glyphs.variants import emoji_marks, join_families
from forethought.nano.glyphs.wordnet import Nouns

_NAMES = Path("annotations", "en", "annotations.json")
_SKIPPED = ("extras", "component", "flags")

# Chosen by eye: WordNet's first sense is another thing, or a part, or too vague.
_OTHER_SENSE = {
    "banana", "bell pepper", "black cat", "black flag", "blowfish", "blue book", "church",
    "cucumber", "deer", "dolphin", "ghost", "hook", "hot pepper", "hut", "joker", "lollipop",
    "lotus", "mango", "peach", "pill", "popcorn", "radio", "sponge", "tram", "trophy",
}  # fmt: skip


def read_emoji(openmoji: Path, cldr: Path, emojilib: Path, *, nouns: Nouns) -> list[Concept]:
    """Read every emoji without skin tone that CLDR names, except flags of countries and regions.

    Args:
        openmoji: the folder of the unpacked package, as are `cldr` and `emojilib`.
    """
    named = _bare_keys(_table(cldr / _NAMES)["annotations"]["annotations"])
    emojilib_words = _bare_keys(_table(emojilib / "dist" / "emoji-en-US.json"))
    listed: list[dict[str, Any]] = json.loads(
        (openmoji / "data" / "openmoji.json").read_text("utf-8")
    )
    rows = {
        code_of(row["emoji"]): row
        for row in listed
        if _is_wanted(row) and code_of(row["emoji"]) in named
    }
    names = {code: named[code]["tts"][0] for code in rows}
    families = join_families({code: emoji_marks(code, name) for code, name in names.items()})
    return [
        _concept(row, named[code], emojilib_words.get(code, []), family=families[code], nouns=nouns)
        for code, row in sorted(rows.items())
    ]


def code_of(characters: str) -> str:
    """An emoji's code points in hexadecimal, without the variation selector for colour."""
    return "-".join(f"{ord(one):x}" for one in characters if one != "\ufe0f")


def _concept(
    row: dict[str, Any], cldr: dict[str, Any], words: list[str], *, family: str, nouns: Nouns
) -> Concept:
    code = code_of(row["emoji"])
    name = cldr["tts"][0].replace("\u2019", "'")
    lists = [cldr["default"], words[1:], _tags(row["tags"]) + _tags(row["openmoji_tags"])]
    keywords = merge_keywords(name, lists)
    face = face_of(code)
    plain = face is None and name not in _OTHER_SENSE
    gloss = nouns.gloss(name, [*keywords, row["group"], row["subgroups"]]) if plain else ""
    subgroup = row["subgroups"]
    return Concept(
        concept=code,
        kind="emoji" if face is None else "clock",
        family=f"emoji:{family}" if face is None else "clock",
        split="train",
        name=name if face is None else spoken(face),
        keywords=keywords,
        gloss=gloss,
        group=row["group"],
        subgroup=subgroup,
    )


def _is_wanted(row: dict[str, Any]) -> bool:
    if row["subgroups"] in {"country-flag", "subdivision-flag"}:
        return False
    skipped = row["group"].startswith(_SKIPPED) and row["subgroups"] != "flag"
    return row["skintone"] == "" and not skipped


def _tags(joined: str) -> list[str]:
    return [tag.strip() for tag in joined.split(",") if tag.strip()]


def _bare_keys(table: dict[str, Any]) -> dict[str, Any]:
    return {code_of(characters): value for characters, value in table.items()}


def _table(path: Path) -> dict[str, Any]:
    table: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return table
