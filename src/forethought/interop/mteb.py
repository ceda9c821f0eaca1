"""An encoder as a model of mteb."""

import hashlib
import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float
from mteb.abstasks.task_metadata import TaskMetadata
from mteb.models.abs_encoder import AbsEncoder
from mteb.models.model_meta import ModelMeta, ScoringFunction
from mteb.types import PromptType

from forethought.encoders import Encoder, as_choice, check_thinking
from forethought.errors import ModelError
from forethought.types import Content, Image, Side, Text, Think

logger = logging.getLogger(__name__)


class MtebEncoder(AbsEncoder):
    """A model for `mteb.evaluate` that embeds text and images.

    Args:
        think: whether queries, and inputs of tasks without sides, get a rationale.
        think_documents: the same for documents.
        use_task_prompts: whether a task's prompt is the instruction. A prompt without a side is
            for queries. Otherwise the encoder's default instruction is used.
        max_characters: length to which texts are truncated. Without it a text over the encoder's
            context is an error.
        name: the name of the results, as organization/model.

    Raises:
        ModelError: if a setting is out of its range.
        ContractError: if the encoder does not align the modes of queries and documents.
    """

    def __init__(
        self,
        encoder: Encoder,
        *,
        think: Think | str = Think.AUTO,
        think_documents: Think | str = Think.NEVER,
        use_task_prompts: bool = True,
        max_characters: int | None = None,
        name: str = "",
    ) -> None:
        if max_characters is not None and max_characters < 1:
            raise ModelError(f"max_characters must be at least 1, got {max_characters}")
        self.model = encoder
        self._think = {
            Side.QUERY: as_choice(Think, think),
            Side.DOCUMENT: as_choice(Think, think_documents),
        }
        check_thinking(
            encoder, queries=self._think[Side.QUERY], documents=self._think[Side.DOCUMENT]
        )
        self._use_task_prompts = use_task_prompts
        self._max_characters = max_characters
        self.mteb_model_meta = _meta(
            encoder,
            name=name,
            settings={
                "think": self._think[Side.QUERY].value,
                "think_documents": self._think[Side.DOCUMENT].value,
                "use_task_prompts": use_task_prompts,
                "max_characters": max_characters,
                # In the name of the folder where mteb stores the results.
                "settings": "-".join(
                    encoder.provenance((), side=side, think=chosen).settings_digest
                    for side, chosen in self._think.items()
                ),
            },
        )

    @property
    def cache_name(self) -> str:
        """Name of a folder for mteb's `CachedEmbeddingWrapper`, which keys by inputs alone.

        It changes with the weights and with every setting that changes a vector.
        """
        meta = self.mteb_model_meta
        settings = json.dumps([meta.name, meta.revision, meta.experiment_kwargs], sort_keys=True)
        return hashlib.sha256(settings.encode()).hexdigest()[:12]

    def encode(
        self,
        inputs: Iterable[Mapping[str, Any]],
        *,
        task_metadata: TaskMetadata,
        prompt_type: PromptType | None = None,
        **kwargs: object,
    ) -> Float[np.ndarray, "N D"]:
        """Embed the batches of a task's loader, in order; images go before the text.

        An input without text and image gets a vector of zeros, whose cosine to all others is 0.

        Raises:
            ContentError: if an input cannot be embedded; the message holds its index in the batch.
            ModelError: if the encoder does not support `think`.
        """
        del kwargs  # the split's and the subset's names, and loader settings
        side = Side.DOCUMENT if prompt_type == PromptType.document else Side.QUERY
        instruction = _instruction(task_metadata, side) if self._use_task_prompts else None
        parts = [np.zeros((0, self.model.dimension), dtype=np.float32)]
        for batch in inputs:
            contents = [self._content(row) for row in _rows(batch)]
            vectors = np.zeros((len(contents), self.model.dimension), dtype=np.float32)
            valid = [index for index, content in enumerate(contents) if content]
            if len(valid) < len(contents):
                logger.warning(
                    "%s: %d empty inputs get zeros", task_metadata.name, len(contents) - len(valid)
                )
            if valid:
                vectors[valid] = self.model.encode(
                    [contents[index] for index in valid],
                    side=side,
                    think=self._think[side],
                    instruction=instruction,
                    batch_size=len(valid),
                ).vectors
            parts.append(vectors)
        return np.concatenate(parts)

    def _content(self, row: Mapping[str, Any]) -> list[Content]:
        images = row.get("image")
        if not isinstance(images, Sequence):
            images = [] if images is None else [images]
        text = str(row.get("text") or "").strip()[: self._max_characters]
        return [*map(Image, images), *([Text(text)] if text else [])]


def _rows(batch: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows of a batch, which mteb passes as columns."""
    columns = {key: batch[key] for key in ("image", "text") if key in batch}
    if not columns:
        raise ModelError(
            f"a batch has only {', '.join(batch)}: this model embeds text and image; choose tasks "
            "of these modalities"
        )
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


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
