"""The protocol of an engine: what an encoder needs to run prompts."""

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Protocol, runtime_checkable

from forethought.backbones import QwenVL
from forethought.engines.decode_options import DecodeOptions
from forethought.engines.prefill import Prefill
from forethought.engines.request import RequestOutput
from forethought.engines.scheduler import Limits
from forethought.types import CompletionFormat, Prompt

Decide = Callable[[Prefill, Sequence[int]], tuple[Sequence[int], Sequence[float]]]
"""Chooses the rows of a prefill that decode, and gives the gate's probability for each row.

Called with a prefill and the index of the prompt of each of its rows."""


@runtime_checkable
class Engine(Protocol):
    """Runs prompts, and decodes completions for those that a caller chooses."""

    @property
    def backbone(self) -> QwenVL:
        """The network whose last hidden states are the vectors."""
        ...

    @property
    def pad_id(self) -> int:
        """The token id of padding."""
        ...

    @property
    def completion_format(self) -> CompletionFormat | None:
        """The format of a rationale; None for a family that writes none."""
        ...

    @property
    def limits(self) -> Limits:
        """How much is computed at once by default."""
        ...

    def run(
        self,
        prompts: Sequence[Prompt],
        *,
        decide: Decide,
        decode_options: DecodeOptions | None,
        samples: int = 1,
        seed: int | None = None,
        rows: int | None = None,
        cancelled: Collection[int] = (),
    ) -> Iterator[RequestOutput]:
        """Run every prompt; outputs come in the order in which they are complete.

        Args:
            decide: called once for every group of prompts, after its prefill.
            decode_options: how rationales are decoded; None decodes none.
            samples: completions of each prompt that decodes.
            seed: makes sampling repeatable, whatever runs beside it.
            rows: maximum rows that decode at a time, by default the engine's.
            cancelled: indices of cancelled prompts, which have no output; may grow during the
                run.

        Raises:
            ModelError: if `decode_options` are given and the family writes no rationale.
        """
        ...
