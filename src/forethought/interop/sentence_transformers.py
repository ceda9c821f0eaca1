"""An encoder as a module of Sentence Transformers, which sees to batches, precision and saving."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import InputModule

from forethought.backbones import revision_of
from forethought.encoders import Encoder, as_choice, find, load
from forethought.errors import ContentError, ModelError
from forethought.interop.inputs import MODALITIES, as_shown
from forethought.types import Side, Think

SIDES = {None: Side.QUERY, "query": Side.QUERY, "document": Side.DOCUMENT}
"""From Sentence Transformers' task: `encode` names none, `encode_query` the first."""
WEIGHTS = "encoder"
"""The folder inside a saved module that holds the encoder's own files."""


class ForethoughtModule(InputModule):
    """The only module of a `SentenceTransformer`: from what a caller shows to unit vectors.

    A prompt is the instruction; an empty one leaves the encoder's own. The encoder stays on
    the device it was loaded on, and vectors come back on the CPU. There is nothing to train.
    """

    config_file_name = "forethought_module.json"
    config_keys = ["think", "think_documents", "family"]  # noqa: RUF012 - declared so in the base class
    forward_kwargs = {"think"}  # noqa: RUF012
    # Beside the files that Sentence Transformers writes, the encoder's revision would change.
    save_in_root = False

    def __init__(
        self,
        encoder: Encoder,
        *,
        folder: Path | None = None,
        think: Think | str = Think.AUTO,
        think_documents: Think | str = Think.NEVER,
    ) -> None:
        """See `as_sentence_transformer`."""
        super().__init__()
        if folder is not None and revision_of(folder) != encoder.revision:
            raise ModelError(
                f"{folder} holds revision {revision_of(folder)}, the encoder is "
                f"{encoder.revision}: name the folder that it was loaded from"
            )
        self.encoder = encoder
        self.folder = folder
        self.think = as_choice(Think, think).value
        self.think_documents = as_choice(Think, think_documents).value

    @property
    def family(self) -> str | None:
        """What it was loaded as, where that is not written in its folder."""
        found = getattr(self.encoder, "family", None)
        return None if found is None else str(found.name)

    @property
    def modalities(self) -> list[str]:
        """What Sentence Transformers lets through."""
        return list(MODALITIES)

    def get_embedding_dimension(self) -> int:
        """How long its vectors are."""
        return self.encoder.dimension

    def preprocess(
        self,
        inputs: Sequence[object],
        prompt: str | None = None,
        *,
        task: str | None = None,
        **kwargs: object,
    ) -> dict[str, Any]:
        """Decode a batch.

        Raises:
            ContentError: if an input cannot be decoded.
            ModelError: if the task is none of ours.
        """
        del kwargs  # what `forward` is told comes here too
        if task not in SIDES:
            raise ModelError(f"unknown task {task!r}; known: query, document")
        side, instruction = SIDES[task], prompt or None
        shown = [as_shown(given, side=side, instruction=instruction) for given in inputs]
        return {"shown": shown, "side": side, "instruction": instruction}

    def forward(
        self, features: dict[str, Any], *, think: Think | str | None = None
    ) -> dict[str, Any]:
        """Embed a batch.

        Returns:
            `sentence_embedding`; the whole batch's `embeddings` with rationales and prices;
            and the `row` of each input in them.

        Raises:
            ContentError: if an input cannot be embedded.
            ModelError: if the encoder cannot do what `think` asks.
        """
        shown, side = features["shown"], features["side"]
        usual = self.think if side is Side.QUERY else self.think_documents
        try:
            found = self.encoder.encode(
                shown,
                side=side,
                think=as_choice(Think, usual if think is None else think),
                instruction=features["instruction"],
                batch_size=len(shown),
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
            ModelError: if it is not known which folder that is.
        """
        del args, kwargs
        if self.folder is None:
            raise ModelError(
                f"{self.encoder.name} cannot be saved: its files are not known; build the model "
                "from a folder's name, or with folder="
            )
        self.save_config(output_path)
        copy = Path(output_path) / WEIGHTS
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
        """Read a saved module; `model_kwargs` go to `forethought.load`: device, loading, reading.

        Raises:
            ModelError: if its files are not whole.
        """
        del kwargs  # what only its own modules need
        where = {
            "subfolder": subfolder,
            "token": token,
            "cache_folder": cache_folder,
            "revision": revision,
            "local_files_only": local_files_only,
        }
        path = Path(str(cls.load_dir_path(model_name_or_path, **where)))
        settings = cls.load_config(model_name_or_path, **where)
        family = settings.pop("family", None)
        encoder = load(path / WEIGHTS, **{"family": family, **(model_kwargs or {})})
        return cls(encoder, folder=path / WEIGHTS, **settings)


def as_sentence_transformer(
    model: str | Path | Encoder,
    *,
    folder: Path | None = None,
    think: Think | str = Think.AUTO,
    think_documents: Think | str = Think.NEVER,
    prompts: Mapping[str, str] | None = None,
) -> SentenceTransformer:
    """Wrap an encoder, or the model of that name or folder.

    Args:
        folder: where the encoder's files are, if it is to be saved; known where `model` is
            a name or a folder.
        think: whether `encode` and `encode_query` write rationales; a call may say otherwise.
        think_documents: the same for `encode_document`.
        prompts: instructions by the names that `prompt_name` takes.

    Raises:
        ModelError: if there is no such model, `folder` holds another, or `think` is unknown.
    """
    if isinstance(model, str | Path):
        folder = find(model)
        model = load(folder)
    module = ForethoughtModule(model, folder=folder, think=think, think_documents=think_documents)
    return SentenceTransformer(modules=[module], prompts=dict(prompts or {}))
