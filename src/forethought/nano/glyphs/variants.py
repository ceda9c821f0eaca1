"""Families of near-duplicates: emoji and icons that differ by person, direction, colour, size."""

import re

_WHO = {
    "man", "woman", "men", "women", "person", "people", "boy", "girl", "boys", "girls", "child",
    "adult", "baby", "older", "old", "deaf",
}  # fmt: skip
_LOOK = {
    "red", "orange", "yellow", "green", "blue", "purple", "brown", "black", "white", "pink",
    "grey", "light", "small", "medium", "large", "medium-small", "medium-large", "big",
}  # fmt: skip
_RELATIVES = ("family", "couple", "kiss")
_PEOPLE = {
    **dict.fromkeys(
        ("1f468", "1f469", "1f466", "1f467", "1f9d2", "1f474", "1f475", "1f9d3"), "1f9d1"
    ),
    **dict.fromkeys(("1f385", "1f936"), "1f385"),
    **dict.fromkeys(("1f934", "1f478", "1fac5"), "1f934"),
    **dict.fromkeys(("1f470", "1f935"), "1f935"),
}
_VARIANTS = re.compile(r"^(1f3f[b-f]|2640|2642|200d|fe0f|1f9b[0-3]|27a1)$")
_MODIFIERS = {
    "off", "plus", "minus", "filled", "x", "check", "cancel", "code", "cog", "discount", "dollar",
    "down", "exclamation", "heart", "pause", "pin", "question", "search", "share", "star", "up",
    "bolt", "edit", "pencil", "left", "right", "alt", "circle", "square", "dot", "dots", "open",
    "rounded", "badge", "ad", "top", "bottom", "horizontal", "vertical", "in", "out", "outline",
    "triangle", "hexagon", "octagon", "big", "small", "dashed", "octagonal", "user", "import",
    "export", "settings", "repeat", "percent", "icon", "list", "lock", "box",
}  # fmt: skip


def emoji_marks(code: str, name: str) -> tuple[str, str]:
    """Two marks of an emoji's family: its bare code points and its bare name.

    Emoji that share either mark are variants of one another.
    """
    points = [_PEOPLE.get(point, point) for point in code.split("-")]
    bare = "-".join(point for point in points if not _VARIANTS.match(point))
    return bare or code, bare_name(name)


def bare_name(name: str) -> str:
    """A name without person, direction, colour and size."""
    plain = name.lower().split(":")[0]
    if plain.startswith(_RELATIVES):
        return "family"
    if plain.startswith("keycap"):
        return "keycap"
    words = plain.replace("\u2019", "'").split()
    if "moon" in words:
        return "moon"
    stem = [word for word in words if word not in _WHO | _LOOK]
    if len(stem) > 1 and stem[-1] == "face":
        stem = stem[:-1]
    return " ".join(stem) or "person"


def icon_family(name: str) -> str:
    """An icon's name without endings of variants, such as `-off` or `-2`."""
    words = name.split("-")
    while len(words) > 1 and (words[-1] in _MODIFIERS or words[-1].isdigit()):
        words.pop()
    return "-".join(words)


def join_families(marks: dict[str, tuple[str, str]]) -> dict[str, str]:
    """Map every key to its family: keys that share a mark, even through others, are one family."""
    parent: dict[tuple[int, str], tuple[int, str]] = {}

    def root(mark: tuple[int, str]) -> tuple[int, str]:
        while parent.setdefault(mark, mark) != mark:
            mark = parent[mark]
        return mark

    for code, name in marks.values():
        parent[root((0, code))] = root((1, name))
    names: dict[tuple[int, str], str] = {}
    for _, name in sorted(marks.values(), key=lambda pair: (len(pair[1]), pair[1])):
        names.setdefault(root((1, name)), name)
    return {key: names[root((1, name))] for key, (_, name) in marks.items()}
