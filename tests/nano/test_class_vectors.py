import pytest
import torch
from torch.nn import functional as F

from forethought.errors import DataError
from forethought.nano.class_vectors import (
    TIMM,
    ImageNetClass,
    class_vectors,
    find_synset,
    hypernym_names,
    read_classes,
    vectors_of,
)
from forethought.nano.glyphs.wordnet import Nouns
from forethought.nano.packages import MARKER, unpacked_folder

CHAIN = (
    ("golden retriever", "a breed with a golden coat"),
    ("retriever", "a dog that fetches game"),
    ("sporting dog", "a dog for hunting birds"),
    ("hunting dog", "a dog for hunting"),
    ("artifact", "a thing made on purpose"),
    ("dog, domestic dog", "a barking mammal"),
    ("mammal", "an animal with milk"),
    ("entity", "that which is"),
)
CRANES = (("crane", "a wading bird with long legs"), ("crane", "a machine that lifts loads"))


def line(offset: int, lemmas: str, gloss: str, up: int | None) -> str:
    names = lemmas.replace(" ", "_").replace(",_", ", ").split(", ")
    parent = f"001 @ {up:08d} n 0000" if up else "000"
    words = " ".join(f"{name} 0" for name in names)
    return f"{offset:08d} 05 n {len(names):02x} {words} {parent} | {gloss}  "


@pytest.fixture
def nouns():
    """A chain of hypernyms numbered from 1, and two cranes under the dog."""
    lines = {}
    senses: dict[str, tuple[str, ...]] = {}
    rows: list[tuple[str, str, int | None]]
    rows = [(*row, number) for number, row in enumerate(CHAIN, 2)]
    rows[-1] = (*CHAIN[-1], None)
    rows += [(*row, 6) for row in CRANES]
    for number, (lemmas, gloss, up) in enumerate(rows, 1):
        key = f"{number:08d}"
        lines[key] = line(number, lemmas, gloss, up)
        for lemma in lemmas.split(", "):
            name = lemma.replace(" ", "_")
            senses[name] = (*senses.get(name, ()), key)
    return Nouns(senses, lines, {})


class Letters:
    """A text encoder whose vectors count letters, at unit length."""

    width = 26

    def __call__(self, texts):
        counts = torch.tensor(
            [
                [float(text.lower().count(chr(97 + letter))) for letter in range(26)]
                for text in texts
            ]
        )
        return F.normalize(counts, dim=-1)


def test_a_synset_is_found_by_its_lemmas_and_its_gloss(nouns):
    bird = ImageNetClass(("crane",), "large wading bird, long legs")
    lift = ImageNetClass(("crane",), "a machine lifting heavy loads")
    assert nouns.definition(find_synset(nouns, bird)) == CRANES[0][1]
    assert nouns.definition(find_synset(nouns, lift)) == CRANES[1][1]


def test_a_class_that_is_no_noun_of_wordnet_is_named(nouns):
    with pytest.raises(DataError, match="tench, Tinca tinca: no noun of WordNet"):
        find_synset(nouns, ImageNetClass(("tench", "Tinca tinca"), "a fish"))


def test_four_hypernyms_are_named_without_the_general_ones(nouns):
    names = ["retriever", "sporting dog", "hunting dog", "dog, domestic dog"]
    assert hypernym_names(nouns, "00000001") == names
    assert hypernym_names(nouns, "00000006") == ["mammal"]
    assert hypernym_names(nouns, "00000008") == []


def test_each_hypernym_adds_less_than_the_one_below_it(nouns):
    texts = Letters()
    (vector,) = vectors_of([ImageNetClass(("sporting dog",), CHAIN[2][1])], nouns, texts)
    itself, hunting, dog, mammal = texts(
        ["sporting dog", "hunting dog", "dog, domestic dog", "mammal"]
    )
    expected = itself + 0.6 * hunting + 0.48 * dog + 0.384 * mammal
    torch.testing.assert_close(vector, F.normalize(expected, dim=0))


def test_classes_are_read_in_the_order_of_the_synsets(tmp_path):
    info = tmp_path / "timm" / "data" / "_info"
    info.mkdir(parents=True)
    (info / "imagenet_synsets.txt").write_text("n02\nn01\n")
    (info / "imagenet_synset_to_lemma.txt").write_text("n01\ttench, Tinca tinca\nn02\tyak\n")
    (info / "imagenet_synset_to_definition.txt").write_text("n01\ta fish\nn02\tan ox; hairy\n")
    assert read_classes(tmp_path) == [
        ImageNetClass(("yak",), "an ox; hairy"),
        ImageNetClass(("tench", "Tinca tinca"), "a fish"),
    ]


def test_classes_without_their_package_cannot_be_read(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/")
    monkeypatch.setenv("PIP_RETRIES", "0")
    folder = unpacked_folder(TIMM, tmp_path)
    folder.mkdir(parents=True)
    (folder / MARKER).write_text("of another archive")
    with pytest.raises(DataError, match=r"timm@1\.0\.31 could not be downloaded"):
        class_vectors(Letters(), tmp_path)
