"""Initial embeddings of a vocabulary: a sentence encoder's vectors of the tokens' own strings."""

import torch
from jaxtyping import Float
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional as F

from forethought.errors import ConfigError
from forethought.nano.frozen_encoders import FrozenTextEncoder, TextEncoder

SPREAD = 0.08
"""The standard deviation of the numbers of a row."""


def initial_embeddings(
    tokenizer: Tokenizer, hidden: int, *, texts: TextEncoder | None = None
) -> Float[Tensor, "V H"]:
    """One row a token: MiniLM's vector of its string, centred, at unit length, by its main axes.

    Words that mean much the same thus start close to each other. A tag has no meaning of its
    own there: the vector of its spelling only tells it from the others.

    Args:
        texts: the frozen sentence encoder; by default the published one.

    Raises:
        ConfigError: if `hidden` is more than the sentence encoder's width.
        DataError: if the package of the encoder cannot be downloaded.
    """
    texts = texts or FrozenTextEncoder.published()
    if hidden > texts.width:
        raise ConfigError(
            f"hidden is {hidden}, and the sentence encoder's vectors have {texts.width} numbers; "
            f"take at most {texts.width}, or leave `embeddings` out"
        )
    size = tokenizer.get_vocab_size()
    strings = [tokenizer.decode([index], skip_special_tokens=False) for index in range(size)]
    vectors = texts(strings)
    centred = F.normalize(vectors - vectors.mean(0), dim=-1)
    axes = torch.linalg.eigh(centred.T.double() @ centred.double()).eigenvectors.flip(1)
    short = centred @ axes[:, :hidden].to(centred.dtype)
    found: Tensor = short / short.std() * SPREAD
    return found
