"""The baseline of an afternoon: frozen picture features, brought into a sentence encoder's space."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn
from torch.nn import functional as F

from forethought.backbones import revision_of
from forethought.encoders.encoder import EncodeInput, as_choice, as_messages
from forethought.errors import ContentError, ModelError
from forethought.nano.frozen_encoders import (
    EFFICIENTNET,
    FEATURES,
    MINILM,
    FrozenImageEncoder,
    FrozenTextEncoder,
    ImageEncoder,
    TextEncoder,
)
from forethought.types import Content, Embeddings, Image, Mode, Progress, Side, Text, Think, Video

FAMILY = "afternoon"
WEIGHTS = "head.safetensors"
CONFIG = "config.json"
CARD = "forethought.json"


@dataclass(frozen=True, slots=True)
class HeadSizes:
    """The widths of the head's three layers: picture features, hidden, text space."""

    features: int = FEATURES
    hidden: int = 1024
    dimension: int = 384


class Head(nn.Module):
    """Standardise picture features, then two linear layers into the text space."""

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
        """Unit vectors in the text space."""
        return self.project((features - self.mean) / self.spread)

    def project(self, standard: Float[Tensor, "N F"]) -> Float[Tensor, "N D"]:
        """Unit vectors of features that are standardised already."""
        return F.normalize(self.outside(F.gelu(self.inside(standard))), dim=-1)


class FrozenBaseline:
    """Pictures through the head, words through the sentence encoder, into one space.

    It reads no instruction, treats both sides alike and cannot write a rationale.
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
        """A trained head from its folder, on the published towers unless others are given.

        Raises:
            ModelError: if the folder holds no such head, or a damaged one.
            DataError: if a tower's package cannot be had.
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
        """How long each vector is."""
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
        """One direct vector an input; several contents are summed, then normalised.

        Args:
            side, instruction: make no difference here.
            progress: called after each batch with the inputs done and the number of inputs.

        Raises:
            ModelError: if it is told to always think, or a `think` nobody knows.
            ContentError: if an input is empty; its index is named.
        """
        if as_choice(Think, think) is Think.ALWAYS:
            raise ModelError(
                f"{self.name} cannot think (think='always'): it has no words to write with; "
                "ask it with think='never', or load 'nano'"
            )
        messages = as_messages(inputs, side=Side(side), instruction=instruction or "")
        contents = [message.content for message in messages]
        for index, content in enumerate(contents):
            if any(isinstance(piece, Video) for piece in content):
                raise ContentError(
                    f"input {index}: {self.name} cannot watch a video; show it frames as pictures"
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
        seen = [(row, piece.pixels) for row, piece in pieces if isinstance(piece, Image)]
        read = [(row, piece.words) for row, piece in pieces if isinstance(piece, Text)]
        if seen:
            rows = torch.tensor([row for row, _ in seen])
            total.index_add_(0, rows, self._head(self._pictures([pixels for _, pixels in seen])))
        if read:
            rows = torch.tensor([row for row, _ in read])
            total.index_add_(0, rows, self._texts([words for _, words in read]))
        return F.normalize(total, dim=-1)


def read_head(folder: Path) -> Head:
    """A trained head from its folder.

    Raises:
        ModelError: if the folder holds no such head, or a damaged one.
    """
    try:
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        head = Head(HeadSizes(**config["sizes"]))
        head.load_state_dict(load_file(folder / WEIGHTS))
    except (OSError, SafetensorError, RuntimeError, KeyError, TypeError, ValueError) as error:
        raise ModelError(
            f"{folder}: not a whole {FAMILY} model ({error}); "
            "train one with `forethought train recipes/afternoon.toml`"
        ) from None
    return head


def write_head(head: Head, folder: Path) -> None:
    """Keep a head as bfloat16 safetensors, and which towers it was fitted to."""
    folder.mkdir(parents=True, exist_ok=True)
    state = {name: tensor.to(torch.bfloat16) for name, tensor in head.state_dict().items()}
    (folder / WEIGHTS).write_bytes(save(state))
    config = {
        "sizes": asdict(head.sizes),
        "pictures": str(EFFICIENTNET),
        "texts": str(MINILM),
    }
    card = {"family": FAMILY, "name": folder.name}
    for file, said in ((CONFIG, config), (CARD, card)):
        (folder / file).write_text(json.dumps(said, indent=2) + "\n", encoding="utf-8")
