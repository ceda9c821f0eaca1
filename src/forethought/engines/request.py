"""What an engine is asked, and what it answers."""

from dataclasses import dataclass

from jaxtyping import Float, Int
from torch import Tensor
from transformers import DynamicCache

from forethought.types import Ending


@dataclass(frozen=True, slots=True)
class Completion:
    """What one row wrote: its tokens, the embed token last, and how it ended."""

    token_ids: tuple[int, ...]
    ending: Ending


@dataclass(frozen=True, slots=True, eq=False)
class Prefill:
    """Prompts that were read once.

    `direct` holds the state at each prompt's direct embed token, `last` the state that
    predicts its first completion token, `cache` everything else that writing needs, each row
    from its first place on, `lengths` places long, and `token_ids` what stands there. The
    cache is None where it was not to be kept: then nothing can be written behind it.
    """

    token_ids: tuple[tuple[int, ...], ...]
    direct: Float[Tensor, "B H"]
    last: Float[Tensor, "B H"]
    next_position: Int[Tensor, " B"]
    cache: DynamicCache | None

    @property
    def lengths(self) -> tuple[int, ...]:
        """How many tokens of each prompt stand before its completion."""
        return tuple(map(len, self.token_ids))


@dataclass(frozen=True, slots=True, eq=False)
class FinishedRow:
    """A row that is done: which one, the state at its embed token, and what it wrote."""

    key: int
    vector: Float[Tensor, " H"]
    thought: Completion


@dataclass(frozen=True, slots=True, eq=False)
class RequestOutput:
    """One prompt's answers: its direct state, the gate's word, and a thought a sample.

    `gate` is NaN where no gate was asked; `completions` and `vectors` are empty for a prompt
    that was not thought about.
    """

    index: int
    direct: Float[Tensor, " H"]
    gate: float
    completions: tuple[Completion, ...]
    vectors: tuple[Float[Tensor, " H"], ...]
