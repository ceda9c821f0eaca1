"""An encoder that embeds directly, after a rationale, or as its gate decides."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import torch

from forethought.encoders.embeddings_builder import EmbeddingsBuilder
from forethought.encoders.encode_input import EncodeInputs, as_inputs
from forethought.encoders.encoder import EncodeSides, as_choice, check_arguments
from forethought.encoders.families import Family
from forethought.encoders.gate import ActionGate, Gate
from forethought.encoders.instructions import Instructions
from forethought.encoders.options import EncodeOptions
from forethought.encoders.origin import Origin, load_again
from forethought.encoders.prefetch import prefetch
from forethought.encoders.prepare import PreparedBatch, Preparer
from forethought.encoders.progress_bar import reporting
from forethought.encoders.rationale_cache import RationaleCache, RationaleCacheView
from forethought.encoders.rationale_key import pending_rationale
from forethought.encoders.session import EncodeSession
from forethought.encoders.settings import decode_settings
from forethought.encoders.stored_completion import to_completion
from forethought.encoders.think_support import supported_think
from forethought.engines import DecodeOptions, Engine, LocalEngine, VllmEngine
from forethought.errors import ModelError
from forethought.renderers import Renderer
from forethought.types import (
    CachedRationale,
    ContentKind,
    Embeddings,
    Message,
    Progress,
    Prompt,
    Provenance,
    Side,
    Think,
)

WINDOW = 8
"""Batches whose prompts are in memory at a time; on a GPU the next window is prepared meanwhile."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ReasoningEncoder(EncodeSides):
    """One model that writes a rationale before its vector, or does not.

    `folder` is where it was loaded from. `instructions` are used where a call gives none.
    `encode_options` are what it was loaded and saved with, `settings` what follows from them and
    from its family: see `Provenance`.

    It is pickled and copied by its `origin`, which loads the weights once more: changes of the
    network in memory are left behind.
    """

    name: str
    revision: str
    folder: Path
    engine: Engine
    renderer: Renderer
    family: Family
    gate: Gate | None
    decode_options: DecodeOptions
    instructions: Instructions
    encode_options: EncodeOptions
    settings: tuple[str, ...]
    origin: Origin | None = None

    def __repr__(self) -> str:
        gate = "no gate" if self.gate is None else f"gate at {self.gate.threshold:g}"
        return (
            f"<ReasoningEncoder {self.name}@{self.revision}: {self.family.title}, "
            f"{self.dimension} dimensions, {self.engine.backbone.device}, {gate}>"
        )

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        """What it was loaded from, and what was replaced since.

        Raises:
            ModelError: if it was not loaded from a folder.
        """
        if self.origin is None:
            raise ModelError(
                f"{self.name} was not loaded by `forethought.load`, so it can be neither pickled "
                "nor copied; save it and load the folder"
            )
        # Its gate reads the network's own weights, and comes back with them.
        has_action_gate = isinstance(self.gate, ActionGate)
        changes = {
            "name": self.name,
            "decode_options": self.decode_options,
            "instructions": self.instructions,
            **({} if has_action_gate else {"gate": self.gate}),
        }
        origin = replace(self.origin, limits=self.local.limits)
        return load_again, (origin, self.revision, changes)

    @property
    def dimension(self) -> int:
        """Length of each vector."""
        return self.engine.backbone.hidden_size

    @property
    def local(self) -> LocalEngine:
        """The engine of this process, which computes every vector.

        Raises:
            ModelError: if the engine has none.
        """
        if isinstance(self.engine, VllmEngine):
            return self.engine.local
        if isinstance(self.engine, LocalEngine):
            return self.engine
        raise ModelError(
            f"{type(self.engine).__name__} has no engine in this process; load with engine='local'"
        )

    def encode(
        self,
        inputs: EncodeInputs,
        *,
        side: Side | str = Side.QUERY,
        think: Think | str = Think.AUTO,
        instruction: str | None = None,
        batch_size: int = 64,
        progress: Progress | bool | None = None,
        on_error: str = "raise",
        rationales: RationaleCache | None = None,
    ) -> Embeddings:
        """Embed inputs; row i of the result is input i. See `Encoder.encode`.

        Args:
            rationales: cache of rationales. A stored one is read in one pass instead of decoded
                (its `tokens` are 0); new ones are added after each batch.
        """
        check_arguments(
            instruction=instruction, batch_size=batch_size, progress=progress, on_error=on_error
        )
        if rationales is not None and not isinstance(rationales, RationaleCache):
            raise ModelError(f"rationales={rationales!r}: pass a forethought.RationaleStore(...)")
        items, side = as_inputs(inputs), as_choice(Side, side)
        provenance = self.provenance((), side=side, think=think)
        think = self._think_on(side, as_choice(Think, think))
        cache = None if think is Think.NEVER else self._view(rationales)
        preparer = Preparer(
            self.renderer,
            side,
            self.instructions[side] if instruction is None else instruction,
            pending=self._pending if cache else None,
            skip_errors=on_error == "skip",
        )
        session = EncodeSession(
            self.engine,
            self.renderer,
            self.gate,
            self.decode_options,
            think,
            cache,
            batch_size,
            skip_errors=on_error == "skip",
        )
        result = EmbeddingsBuilder(len(items), self.dimension, skip_errors=on_error == "skip")
        done = 0
        every, size = range(len(items)), WINDOW * batch_size
        windows = (partial(preparer.prepare, items, every[i : i + size]) for i in every[::size])
        with reporting(progress) as report:
            # On a CPU the thread would only compete for the same cores.
            for batch in prefetch(windows, overlap=self.engine.backbone.device.type == "cuda"):
                if batch.errors:
                    done += len(batch.errors)
                    report(done, len(items))
                for finished in session.run(batch.rows):
                    done += len(finished)
                    report(done, len(items))
                refused = sum(row.error is not None for row in batch.rows)
                if refused:
                    done += refused
                    report(done, len(items))
                _add(result, batch)
        return result.build(provenance)

    def provenance(
        self,
        kinds: Iterable[ContentKind],
        *,
        side: Side | str = Side.QUERY,
        think: Think | str = Think.AUTO,
        instruction: str | None = None,
    ) -> Provenance:
        """The provenance of what `encode` would return; see `Encoder.provenance`."""
        side = as_choice(Side, side)
        defaults = self.instructions[side]
        used = [defaults[kind] if instruction is None else instruction for kind in kinds]
        return Provenance(
            encoder=self.name,
            revision=self.revision,
            side=side,
            instructions=tuple(dict.fromkeys(used)),
            settings=self.settings,
            decoding=self._decoding(self._think_on(side, as_choice(Think, think))),
            aligned=self.family.aligned,
        )

    def _decoding(self, think: Think) -> tuple[str, ...]:
        """What changes whether there is a rationale, and which."""
        if think is Think.NEVER:
            return ()
        settings = self._decode_settings
        if think is Think.AUTO and self.gate is not None:
            settings += (f"threshold={self.gate.threshold:g}",)
        return settings

    @property
    def _decode_settings(self) -> tuple[str, ...]:
        return decode_settings(self.decode_options, cache=self.engine.limits.cache)

    def _view(self, cache: RationaleCache | None) -> RationaleCacheView | None:
        if cache is None:
            return None
        read = partial(to_completion, renderer=self.renderer, backbone=self.engine.backbone)
        return RationaleCacheView(cache, read)

    def _pending(self, message: Message, prompt: Prompt) -> CachedRationale:
        return pending_rationale(
            message,
            prompt,
            reasoner=self.name,
            revision=self.revision,
            settings=(*self.settings, *self._decode_settings),
        )

    def _think_on(self, side: Side, think: Think) -> Think:
        return supported_think(think, side, model=self.name, family=self.family, gate=self.gate)


def _add(result: EmbeddingsBuilder, batch: PreparedBatch) -> None:
    """Collect a batch whose rows are finished."""
    result.add_instructions(batch.instructions)
    for index, reason in batch.errors.items():
        result.skip(index, reason)
    for row in batch.rows:
        if row.error:
            result.skip(row.index, row.error)
    finished = [(row, row.state) for row in batch.rows if row.state is not None]
    if finished:
        states = torch.stack([state.float() for _, state in finished])
        result.add_states([row.index for row, _ in finished], states)
    for row, _ in finished:
        result.add_gate(row.index, row.gate)
        if row.rationale:
            result.add_rationale(row.index, row.rationale, tokens=len(row.token_ids))
