"""What an encoder needs of whatever runs its network."""

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Protocol, runtime_checkable

from forethought.backbones import QwenVL
from forethought.engines.decode_options import DecodeOptions
from forethought.engines.request import Prefill, RequestOutput
from forethought.engines.scheduler import Limits
from forethought.types import CompletionFormat, Prompt

Decide = Callable[[Prefill, Sequence[int]], tuple[Sequence[int], Sequence[float]]]
"""Which rows of a prefill are thought about, and the gate's probability for each row.

Told the prefill, and which of the prompts its rows are."""


@runtime_checkable
class Engine(Protocol):
    """Reads prompts, and writes about those for which it is decided."""

    @property
    def backbone(self) -> QwenVL:
        """The network that reads: every vector is a state of its last layer."""
        ...

    @property
    def pad_id(self) -> int:
        """What fills shorter rows."""
        ...

    @property
    def completion_format(self) -> CompletionFormat | None:
        """How a rationale is written; None for a family that never writes."""
        ...

    @property
    def limits(self) -> Limits:
        """How much is done at once, where a call does not say."""
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
        dropped: Collection[int] = (),
    ) -> Iterator[RequestOutput]:
        """Answer every prompt, in the order in which they are done.

        Args:
            decide: asked once for every group of prompts that was read.
            manner: how rationales are written; without one nothing is.
            samples: how many rationales a prompt gets that is thought about.
            seed: makes what is drawn repeatable, whatever is run beside it.
            rows: the most that write at a time; the engine's own limit by default.
            dropped: the places of prompts that nobody waits for any more; it may grow while
                this runs, and those that are in it are not answered.

        Raises:
            ModelError: if something is to be written and the family never writes.
        """
        ...
