"""An encoder that embeds directly, after a rationale, or as its gate decides."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from importlib import import_module
from pathlib import Path
from typing import Any

from forethought.encoders.embeddings_builder import EmbeddingsBuilder
from forethought.encoders.encode_input import EncodeInput, check_is_list
from forethought.encoders.encoder import as_choice
from forethought.encoders.families import Family
from forethought.encoders.gate import ActionGate, Gate
from forethought.encoders.origin import Origin
from forethought.encoders.prefetch import prefetch
from forethought.encoders.prepare import Preparer
from forethought.encoders.rationale_cache import RationaleCache, RationaleCacheView
from forethought.encoders.rationale_key import pending_rationale
from forethought.encoders.session import EncodeSession
from forethought.encoders.stored_completion import to_completion
from forethought.engines import DecodeOptions, Engine, LocalEngine, VllmEngine
from forethought.errors import ModelError
from forethought.renderers import Renderer
from forethought.types import CachedRationale, Embeddings, Message, Progress, Prompt, Side, Think

_log = logging.getLogger(__name__)

WINDOW = 8
"""Batches whose prompts are in memory at a time; on a GPU the next window is prepared meanwhile."""


@dataclass(frozen=True, slots=True, eq=False)
class ReasoningEncoder:
    """One model that writes a rationale before its vector, or does not.

    `folder` is where it was loaded from, `instructions` are used where a call gives none.

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
    instructions: dict[Side, str]
    origin: Origin | None = None

    def __reduce__(self) -> tuple[Callable[..., "ReasoningEncoder"], tuple[object, ...]]:
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
        return _load_again, (origin, self.revision, changes)

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
        inputs: Sequence[EncodeInput],
        *,
        side: Side | str = Side.QUERY,
        think: Think | str = Think.AUTO,
        instruction: str | None = None,
        batch_size: int = 64,
        progress: Progress | None = None,
        on_error: str = "raise",
        rationales: RationaleCache | None = None,
    ) -> Embeddings:
        """Embed inputs; row i of the result is input i. See `Encoder.encode`.

        Args:
            rationales: cache of rationales. A stored one is read in one pass instead of decoded
                (its `tokens` are 0); new ones are added after each batch.
            on_error: "raise", or "skip" to go on without an input that cannot be read: its
                vector is NaN, its mode `SKIPPED`, and `errors` holds the reason.
        """
        side, think = as_choice(Side, side), as_choice(Think, think)
        if on_error not in {"raise", "skip"}:
            raise ModelError(f"unknown on_error {on_error!r}; known: raise, skip")
        if batch_size < 1:
            raise ModelError(f"batch_size must be at least 1, got {batch_size}")
        check_is_list(inputs)
        think = self._think_on(side, think)
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
        result = EmbeddingsBuilder(len(inputs), self.dimension)
        report = progress or _silent
        done = 0
        every, size = range(len(inputs)), WINDOW * batch_size
        windows = (partial(preparer.prepare, inputs, every[i : i + size]) for i in every[::size])
        # On a CPU the thread would only compete for the same cores.
        for batch in prefetch(windows, overlap=self.engine.backbone.device.type == "cuda"):
            if batch.errors:
                done += len(batch.errors)
                report(done, len(inputs))
            for finished in session.run(batch.rows):
                done += len(finished)
                report(done, len(inputs))
            refused = {row.index: row.error for row in batch.rows if row.error}
            if refused:
                done += len(refused)
                report(done, len(inputs))
            result.add([row for row in batch.rows if row.error is None])
            result.skip({**batch.errors, **refused})
        return result.build()

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
            decode_options=self.decode_options,
        )

    def _think_on(self, side: Side, think: Think) -> Think:
        """`think` after the family and the gate: AUTO remains only where the gate decides.

        Raises:
            ModelError: if the encoder does not support it on this side.
        """
        supported = side in self.family.thinks
        if think is Think.ALWAYS and not supported:
            sides = ", ".join(sorted(self.family.thinks)) or "no"
            raise ModelError(
                f"{self.name} ({self.family.title}) cannot think on the {side} side, only on "
                f"{sides} side; use think='never' or 'auto'"
            )
        if think is not Think.AUTO or self.gate is not None:
            return think if supported else Think.NEVER
        if self.family.thinks == set(Side):
            _say_no_gate(self.name, self.revision)
            return Think.NEVER
        return Think.ALWAYS if supported else Think.NEVER


def _load_again(origin: Origin, revision: str, changes: dict[str, Any]) -> ReasoningEncoder:
    """The encoder that was pickled.

    Raises:
        ModelError: if its folder is gone or has changed.
    """
    # By its name: `load` makes what this module defines.
    door: Any = import_module("forethought.encoders")
    encoder: ReasoningEncoder = door.load(
        origin.folder,
        family=origin.family,
        load_options=origin.load_options,
        encode_options=origin.encode_options,
        limits=origin.limits,
        engine=origin.engine,
    )
    if encoder.revision != revision:
        raise ModelError(
            f"{origin.folder} holds revision {encoder.revision}, the pickled encoder was "
            f"{revision}; pickle it again after loading that folder"
        )
    return replace(encoder, **changes)


@cache
def _say_no_gate(name: str, revision: str) -> None:
    """Say, once a model, what think='auto' means without a gate."""
    del revision
    _log.warning(
        "%s has no gate, so think='auto' embeds directly; think='always' writes a rationale", name
    )


def _silent(done: int, total: int, label: str = "", /) -> None:
    """Progress of calls that pass none."""
