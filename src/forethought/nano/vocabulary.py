"""The tokenizer of a new model: a byte-level BPE learned from what it will read and write."""

import re
from collections.abc import Iterable, Iterator

from tokenizers import (
    AddedToken,
    Regex,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    trainers,
)

from forethought.data import ExampleSource
from forethought.errors import ConfigError
from forethought.nano.glyph_examples import GlyphExamples, read_texts
from forethought.renderers import TAGS

_BLANK = Regex(r"^ (?=\s)")
_LINE = Regex(r"\n(?=\S)")
"""The end of a line before a word, where a space is added as at the start of a text."""
_ADDED = Regex(rf"(?<=\n|{'|'.join(map(re.escape, TAGS))}) |^ ")
"""The added spaces, which decoding removes again."""


def learn_tokenizer(source: ExampleSource, *, size: int) -> Tokenizer:
    """Learn a tokenizer from the texts and rationales of the built data, and its plain texts.

    The plain texts are statements and, where the data have them, names and glosses.

    Raises:
        ConfigError: if the examples are not those of the built data.
        DataError: if the data are not built.
    """
    if not isinstance(source, GlyphExamples):
        raise ConfigError(
            f"learn_tokenizer reads the data of GlyphExamples, got {type(source).__name__}; name "
            "another tokenizer"
        )
    statements = read_texts(source.folder / "statements.parquet")
    lone = source.folder / "texts.parquet"
    texts = read_texts(lone) if lone.is_file() else ()
    return learn_tokens([*_turns(source), *statements, *texts], size=size)


def learn_tokens(texts: Iterable[str], *, size: int) -> Tokenizer:
    """Learn a tokenizer of `size` tokens; the tags come first, each one token.

    A word has the same tokens at the start of a line or behind a tag as behind a space: a small
    model would have to learn every name twice. Spaces at the start of a line are lost by it.
    """
    tokenizer = Tokenizer(models.BPE())
    # A replacement of nothing by a space would do all of this, and crashes tokenizers 0.23.
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.Prepend(" "),
            normalizers.Replace(_BLANK, ""),
            normalizers.Replace(_LINE, "\n "),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    tokenizer.decoder = decoders.Sequence([decoders.ByteLevel(), decoders.Replace(_ADDED, "")])
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=[AddedToken(tag.value, special=True, normalized=False) for tag in TAGS],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def _turns(source: GlyphExamples) -> Iterator[str]:
    for pair in source.pairs:
        yield f"user\n{pair.query_instruction}\n{pair.query_text}"
        yield f"assistant\n{pair.query_thinking} {pair.query_answer}"
        yield f"user\n{pair.document_instruction}\n{pair.document_text}"
