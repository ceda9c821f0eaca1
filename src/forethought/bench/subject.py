"""What is measured: an encoder that thinks, and what its rivals need to know of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from forethought.backbones import Marks
from forethought.encoders import Encoder, ReasoningEncoder, Shown, as_messages
from forethought.errors import ModelError
from forethought.renderers import Tag
from forethought.types import Grammar, Prompt, Side


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """An encoder and the weights, tokens and rules that its rivals share with it.

    An `endless` one is not stopped where it repeats itself.
    """

    encoder: ReasoningEncoder
    endless: bool = False

    @property
    def network(self) -> Any:  # noqa: ANN401 - transformers types none of what is asked of it
        """The stock network underneath."""
        return self.encoder.engine.backbone.network

    @property
    def device(self) -> torch.device:
        """Where the weights lie."""
        return self.encoder.engine.backbone.device

    @property
    def marks(self) -> Marks:
        """Which tokens stand for pictures."""
        return self.encoder.engine.backbone.marks

    @property
    def pad_id(self) -> int:
        """What fills shorter rows."""
        return self.encoder.renderer.layout.pad_id

    @property
    def close_id(self) -> int:
        """The token that ends a turn."""
        return self.encoder.renderer.layout.token_id(Tag.END)

    @property
    def budget(self) -> int:
        """The most tokens of a rationale."""
        return self.encoder.budget

    @property
    def grammar(self) -> Grammar:
        """How a rationale is written.

        Raises:
            ModelError: if the family never writes.
        """
        grammar = self.encoder.engine.grammar
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
        open_ended = replace(grammar, end_ids=(), forbidden=tuple(sorted(shut)))
        engine = replace(self.encoder.local, grammar=open_ended)
        # Made to go on, a model repeats itself: nothing is cut short for that.
        return Subject(replace(self.encoder, engine=engine, budget=tokens), endless=True)


def subject_of(encoder: Encoder) -> Subject:
    """Check that an encoder can be measured.

    Raises:
        ModelError: if it is of a family that cannot think.
    """
    if not isinstance(encoder, ReasoningEncoder):
        raise ModelError(f"{encoder.name} does not think; measure nano, or a folder of its kind")
    subject = Subject(encoder)
    subject.grammar  # noqa: B018 - raises where there is none
    return subject
