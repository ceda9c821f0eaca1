"""The frozen baseline: a head that maps frozen picture features into a sentence encoder's space."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional as F

from forethought.backbones import revision_of
from forethought.encoders import CARD, EncodeInput, as_choice, as_messages
from forethought.errors import ContentError, ModelError
from forethought.files import atomic, write_text
from forethought.nano.efficientnet import FEATURES
from forethought.nano.frozen_encoders import (
    EFFICIENTNET,
    MINILM,
    FrozenImageEncoder,
    FrozenTextEncoder,
    ImageEncoder,
    TextEncoder,
)
from forethought.types import Content, Embeddings, Image, Mode, Progress, Side, Text, Think, Video

FAMILY = "frozen_baseline"
LOADER = "forethought.nano.FrozenBaseline.load"
WEIGHTS = "head.safetensors"
CONFIG = "config.json"


@dataclass(frozen=True, slots=True)
class HeadSizes:
    """The widths of the head's three layers: picture features, hidden, text space."""

    features: int = FEATURES
    hidden: int = 1024
    dimension: int = 384


class Head(nn.Module):
    """Standardises picture features and maps them into the text space by two linear layers."""

    mean: Tensor
    spread: Tensor

    def __init__(self, sizes: HeadSizes) -> None:
        super().__init__()
        self.sizes = sizes
        self.register_buffer("mean", torch.zeros(sizes.features))
        self.register_buffer("spread", torch.ones(sizes.features))
        self.inside = nn.Linear(sizes.features, sizes.hidden)
        self.outside = nn.Linear(sizes.hidden, sizes.dimension)

    def forward(self, features: Float[Tensor, "N F"]) -> Float[Tensor, "N D"]:
        """Compute unit vectors in the text space."""
        return self.project((features - self.mean) / self.spread)

    def project(self, standardised: Float[Tensor, "N F"]) -> Float[Tensor, "N D"]:
        """Compute unit vectors of features that are standardised already."""
        return F.normalize(self.outside(F.gelu(self.inside(standardised))), dim=-1)


class FrozenBaseline:
    """An encoder of pictures by the head, and of texts by the sentence encoder, into one space.

    Instructions and sides make no difference to a vector, and there are no rationales.
    """

    def __init__(
        self, head: Head, *, pictures: ImageEncoder, texts: TextEncoder, name: str, revision: str
    ) -> None:
        self.name = name
        self.revision = revision
        self._head = head.eval().requires_grad_(requires_grad=False)
        self._pictures = pictures
        self._texts = texts

    @classmethod
    def load(
        cls,
        folder: Path,
        *,
        pictures: ImageEncoder | None = None,
        texts: TextEncoder | None = None,
    ) -> "FrozenBaseline":
        """Load a fitted head from its folder.

        Args:
            pictures, texts: the frozen encoders; by default the published ones.

        Raises:
            ModelError: if the folder holds no head, or a damaged one.
            DataError: if the package of an encoder cannot be downloaded.
        """
        return cls(
            read_head(folder),
            pictures=pictures or FrozenImageEncoder.published(),
            texts=texts or FrozenTextEncoder.published(),
            name=folder.resolve().name,
            revision=revision_of(folder),
        )

    @property
    def dimension(self) -> int:
        """Length of each vector."""
        return self._head.sizes.dimension

    def encode(
        self,
        inputs: Sequence[EncodeInput],
        *,
        side: Side | str = Side.QUERY,
        think: Think | str = Think.AUTO,
        instruction: str | None = None,
        batch_size: int = 64,
        progress: Progress | None = None,
    ) -> Embeddings:
        """Embed inputs; the vectors of several contents of one input are summed and normalised.

        Args:
            side, instruction: make no difference to a vector.
            progress: called after each batch with the inputs done and the number of inputs.

        Raises:
            ModelError: if `think` is "always" or unknown.
            ContentError: if an input is empty or a video; the message holds its index.
        """
        if as_choice(Think, think) is Think.ALWAYS:
            raise ModelError(
                f"{self.name}: think='always' is not possible, since the model writes no "
                "rationales; use think='never', or load 'nano'"
            )
        messages = as_messages(inputs, side=Side(side), instruction=instruction or "")
        contents = [message.content for message in messages]
        for index, content in enumerate(contents):
            if any(isinstance(piece, Video) for piece in content):
                raise ContentError(
                    f"input {index}: {self.name} does not embed videos; pass frames as pictures"
                )
        vectors = np.zeros((len(contents), self.dimension), dtype=np.float32)
        for start in range(0, len(contents), batch_size):
            batch = contents[start : start + batch_size]
            vectors[start : start + len(batch)] = self._embed(batch).numpy()
            if progress is not None:
                progress(start + len(batch), len(contents))
        return Embeddings(
            vectors=vectors,
            rationales=(None,) * len(contents),
            mode=(Mode.DIRECT,) * len(contents),
            tokens=np.zeros(len(contents), dtype=np.int64),
            gate=np.full(len(contents), np.nan, dtype=np.float32),
        )

    @torch.inference_mode()
    def _embed(self, batch: Sequence[Sequence[Content]]) -> Float[Tensor, "N D"]:
        total = torch.zeros(len(batch), self.dimension)
        pieces = [(row, piece) for row, content in enumerate(batch) for piece in content]
        images = [(row, piece.pixels) for row, piece in pieces if isinstance(piece, Image)]
        texts = [(row, piece.words) for row, piece in pieces if isinstance(piece, Text)]
        if images:
            rows = torch.tensor([row for row, _ in images])
            total.index_add_(0, rows, self._head(self._pictures([pixels for _, pixels in images])))
        if texts:
            rows = torch.tensor([row for row, _ in texts])
            total.index_add_(0, rows, self._texts([words for _, words in texts]))
        return F.normalize(total, dim=-1)


def read_head(folder: Path) -> Head:
    """Read a fitted head from its folder.

    Raises:
        ModelError: if the folder holds no head, or a damaged one.
    """
    try:
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        head = Head(HeadSizes(**config["sizes"]))
        head.load_state_dict(load_file(folder / WEIGHTS))
    except (OSError, SafetensorError, RuntimeError, KeyError, TypeError, ValueError) as error:
        raise ModelError(
            f"{folder}: not a complete {FAMILY} model ({error}); "
            "fit one with `forethought train recipes/frozen_baseline.toml`"
        ) from None
    return head


def write_head(head: Head, folder: Path) -> None:
    """Write a head as bfloat16 safetensors, with its sizes and the packages of its encoders."""
    folder.mkdir(parents=True, exist_ok=True)
    state = {name: tensor.to(torch.bfloat16) for name, tensor in head.state_dict().items()}
    with atomic(folder / WEIGHTS) as temporary:
        save_file(state, temporary)
    config = {
        "sizes": asdict(head.sizes),
        "pictures": str(EFFICIENTNET),
        "texts": str(MINILM),
    }
    card = {"family": FAMILY, "name": folder.name, "loader": LOADER}
    for file, content in ((CONFIG, config), (CARD, card)):
        write_text(folder / file, json.dumps(content, indent=2) + "\n")
