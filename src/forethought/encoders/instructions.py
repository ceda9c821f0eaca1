"""The instructions that a family uses where a caller gives none, each with its source.

They depend on the side and on what the message holds: a benchmark's instruction for captions
means nothing before a picture.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from forethought.types import ContentKind, Side


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction; "" is none. `source` says where it was published."""

    text: str
    source: str


Instructions = Mapping[Side, Mapping[ContentKind, str]]
"""The text of every side and kind of content."""
PublishedInstructions = Mapping[Side, Mapping[ContentKind, Instruction]]


def texts_of(published: PublishedInstructions) -> Instructions:
    """The same instructions without their sources."""
    return {
        side: {kind: instruction.text for kind, instruction in kinds.items()}
        for side, kinds in published.items()
    }


def same_for_all(*, query: str, document: str, source: str) -> PublishedInstructions:
    """One instruction a side, whatever the message holds."""
    texts = {Side.QUERY: query, Side.DOCUMENT: document}
    return MappingProxyType(
        {
            side: MappingProxyType(dict.fromkeys(ContentKind, Instruction(text, source)))
            for side, text in texts.items()
        }
    )


def _by_kind(
    query: Mapping[ContentKind, tuple[str, str]], document: Mapping[ContentKind, tuple[str, str]]
) -> PublishedInstructions:
    return MappingProxyType(
        {
            side: MappingProxyType({kind: Instruction(*table[kind]) for kind in ContentKind})
            for side, table in ((Side.QUERY, query), (Side.DOCUMENT, document))
        }
    )


_NO_TEXT = ("", "MMEB: targets of words have no instruction")
_MMEB_DOCUMENT = {
    ContentKind.TEXT: _NO_TEXT,
    ContentKind.PICTURE: ("Represent the given image.", "MMEB, target of MSCOCO_t2i"),
    ContentKind.PICTURE_AND_TEXT: (
        "Represent the given image with related text information:",
        "MMEB, target of EDIS",
    ),
    ContentKind.VIDEO: (
        "Understand the content of the provided video.",
        "MMEB-V2, target of MSR-VTT",
    ),
    ContentKind.PAGE: (
        "Understand the content of the provided document image.",
        "MMEB-V2, target of VisRAG",
    ),
}


def _mmeb(video: tuple[str, str]) -> PublishedInstructions:
    query = {
        ContentKind.TEXT: (
            "Find me an everyday image that matches the given caption:",
            "MMEB, query of MSCOCO_t2i",
        ),
        ContentKind.PICTURE: (
            "Find a day-to-day image that looks similar to the provided image.",
            "MMEB, query of NIGHTS",
        ),
        ContentKind.PICTURE_AND_TEXT: (
            "Represent the given image with the following question:",
            "MMEB, query of A-OKVQA and nine more",
        ),
        ContentKind.VIDEO: video,
        ContentKind.PAGE: ("Represent the given image.", "MMEB, target of Wiki-SS-NQ"),
    }
    return _by_kind(query, _MMEB_DOCUMENT)


MMEB = _mmeb(("Represent the given video.", "README of TIGER-AI-Lab/VLM2Vec"))
"""The instructions of MMEB (arXiv 2410.05160) and MMEB-V2 (arXiv 2507.04590)."""
UME_R1 = _mmeb(("Represent this video.", "README of XMUDeepLIT/UME-R1"))
"""Those of MMEB, which UME-R1 was trained with."""
RGE = _by_kind(
    query={
        ContentKind.TEXT: (
            "Describe and represent the following descriptive caption for everyday image "
            "retrieval:",
            "MCG-NJU/RGE, query of MSCOCO_t2i",
        ),
        ContentKind.PICTURE: (
            "Describe and represent the above day-to-day image for a similar image retrieval.",
            "MCG-NJU/RGE, query of NIGHTS",
        ),
        ContentKind.PICTURE_AND_TEXT: (
            "Answer the question based on the given image:",
            "MCG-NJU/RGE, query of A-OKVQA",
        ),
        ContentKind.VIDEO: ("", "none published: RGE was trained on pictures"),
        ContentKind.PAGE: ("", "none published for a page alone"),
    },
    document={
        ContentKind.TEXT: (
            "Summarize the following sentence in one word:",
            "MCG-NJU/RGE, target of MSCOCO_i2t",
        ),
        ContentKind.PICTURE: (
            "Summarize the given image in one word",
            "MCG-NJU/RGE, target of MSCOCO_t2i",
        ),
        ContentKind.PICTURE_AND_TEXT: (
            "Summarize the given image with the following related text information in one word:",
            "MCG-NJU/RGE, target of EDIS",
        ),
        ContentKind.VIDEO: ("", "none published: RGE was trained on pictures"),
        ContentKind.PAGE: (
            "Summarize the given image in one word",
            "MCG-NJU/RGE, target of Wiki-SS-NQ",
        ),
    },
)
"""Those of MMEB as RGE rewrote them (its `src/*_replacements*.yaml`)."""
QWEN3_VL_EMBEDDING = same_for_all(
    query="Retrieve images or text relevant to the user's query.",
    document="Represent the user's input.",
    source="README of QwenLM/Qwen3-VL-Embedding",
)
"""Those of its examples, whatever the message holds."""
FORETHOUGHT = same_for_all(
    query="Find the picture these words describe.",
    document="Picture.",
    source="this repository; the card of a folder takes precedence",
)
"""Those of the shipped model's training."""
