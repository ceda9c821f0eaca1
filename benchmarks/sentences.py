"""Sentence Transformers' own `encode` on the same checkpoint, with nothing of ours in its way.

Stock are the batches and their order, the weights as `from_pretrained` loads them, the chat
template, the tokenizer, the picture processor, the positions and the forward pass. What is not:
the placeholder of a picture is repeated here, which transformers' own processor would do where
torchvision lets it be built, and the state is taken at the direct embed token.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import InputModule
from transformers import AutoTokenizer, Qwen2VLImageProcessorPil
from transformers.utils import logging

from benchmarks.inputs import Input
from benchmarks.stock import Answer, Rival
from benchmarks.subject import Subject
from forethought.errors import ContentError
from forethought.renderers import Tag
from forethought.types import Image, Side, Text


class StockModule(InputModule):  # type: ignore[misc, unused-ignore]
    """The only module of a `SentenceTransformer`: a user's turn in, one state out.

    An input is a dictionary with a `text`, an `image` (an RGB array), or both.
    """

    def __init__(self, subject: Subject) -> None:
        """Load the subject's folder again, by transformers alone."""
        super().__init__()
        encoder = subject.encoder
        logging.disable_progress_bar()  # type: ignore[no-untyped-call, unused-ignore]
        self.network: Any = type(subject.network).from_pretrained(
            encoder.folder, dtype=subject.network.dtype, local_files_only=True
        )
        self.tokenizer: Any = AutoTokenizer.from_pretrained(encoder.folder)  # type: ignore[no-untyped-call, unused-ignore]
        self.image_processor: Any = Qwen2VLImageProcessorPil.from_pretrained(encoder.folder)
        self.instruction = encoder.instructions[Side.QUERY]
        self.read_id = encoder.renderer.layout.token_id(Tag.DIRECT)
        self.image_id = subject.placeholders.image_id

    @property
    def modalities(self) -> list[str]:
        """What Sentence Transformers lets through; "message" lets one batch mix the others."""
        return ["text", "image", "message"]

    def get_embedding_dimension(self) -> int:
        """How long a state is."""
        return int(self.network.config.text_config.hidden_size)

    def preprocess(
        self, inputs: Sequence[dict[str, Any]], prompt: str | None = None, **kwargs: object
    ) -> dict[str, Any]:
        """Spell a batch as tokens, and cut its pictures."""
        del prompt, kwargs  # the instruction stands in the user's turn
        talks = [self._talk(one) for one in inputs]
        texts = self.tokenizer.apply_chat_template(
            talks, tokenize=False, add_generation_prompt=True
        )
        pictures = [one["image"] for one in inputs if "image" in one]
        seen = dict(self.image_processor(images=pictures, return_tensors="pt")) if pictures else {}
        if seen:
            counts = iter(
                (seen["image_grid_thw"].prod(dim=1) // self.image_processor.merge_size**2).tolist()
            )
            mark = Tag.IMAGE.value
            texts = [
                text.replace(mark, mark * next(counts)) if "image" in one else text
                for text, one in zip(texts, inputs, strict=True)
            ]
        spelled = dict(
            self.tokenizer(texts, padding=True, add_special_tokens=False, return_tensors="pt")
        )
        spelled.pop("token_type_ids", None)
        spelled["mm_token_type_ids"] = (spelled["input_ids"] == self.image_id).long()
        return spelled | seen

    def forward(self, features: dict[str, Any]) -> dict[str, Any]:
        """Run the stock network; the vector is the state at the direct embed token.

        Raises:
            ContentError: if the chat template does not spell that token.
        """
        at = features["input_ids"] == self.read_id
        if not bool(at.any(dim=1).all()):
            raise ContentError("the checkpoint's chat template spells no direct embed token")
        hidden = self.network.model(**features, use_cache=False).last_hidden_state
        rows = torch.arange(len(hidden), device=hidden.device)
        features["sentence_embedding"] = hidden[rows, at.int().argmax(dim=1)]
        return features

    def save(self, output_path: str, *args: object, **kwargs: object) -> None:
        """Nothing is kept: the checkpoint is on disk already."""

    def _talk(self, one: dict[str, Any]) -> list[dict[str, Any]]:
        said: list[dict[str, Any]] = [{"type": "text", "text": f"{self.instruction}\n"}]
        for kind, shown in one.items():
            said.append({"type": "image"} if kind == "image" else {"type": "text", "text": shown})
        return [{"role": "user", "content": said}]


def sentences(subject: Subject) -> Rival:
    """A rival that embeds directly, as Sentence Transformers does.

    It is handed what our `encode` is handed: decoded pictures as arrays, and words.
    """
    model: Any = SentenceTransformer(modules=[StockModule(subject)], device=str(subject.device))

    def embed(inputs: Sequence[Input]) -> Answer:
        vectors = model.encode(
            [shown(one) for one in inputs],
            batch_size=subject.rows,
            normalize_embeddings=True,
            show_progress_bar=False,
        )
        return Answer(np.asarray(vectors, dtype=np.float32), ((),) * len(inputs))

    return embed


def shown(one: Input) -> dict[str, Any]:
    """An input as a dictionary, its parts in order."""
    found: dict[str, Any] = {}
    for part in one:
        if isinstance(part, Image):
            found["image"] = part.pixels
        elif isinstance(part, Text):
            found["text"] = part.words
    return found
