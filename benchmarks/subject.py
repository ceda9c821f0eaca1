"""What is measured: an encoder that thinks, and what its rivals need to know of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from forethought.backbones import Loading, Marks, QwenVL, load_checkpoint
from forethought.encoders import Encoder, ReasoningEncoder, Shown, as_messages
from forethought.engines import LocalEngine, Manner
from forethought.errors import ModelError
from forethought.renderers import Tag
from forethought.types import Grammar, Prompt, Side


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """An encoder and the weights, tokens and rules that its rivals share with it.

    Nobody is stopped where it repeats itself: rivals are not, and all write the same. Rivals
    run on `stock`, where the encoder's own network is not left as transformers made it.
    """

    encoder: ReasoningEncoder
    stock: QwenVL | None = None

    def __post_init__(self) -> None:
        manner = replace(self.encoder.manner, repeats=0)
        object.__setattr__(self, "encoder", replace(self.encoder, manner=manner))

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
    def marks(self) -> Marks:
        """Which tokens stand for pictures."""
        return self.engine.backbone.marks

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
        return self.encoder.manner.budget

    @property
    def grammar(self) -> Grammar:
        """How a rationale is written.

        Raises:
            ModelError: if the family never writes.
        """
        grammar = self.engine.grammar
        if grammar is None:
            raise ModelError(f"{self.encoder.name} writes no rationale; measure one that thinks")
        return grammar

    def prompts(self, inputs: Sequence[Shown]) -> list[Prompt]:
        """Lay inputs out as queries, in the encoder's own words."""
        words = self.encoder.instructions[Side.QUERY]
        messages = as_messages(inputs, side=Side.QUERY, instruction=words)
        return [self.encoder.renderer.render(message) for message in messages]

    def forced(self, tokens: int) -> "Subject":
        """The same, but every rationale is `tokens` long, whatever the model would say."""
        grammar = self.grammar
        shut = {*grammar.forbidden, grammar.embed_id, *grammar.end_ids, self.close_id}
        # A placeholder that no picture owns would be counted as one by the stock network.
        shut |= {self.marks.image_id, self.marks.video_id}
        open_ended = replace(grammar, end_ids=(), forbidden=tuple(sorted(shut)))
        engine = replace(self.engine, grammar=open_ended)
        return self._with(engine=engine, manner=replace(self.encoder.manner, budget=tokens))

    def within(self, **limits: Any) -> "Subject":  # noqa: ANN401 - fields of Limits
        """The same, within other limits."""
        changed = replace(self.engine.limits, **limits)
        return self._with(engine=replace(self.engine, limits=changed))

    def writing(self, manner: Manner) -> "Subject":
        """The same, writing in another manner."""
        return self._with(manner=manner)

    def brief(self, budget: int) -> "Subject":
        """The same, writing at most so many tokens: enough to warm up."""
        return self.writing(replace(self.encoder.manner, budget=min(budget, self.budget)))

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
    subject.grammar  # noqa: B018 - raises where there is none
    return subject


def _stock(encoder: ReasoningEncoder) -> QwenVL | None:
    """The same weights as transformers loads them: on a CPU ours multiplies in its own way."""
    backbone = encoder.local.backbone
    if backbone.device.type != "cpu":
        return None
    dtype = str(backbone.network.dtype).removeprefix("torch.")
    return load_checkpoint(encoder.folder, Loading(device="cpu", dtype=dtype, packed=False))
