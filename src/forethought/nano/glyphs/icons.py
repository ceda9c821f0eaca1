"""Read line icons as concepts: names and tags, without the logos of companies."""

import json
from pathlib import Path

from forethought.nano.glyphs.concepts import Concept, merge_keywords
from forethought.nano.glyphs.variants import icon_family

_LEAST_TAGS = 3


def read_icons(tabler: Path) -> list[Concept]:
    """Read every outline icon that has at least three tags and is no brand.

    Args:
        tabler: the folder of the unpacked package.
    """
    table = json.loads((tabler / "icons.json").read_text("utf-8"))
    concepts = []
    for key, row in sorted(table.items()):
        keywords = merge_keywords(_plain(key), [[_plain(str(tag)) for tag in row["tags"]]])
        brand = row["category"] == "Brand" or key.startswith("brand-")
        if "outline" in row["styles"] and not brand and len(keywords) >= _LEAST_TAGS:
            concepts.append(_concept(key, row["category"], keywords))
    return concepts


def _concept(key: str, category: str, keywords: tuple[str, ...]) -> Concept:
    return Concept(
        concept=f"icon-{key}",
        kind="icon",
        family=f"icon:{icon_family(key)}",
        split="train",
        name=_plain(key),
        keywords=keywords,
        gloss="",
        group="icon",
        subgroup=category.lower(),
    )


def _plain(name: str) -> str:
    return name.replace("-", " ")
