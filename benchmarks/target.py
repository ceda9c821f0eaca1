"""The encoder under measurement, with what the baselines share of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from forethought.backbones import LoadOptions, PlaceholderTokens, QwenVL, load_checkpoint
from forethought.encoders import EncodeInput, ReasoningEncoder, as_messages
from forethought.engines import DecodeOptions, LocalEngine
from forethought.errors import ModelError
from forethought.renderers import Tag
from forethought.types import CompletionFormat, Prompt, Side


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """An encoder, and the weights, tokens and decoding rules that baselines share with it.

    Repetition is not stopped: baselines do not stop it either, and all decode the same tokens.
    Baselines run on `reference`, where the encoder's own network differs from what transformers
    loads.
    """

    encoder: ReasoningEncoder
    reference: QwenVL | None = None

    def __post_init__(self) -> None:
        decode_options = replace(self.encoder.decode_options, repeats=0)
        object.__setattr__(self, "encoder", replace(self.encoder, decode_options=decode_options))

    @property
    def engine(self) -> LocalEngine:
        """Our engine."""
        return self.encoder.local

    @property
    def network(self) -> Any:  # noqa: ANN401 - transformers leaves its networks untyped
        """The network that baselines run, as transformers loads it."""
        return (self.reference or self.engine.backbone).network

    @property
    def device(self) -> torch.device:
        """The device of the weights."""
        return self.engine.backbone.device

    @property
    def placeholders(self) -> PlaceholderTokens:
        """The tokens that stand for pictures and videos."""
        return self.engine.backbone.placeholders

    @property
    def pad_id(self) -> int:
        """The token that fills shorter rows."""
        return self.encoder.renderer.layout.pad_id

    @property
    def close_id(self) -> int:
        """The token that ends a turn."""
        return self.encoder.renderer.layout.token_id(Tag.END)

    @property
    def rows(self) -> int:
        """The batch size of every case that is free to choose one."""
        return self.engine.limits.rows

    @property
    def budget(self) -> int:
        """The most tokens of a rationale."""
        return self.encoder.decode_options.budget

    @property
    def completion_format(self) -> CompletionFormat:
        """The format of a rationale.

        Raises:
            ModelError: if the family never thinks.
        """
        completion_format = self.engine.completion_format
        if completion_format is None:
            raise ModelError(
                f"{self.encoder.name} ({self.encoder.family.title}) never thinks, and this "
                "compares rationales: measure a model that thinks, or use `forethought bench`"
            )
        return completion_format

    def prompts(self, inputs: Sequence[EncodeInput]) -> list[Prompt]:
        """Render inputs as queries with the encoder's default instruction."""
        instruction = self.encoder.instructions[Side.QUERY]
        messages = as_messages(inputs, side=Side.QUERY, instruction=instruction)
        return [self.encoder.renderer.render(message) for message in messages]

    def with_length(self, tokens: int) -> "Target":
        """The same, but every rationale is exactly `tokens` long."""
        completion_format = self.completion_format
        forbidden = {
            *completion_format.forbidden,
            completion_format.embed_id,
            *completion_format.end_ids,
            self.close_id,
        }
        # The stock network would count a generated placeholder as a picture.
        forbidden |= {self.placeholders.image_id, self.placeholders.video_id}
        open_ended = replace(completion_format, end_ids=(), forbidden=tuple(sorted(forbidden)))
        return self._replace(
            engine=replace(self.engine, completion_format=open_ended),
            decode_options=replace(self.encoder.decode_options, budget=tokens),
        )

    def with_limits(self, **limits: Any) -> "Target":  # noqa: ANN401 - fields of Limits
        """The same, within other engine limits."""
        changed = replace(self.engine.limits, **limits)
        return self._replace(engine=replace(self.engine, limits=changed))

    def with_options(self, decode_options: DecodeOptions) -> "Target":
        """The same, with other decode options."""
        return self._replace(decode_options=decode_options)

    def with_budget(self, budget: int) -> "Target":
        """The same, with rationales of at most `budget` tokens."""
        budget = min(budget, self.budget)
        return self.with_options(replace(self.encoder.decode_options, budget=budget))

    def _replace(self, **changed: Any) -> "Target":  # noqa: ANN401 - fields of an encoder
        return replace(self, encoder=replace(self.encoder, **changed))


def target_of(encoder: ReasoningEncoder) -> Target:
    """Make a target of a loaded encoder.

    Raises:
        ModelError: if its family never thinks.
    """
    target = Target(encoder, _reference(encoder))
    target.completion_format  # noqa: B018 - raises if it never thinks
    return target


def _reference(encoder: ReasoningEncoder) -> QwenVL | None:
    """The same weights without packed layers; None on a GPU, where ours are not packed either."""
    backbone = encoder.local.backbone
    if backbone.device.type != "cpu":
        return None
    dtype = str(backbone.network.dtype).removeprefix("torch.")
    return load_checkpoint(encoder.folder, LoadOptions(device="cpu", dtype=dtype, packed=False))
