"""Sentence Transformers' own `encode` on the same checkpoint, without any of our code in its path.

Stock are the batches and their order, the weights as `from_pretrained` loads them, the chat
template, the tokenizer, the image processor, the positions and the forward pass. Ours are two
things: a picture's placeholder is repeated here, which transformers' own processor does only
where torchvision is installed, and the state is read at the direct embed token.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import InputModule
from transformers import AutoTokenizer, Qwen2VLImageProcessorPil
from transformers.utils import logging

from benchmarks.results import EmbedFn, EmbedOutput
from benchmarks.target import Target
from benchmarks.workload_inputs import Input
from forethought.errors import ContentError
from forethought.renderers import Tag
from forethought.types import ContentKind, Image, Side, Text, combined_kind


class StockModule(InputModule):  # type: ignore[misc, unused-ignore]
    """The only module of a `SentenceTransformer`: a user's turn in, one state out.

    An input is a dictionary with a `text`, an `image` (an RGB array), or both.
    """

    def __init__(self, target: Target) -> None:
        """Load the target's folder again, by transformers alone."""
        super().__init__()
        encoder = target.encoder
        logging.disable_progress_bar()  # type: ignore[no-untyped-call, unused-ignore]
        self.network: Any = type(target.network).from_pretrained(
            encoder.folder, dtype=target.network.dtype, local_files_only=True
        )
        self.tokenizer: Any = AutoTokenizer.from_pretrained(encoder.folder)  # type: ignore[no-untyped-call, unused-ignore]
        self.image_processor: Any = Qwen2VLImageProcessorPil.from_pretrained(encoder.folder)
        self.instructions = encoder.instructions[Side.QUERY]
        self.read_id = encoder.renderer.layout.token_id(Tag.DIRECT)
        self.image_id = target.placeholders.image_id

    @property
    def modalities(self) -> list[str]:
        """The modalities accepted; "message" lets one batch mix the others."""
        return ["text", "image", "message"]

    def get_embedding_dimension(self) -> int:
        """The length of a vector."""
        return int(self.network.config.text_config.hidden_size)

    def preprocess(
        self, inputs: Sequence[dict[str, Any]], prompt: str | None = None, **kwargs: object
    ) -> dict[str, Any]:
        """Tokenize a batch, and cut its pictures into patches."""
        del prompt, kwargs  # the instruction is part of the user's turn
        messages = [self._messages(one) for one in inputs]
        texts = self.tokenizer.apply_chat_template(
            messages, tokenize=False, add_generation_prompt=True
        )
        pictures = [one["image"] for one in inputs if "image" in one]
        pixels = (
            dict(self.image_processor(images=pictures, return_tensors="pt")) if pictures else {}
        )
        if pixels:
            merged = self.image_processor.merge_size**2
            counts = iter((pixels["image_grid_thw"].prod(dim=1) // merged).tolist())
            placeholder = Tag.IMAGE.value
            texts = [
                text.replace(placeholder, placeholder * next(counts)) if "image" in one else text
                for text, one in zip(texts, inputs, strict=True)
            ]
        features = dict(
            self.tokenizer(texts, padding=True, add_special_tokens=False, return_tensors="pt")
        )
        features.pop("token_type_ids", None)
        features["mm_token_type_ids"] = (features["input_ids"] == self.image_id).long()
        return features | pixels

    def forward(self, features: dict[str, Any]) -> dict[str, Any]:
        """Run the stock network; the vector is the state at the direct embed token.

        Raises:
            ContentError: if the chat template does not contain that token.
        """
        at = features["input_ids"] == self.read_id
        if not bool(at.any(dim=1).all()):
            raise ContentError("the checkpoint's chat template contains no direct embed token")
        hidden = self.network.model(**features, use_cache=False).last_hidden_state
        rows = torch.arange(len(hidden), device=hidden.device)
        features["sentence_embedding"] = hidden[rows, at.int().argmax(dim=1)]
        return features

    def save(self, output_path: str, *args: object, **kwargs: object) -> None:
        """Save nothing: the checkpoint is on disk already."""

    def _messages(self, one: dict[str, Any]) -> list[dict[str, Any]]:
        kinds = {ContentKind.PICTURE if kind == "image" else ContentKind.TEXT for kind in one}
        instruction = self.instructions[combined_kind(kinds)]
        content: list[dict[str, Any]] = [{"type": "text", "text": f"{instruction}\n"}]
        for kind, part in one.items():
            content.append({"type": "image"} if kind == "image" else {"type": "text", "text": part})
        return [{"role": "user", "content": content}]


def sentence_transformers_baseline(target: Target) -> EmbedFn:
    """Direct vectors by Sentence Transformers, from the inputs of our `encode`, pictures decoded."""
    model: Any = SentenceTransformer(modules=[StockModule(target)], device=str(target.device))

    def embed(inputs: Sequence[Input]) -> EmbedOutput:
        vectors = model.encode(
            [as_dict(one) for one in inputs],
            batch_size=target.rows,
            normalize_embeddings=True,
            show_progress_bar=False,
        )
        return EmbedOutput(np.asarray(vectors, dtype=np.float32), ((),) * len(inputs))

    return embed


def as_dict(one: Input) -> dict[str, Any]:
    """An input as a dictionary, its parts in order."""
    parts: dict[str, Any] = {}
    for part in one:
        if isinstance(part, Image):
            parts["image"] = part.pixels
        elif isinstance(part, Text):
            parts["text"] = part.words
    return parts
