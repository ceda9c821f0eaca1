"""An encoder as a model of mteb."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float
from mteb.abstasks.task_metadata import TaskMetadata
from mteb.models.abs_encoder import AbsEncoder
from mteb.models.model_meta import ModelMeta, ScoringFunction
from mteb.types import PromptType

from forethought.encoders import Encoder, as_choice
from forethought.errors import ModelError
from forethought.types import Content, Image, Side, Text, Think

logger = logging.getLogger(__name__)


class MtebEncoder(AbsEncoder):
    """What `mteb.evaluate` takes: queries on one side, documents on the other, pictures shown.

    Args:
        think: whether queries, and inputs of tasks without sides, get a rationale.
        think_documents: the same for documents.
        instructed: whether a task's own prompt is the instruction. One that names no side is
            the queries'. Without it, and where there is none, the encoder's own stands.
        longest: how many characters of a text are read. An encoder refuses what is over its
            context rather than cut it unseen, and mteb's texts can be long.
        name: what results are filed under, as organization/model.

    Raises:
        ModelError: if a setting is out of its range.
    """

    def __init__(
        self,
        encoder: Encoder,
        *,
        think: Think | str = Think.AUTO,
        think_documents: Think | str = Think.NEVER,
        instructed: bool = True,
        longest: int | None = None,
        name: str = "",
    ) -> None:
        if longest is not None and longest < 1:
            raise ModelError(f"longest must be at least 1 character, got {longest}")
        self.model = encoder
        self._think = {
            Side.QUERY: as_choice(Think, think),
            Side.DOCUMENT: as_choice(Think, think_documents),
        }
        self._instructed = instructed
        self._longest = longest
        self.mteb_model_meta = _meta(
            encoder,
            name=name,
            settings={
                "think": self._think[Side.QUERY].value,
                "think_documents": self._think[Side.DOCUMENT].value,
                "instructed": instructed,
                "longest": longest,
            },
        )

    def encode(
        self,
        inputs: Iterable[Mapping[str, Any]],
        *,
        task_metadata: TaskMetadata,
        prompt_type: PromptType | None = None,
        **kwargs: object,
    ) -> Float[np.ndarray, "N D"]:
        """Embed what a task's loader gives, in order; pictures stand before words.

        An input without a word or a picture gets zeros, which are like nothing.

        Raises:
            ContentError: if an input cannot be embedded; its index in its batch is named.
            ModelError: if the encoder cannot do what `think` asks.
        """
        del kwargs  # the split's and the subset's names, and loader settings
        side = Side.DOCUMENT if prompt_type == PromptType.document else Side.QUERY
        instruction = _instruction(task_metadata, side) if self._instructed else None
        parts = [np.zeros((0, self.model.dimension), dtype=np.float32)]
        for batch in inputs:
            shown = [self._content(row) for row in _rows(batch)]
            vectors = np.zeros((len(shown), self.model.dimension), dtype=np.float32)
            held = [index for index, content in enumerate(shown) if content]
            if len(held) < len(shown):
                logger.warning(
                    "%s: %d empty inputs get zeros", task_metadata.name, len(shown) - len(held)
                )
            if held:
                vectors[held] = self.model.encode(
                    [shown[index] for index in held],
                    side=side,
                    think=self._think[side],
                    instruction=instruction,
                    batch_size=len(held),
                ).vectors
            parts.append(vectors)
        return np.concatenate(parts)

    def _content(self, row: Mapping[str, Any]) -> list[Content]:
        pictures = row.get("image")
        if not isinstance(pictures, Sequence):
            pictures = [] if pictures is None else [pictures]
        words = str(row.get("text") or "").strip()[: self._longest]
        return [*map(Image, pictures), *([Text(words)] if words else [])]


def _rows(batch: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A batch's rows: mteb gives columns."""
    read = {key: batch[key] for key in ("image", "text") if key in batch}
    if not read:
        raise ModelError(
            f"a batch has only {', '.join(batch)}: this model reads text and image; choose tasks "
            "of these modalities"
        )
    return [dict(zip(read, row, strict=True)) for row in zip(*read.values(), strict=True)]


def _instruction(task: TaskMetadata, side: Side) -> str | None:
    prompt = task.prompt
    if isinstance(prompt, Mapping):
        return prompt.get(side.value)
    return prompt if side is Side.QUERY else None


def _meta(encoder: Encoder, *, name: str, settings: dict[str, Any]) -> ModelMeta:
    return ModelMeta(
        loader=None,
        name=name or (encoder.name if "/" in encoder.name else f"forethought/{encoder.name}"),
        revision=encoder.revision,
        release_date=None,
        languages=None,
        n_parameters=None,
        memory_usage_mb=None,
        max_tokens=None,
        embed_dim=encoder.dimension,
        license=None,
        open_weights=True,
        public_training_code=None,
        public_training_data=None,
        framework=["PyTorch", "Transformers"],
        similarity_fn_name=ScoringFunction.COSINE,
        use_instructions=True,
        training_datasets=None,
        modalities=["text", "image"],
        model_type=["dense"],
        experiment_kwargs=settings,
    )
