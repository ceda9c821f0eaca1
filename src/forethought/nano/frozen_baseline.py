"""The frozen baseline: a picture by a fitted head on frozen features, a text by a frozen encoder."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

import torch
from jaxtyping import Float
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from forethought.backbones import HeadSizes, PictureHead, revision_of
from forethought.encoders import (
    CARD,
    EmbeddingsBuilder,
    EncodeInput,
    EncodeInputs,
    EncodeSides,
    RationaleCache,
    as_choice,
    as_inputs,
    as_message,
    check_arguments,
    reporting,
)
from forethought.errors import ContentError, ModelError
from forethought.files import atomic, write_text
from forethought.nano.frozen_encoders import (
    EFFICIENTNET,
    MINILM,
    FrozenImageEncoder,
    FrozenTextEncoder,
    ImageEncoder,
    TextEncoder,
)
from forethought.types import (
    Content,
    ContentKind,
    Embeddings,
    Image,
    Progress,
    Provenance,
    Side,
    Text,
    Think,
    Video,
)

FAMILY = "frozen_baseline"
SETTINGS = ("dtype=float32",)
LOADER = "forethought.nano.FrozenBaseline.load"
WEIGHTS = "head.safetensors"
CONFIG = "config.json"


class FrozenBaseline(EncodeSides):
    """An encoder of pictures by the head, and of texts by the sentence encoder, into one space.

    Instructions and sides make no difference to a vector, and there are no rationales.
    """

    def __init__(
        self,
        head: PictureHead,
        *,
        pictures: ImageEncoder,
        texts: TextEncoder,
        name: str,
        revision: str,
    ) -> None:
        self.name = name
        self.revision = revision
        self._head = head.eval().requires_grad_(requires_grad=False)
        self._pictures = pictures
        self._texts = texts

    @classmethod
    def load(
        cls,
        folder: str | Path,
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
        folder = Path(folder)
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
        inputs: EncodeInputs,
        *,
        side: Side | str = Side.QUERY,
        think: Think | str = Think.AUTO,
        instruction: str | None = None,
        batch_size: int = 64,
        progress: Progress | bool | None = None,
        on_error: str = "raise",
        rationales: RationaleCache | None = None,
    ) -> Embeddings:
        """Embed inputs; the vectors of several contents of one input are summed and normalised.

        `side` and `instruction` make no difference to a vector. The arguments are those of
        `ReasoningEncoder.encode`.

        Raises:
            ModelError: if `think` is "always", there are `rationales`, or an argument is out of
                range.
            ContentError: if an input cannot be read, is a video, or its vector is zero or not
                finite; the message holds its index.
        """
        check_arguments(
            instruction=instruction, batch_size=batch_size, progress=progress, on_error=on_error
        )
        if rationales is not None:
            raise ModelError(
                f"{self.name}: rationales={type(rationales).__name__} is not possible, since the model neither "
                "writes nor reads any; leave rationales out, or load 'nano'"
            )
        provenance = self.provenance((), side=side, think=think)
        items = as_inputs(inputs)
        result = EmbeddingsBuilder(len(items), self.dimension, skip_errors=on_error == "skip")
        with reporting(progress) as report:
            for start in range(0, len(items), batch_size):
                indices = range(start, min(start + batch_size, len(items)))
                contents = self._contents(items, indices, result, side=provenance.side)
                if contents:
                    result.add_states([*contents], self._embed([*contents.values()]))
                report(indices.stop, len(items))
        return result.build(provenance)

    def provenance(
        self,
        kinds: Iterable[ContentKind],
        *,
        side: Side | str = Side.QUERY,
        think: Think | str = Think.AUTO,
        instruction: str | None = None,
    ) -> Provenance:
        """The provenance of what `encode` would return; instructions make no difference."""
        del kinds, instruction
        if as_choice(Think, think) is Think.ALWAYS:
            raise ModelError(
                f"{self.name}: think='always' is not possible, since the model writes no "
                "rationales; use think='never', or load 'nano'"
            )
        return Provenance(
            self.name, self.revision, as_choice(Side, side), instructions=(), settings=SETTINGS
        )

    def _contents(
        self, items: Sequence[EncodeInput], indices: range, result: EmbeddingsBuilder, *, side: Side
    ) -> dict[int, tuple[Content, ...]]:
        """Contents by index, without those that are skipped."""
        found: dict[int, tuple[Content, ...]] = {}
        for index in indices:
            try:
                content = as_message(items[index], side=side, instruction="").content
            except ContentError as error:
                result.skip(index, str(error))
                continue
            if any(isinstance(piece, Video) for piece in content):
                result.skip(index, f"{self.name} embeds no videos; pass frames as pictures")
            else:
                found[index] = content
        return found

    @torch.inference_mode()
    def _embed(self, batch: Sequence[Sequence[Content]]) -> Float[Tensor, "N D"]:
        """The sum of the vectors of each input's contents."""
        total = torch.zeros(len(batch), self.dimension)
        pieces = [(row, piece) for row, content in enumerate(batch) for piece in content]
        images = [(row, piece.pixels) for row, piece in pieces if isinstance(piece, Image)]
        texts = [(row, piece.words) for row, piece in pieces if isinstance(piece, Text)]
        if images:
            rows = torch.tensor([row for row, _ in images])
            features = self._pictures([pixels for _, pixels in images])
            vectors = self._head(features, self._pictures.probabilities(features))
            total.index_add_(0, rows, vectors)
        if texts:
            rows = torch.tensor([row for row, _ in texts])
            total.index_add_(0, rows, self._texts([words for _, words in texts]))
        return total


def read_head(folder: Path) -> PictureHead:
    """Read a fitted head from its folder.

    Raises:
        ModelError: if the folder holds no head, or a damaged one.
    """
    try:
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        head = PictureHead(HeadSizes(**config["sizes"]))
        head.load_state_dict(load_file(folder / WEIGHTS))
    except (OSError, SafetensorError, RuntimeError, KeyError, TypeError, ValueError) as error:
        raise ModelError(
            f"{folder}: not a complete {FAMILY} model ({error}); "
            "fit one with `forethought train recipes/frozen_baseline.toml`"
        ) from None
    return head


def write_head(head: PictureHead, folder: Path) -> None:
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
