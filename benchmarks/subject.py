"""What is measured: an encoder that thinks, and what its rivals need to know of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from forethought.backbones import LoadOptions, PlaceholderTokens, QwenVL, load_checkpoint
from forethought.encoders import EncodeInput, Encoder, ReasoningEncoder, as_messages
from forethought.engines import DecodeOptions, LocalEngine
from forethought.errors import ModelError
from forethought.renderers import Tag
from forethought.types import CompletionFormat, Prompt, Side


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """An encoder and the weights, tokens and rules that its rivals share with it.

    Nobody is stopped where it repeats itself: rivals are not, and all write the same. Rivals
    run on `stock`, where the encoder's own network is not left as transformers made it.
    """

    encoder: ReasoningEncoder
    stock: QwenVL | None = None

    def __post_init__(self) -> None:
        decode_options = replace(self.encoder.decode_options, repeats=0)
        object.__setattr__(self, "encoder", replace(self.encoder, decode_options=decode_options))

    @property
    def engine(self) -> LocalEngine:
        """What reads and writes for us."""
        return self.encoder.local

    @property
    def network(self) -> Any:  # noqa: ANN401 - transformers types none of what is asked of it
        """The stock network that rivals run."""
        return (self.stock or self.engine.backbone).network

    @property
    def device(self) -> torch.device:
        """Where the weights lie."""
        return self.engine.backbone.device

    @property
    def placeholders(self) -> PlaceholderTokens:
        """Which tokens stand for pictures."""
        return self.engine.backbone.placeholders

    @property
    def pad_id(self) -> int:
        """What fills shorter rows."""
        return self.encoder.renderer.layout.pad_id

    @property
    def close_id(self) -> int:
        """The token that ends a turn."""
        return self.encoder.renderer.layout.token_id(Tag.END)

    @property
    def rows(self) -> int:
        """How many inputs are read and write together, for whoever batches freely."""
        return self.engine.limits.rows

    @property
    def budget(self) -> int:
        """The most tokens of a rationale."""
        return self.encoder.decode_options.budget

    @property
    def completion_format(self) -> CompletionFormat:
        """How a rationale is written.

        Raises:
            ModelError: if the family never writes.
        """
        completion_format = self.engine.completion_format
        if completion_format is None:
            raise ModelError(f"{self.encoder.name} writes no rationale; measure one that thinks")
        return completion_format

    def prompts(self, inputs: Sequence[EncodeInput]) -> list[Prompt]:
        """Lay inputs out as queries, in the encoder's own words."""
        words = self.encoder.instructions[Side.QUERY]
        messages = as_messages(inputs, side=Side.QUERY, instruction=words)
        return [self.encoder.renderer.render(message) for message in messages]

    def forced(self, tokens: int) -> "Subject":
        """The same, but every rationale is `tokens` long, whatever the model would say."""
        completion_format = self.completion_format
        shut = {
            *completion_format.forbidden,
            completion_format.embed_id,
            *completion_format.end_ids,
            self.close_id,
        }
        # A placeholder that no picture owns would be counted as one by the stock network.
        shut |= {self.placeholders.image_id, self.placeholders.video_id}
        open_ended = replace(completion_format, end_ids=(), forbidden=tuple(sorted(shut)))
        engine = replace(self.engine, completion_format=open_ended)
        return self._with(
            engine=engine, decode_options=replace(self.encoder.decode_options, budget=tokens)
        )

    def within(self, **limits: Any) -> "Subject":  # noqa: ANN401 - fields of Limits
        """The same, within other limits."""
        changed = replace(self.engine.limits, **limits)
        return self._with(engine=replace(self.engine, limits=changed))

    def writing(self, decode_options: DecodeOptions) -> "Subject":
        """The same, writing in another manner."""
        return self._with(decode_options=decode_options)

    def brief(self, budget: int) -> "Subject":
        """The same, writing at most so many tokens: enough to warm up."""
        return self.writing(replace(self.encoder.decode_options, budget=min(budget, self.budget)))

    def _with(self, **changed: Any) -> "Subject":  # noqa: ANN401 - fields of an encoder
        return replace(self, encoder=replace(self.encoder, **changed))


def subject_of(encoder: Encoder) -> Subject:
    """Check that an encoder can be measured.

    Raises:
        ModelError: if it is of a family that cannot think.
    """
    if not isinstance(encoder, ReasoningEncoder):
        raise ModelError(f"{encoder.name} does not think; measure nano, or a folder of its kind")
    subject = Subject(encoder, _stock(encoder))
    subject.completion_format  # noqa: B018 - raises where there is none
    return subject


def _stock(encoder: ReasoningEncoder) -> QwenVL | None:
    """The same weights as transformers loads them: on a CPU ours multiplies in its own way."""
    backbone = encoder.local.backbone
    if backbone.device.type != "cpu":
        return None
    dtype = str(backbone.network.dtype).removeprefix("torch.")
    return load_checkpoint(encoder.folder, LoadOptions(device="cpu", dtype=dtype, packed=False))
