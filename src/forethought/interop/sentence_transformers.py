"""An encoder as a module of Sentence Transformers."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import InputModule

from forethought.backbones import revision_of
from forethought.config import build, dump
from forethought.encoders import (
    EncodeOptions,
    Encoder,
    ReasoningEncoder,
    as_choice,
    check_sees,
    check_thinking,
    find,
    load,
    options_of,
)
from forethought.errors import ContentError, ModelError
from forethought.interop.inputs import MODALITIES, to_encode_input
from forethought.types import Side, Think

SIDES = {None: Side.QUERY, "query": Side.QUERY, "document": Side.DOCUMENT}
"""Sides by the task of Sentence Transformers; `encode` has none."""
ENCODER_DIR = "encoder"
"""Folder of the encoder's files inside a saved module."""


class ForethoughtModule(InputModule):
    """The only module of a `SentenceTransformer`: maps inputs to unit vectors.

    A prompt is the instruction; an empty one leaves the encoder's default. The encoder stays on
    the device it was loaded on, and its vectors are returned on the CPU. No parameter is trained.
    """

    config_file_name = "forethought_module.json"
    config_keys = ["think", "think_documents", "family", "settings"]  # noqa: RUF012 - declared so in the base class
    forward_kwargs = {"think"}  # noqa: RUF012
    # In the root, files of Sentence Transformers would change the encoder's revision.
    save_in_root = False

    def __init__(
        self,
        encoder: Encoder,
        *,
        folder: str | Path | None = None,
        think: Think | str = Think.AUTO,
        think_documents: Think | str = Think.NEVER,
    ) -> None:
        """See `as_sentence_transformer`."""
        super().__init__()
        if folder is not None and revision_of(Path(folder)) != encoder.revision:
            raise ModelError(
                f"{folder} holds revision {revision_of(Path(folder))}, the encoder is "
                f"{encoder.revision}: name the folder that it was loaded from"
            )
        queries, documents = as_choice(Think, think), as_choice(Think, think_documents)
        check_thinking(encoder, queries=queries, documents=documents)
        self.encoder = encoder
        self.folder = None if folder is None else Path(folder)
        self.think = queries.value
        self.think_documents = documents.value

    @property
    def family(self) -> str | None:
        """Family of the encoder, which a published folder does not name."""
        found = getattr(self.encoder, "family", None)
        return None if found is None else str(found.name)

    @property
    def settings(self) -> dict[str, Any]:
        """Settings of the encoder, which its folder need not have."""
        return dump(options_of(self.encoder)) if isinstance(self.encoder, ReasoningEncoder) else {}

    @property
    def modalities(self) -> list[str]:
        """Supported modalities: text alone for a model without a vision encoder."""
        try:
            check_sees(self.encoder)
        except ContentError:
            return ["text"]
        return list(MODALITIES)

    def get_embedding_dimension(self) -> int:
        """Length of each vector."""
        return self.encoder.dimension

    def preprocess(
        self,
        inputs: Sequence[object],
        prompt: str | None = None,
        *,
        task: str | None = None,
        **kwargs: object,
    ) -> dict[str, Any]:
        """Convert a batch.

        Raises:
            ContentError: if an input cannot be read.
            ModelError: if the task is unknown.
        """
        del kwargs  # the arguments of `forward` are passed here too
        if task not in SIDES:
            raise ModelError(f"unknown task {task!r}; known: query, document")
        side, instruction = SIDES[task], prompt or None
        items = [to_encode_input(item, side=side, instruction=instruction) for item in inputs]
        return {"inputs": items, "side": side, "instruction": instruction}

    def forward(
        self, features: dict[str, Any], *, think: Think | str | None = None
    ) -> dict[str, Any]:
        """Embed a batch.

        Returns:
            `sentence_embedding`; `embeddings`, those of the batch with rationales and token
            counts; and `row`, the row of each input in them.

        Raises:
            ContentError: if an input cannot be embedded.
            ModelError: if the encoder does not support `think`.
        """
        inputs, side = features["inputs"], features["side"]
        default = self.think if side is Side.QUERY else self.think_documents
        try:
            found = self.encoder.encode(
                inputs,
                side=side,
                think=as_choice(Think, default if think is None else think),
                instruction=features["instruction"],
                batch_size=len(inputs),
            )
        except ContentError as error:
            error.add_note(
                "Inputs are numbered as Sentence Transformers batches them: longest first."
            )
            raise
        return {
            "sentence_embedding": torch.tensor(found.vectors),
            "embeddings": found,
            "row": torch.arange(len(found)),
        }

    def save(self, output_path: str, *args: object, **kwargs: object) -> None:
        """Write the settings and a copy of the encoder's folder.

        Raises:
            ModelError: if the folder is unknown.
        """
        del args, kwargs
        if self.folder is None:
            raise ModelError(
                f"{self.encoder.name} cannot be saved: its files are not known; build the model "
                "from a folder's name, or with folder=..."
            )
        self.save_config(output_path)
        copy = Path(output_path) / ENCODER_DIR
        if copy.resolve() != self.folder.resolve():
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(self.folder, copy)

    @classmethod
    def load(
        cls,
        model_name_or_path: str,
        subfolder: str = "",
        *,
        token: bool | str | None = None,
        cache_folder: str | None = None,
        revision: str | None = None,
        local_files_only: bool = False,
        model_kwargs: Mapping[str, Any] | None = None,
        **kwargs: object,
    ) -> "ForethoughtModule":
        """Read a saved module; `model_kwargs` are passed to `forethought.load`.

        Raises:
            ModelError: if a file is missing or damaged.
        """
        del kwargs  # needed by the modules of Sentence Transformers alone
        location = {
            "subfolder": subfolder,
            "token": token,
            "cache_folder": cache_folder,
            "revision": revision,
            "local_files_only": local_files_only,
        }
        path = Path(str(cls.load_dir_path(model_name_or_path, **location)))
        settings = cls.load_config(model_name_or_path, **location)
        family = settings.pop("family", None)
        saved = build(settings.pop("settings", {}), EncodeOptions, where=str(path))
        arguments = {"family": family, "encode_options": saved, **(model_kwargs or {})}
        encoder = load(path / ENCODER_DIR, **arguments)
        return cls(encoder, folder=path / ENCODER_DIR, **settings)


def as_sentence_transformer(
    model: str | Path | Encoder,
    *,
    folder: str | Path | None = None,
    think: Think | str = Think.AUTO,
    think_documents: Think | str = Think.NEVER,
    prompts: Mapping[str, str] | None = None,
) -> SentenceTransformer:
    """Wrap an encoder, or load and wrap the model of a name or folder.

    Args:
        folder: the encoder's files, needed to save a `model` that is an encoder.
        think: whether `encode` and `encode_query` write rationales; a call may override it.
        think_documents: the same for `encode_document`.
        prompts: instructions by name, for `prompt_name`.

    Raises:
        ModelError: if the model cannot be found, `folder` holds another, or `think` is unknown.
        ContractError: if the encoder does not align the modes of queries and documents.
    """
    if isinstance(model, str | Path):
        folder = find(model)
        model = load(folder)
    module = ForethoughtModule(model, folder=folder, think=think, think_documents=think_documents)
    return SentenceTransformer(modules=[module], prompts=dict(prompts or {}))
