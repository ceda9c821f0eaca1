"""The field's terms only: the words in `old_words.txt` do not come back."""

import io
import re
import tokenize
from pathlib import Path

import pytest

NOT_OURS = ("models/", "demo/gallery/", "CHANGELOG.md", "LICENSE")


@pytest.fixture(scope="module")
def words():
    """The two lists of the file beside this one."""
    text = (Path(__file__).parent / "old_words.txt").read_text()
    _, identifiers, prose = re.split(r"\[\w+\]\n", text)
    return set(identifiers.split()), prose.strip().split("\n")


@pytest.fixture(scope="module")
def texts(tracked, root):
    """Every Python file and every page of prose, by its path."""
    paths = {str(path.relative_to(root)): path for path in tracked}
    return {
        name: path.read_text()
        for name, path in paths.items()
        if path.suffix in {".py", ".md"} and not any(part in name for part in NOT_OURS)
    }


def _names(text):
    """Every identifier and its parts; the name of a test is a sentence, and prose."""
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    names = {token.string for token in tokens if token.type == tokenize.NAME}
    names -= {name for name in names if name.startswith("test_")}
    return {part for name in names for part in (name, *name.split("_"))}


def test_no_identifier_is_of_the_old_vocabulary(words, texts):
    identifiers, _ = words
    found = {
        name: sorted(identifiers & _names(text))
        for name, text in texts.items()
        if name.endswith(".py")
    }
    assert not {name: hits for name, hits in found.items() if hits}


def test_no_sentence_uses_the_old_vocabulary(words, texts):
    _, prose = words
    # An underscore joins words in the name of a test.
    pattern = re.compile(rf"(?<![a-z])(?:{'|'.join(prose)})(?![a-z])", re.IGNORECASE)
    found = {name: sorted(set(pattern.findall(text))) for name, text in texts.items()}
    assert not {name: hits for name, hits in found.items() if hits}
