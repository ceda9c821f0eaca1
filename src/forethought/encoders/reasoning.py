"""An encoder that can embed at once, think first, or choose."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np

from forethought.encoders.encoder import EncodeInput, as_choice, as_message, refuse_string
from forethought.encoders.families import Family
from forethought.encoders.gate import Gate
from forethought.encoders.prefetch import prefetch
from forethought.encoders.rationale_cache import RationaleCache, RationaleCacheView
from forethought.encoders.rationale_key import key_of, sources_of
from forethought.encoders.session import EncodeSession, embeddings
from forethought.encoders.stored_completion import to_completion
from forethought.engines import DecodeOptions, Engine, LocalEngine, VllmEngine
from forethought.errors import ContentError, ModelError
from forethought.renderers import Renderer
from forethought.types import (
    CachedRationale,
    Embeddings,
    Ending,
    Message,
    Mode,
    Progress,
    Prompt,
    Rationale,
    Side,
    Think,
    concatenate,
)

WINDOW = 8
"""So many batches of inputs are laid out at a time: pictures as patches are large.

Beside a GPU two such windows are there at a time: one is answered while the next is laid out."""


@dataclass(frozen=True, slots=True, eq=False)
class PreparedBatch:
    """One window of inputs, laid out: by index, the prompts and why there is none.

    `blanks` is what is known of each prompt's rationale before it is written, where that is
    asked for.
    """

    prompts: dict[int, Prompt]
    blanks: tuple[CachedRationale, ...]
    errors: dict[int, str]


@dataclass(frozen=True, slots=True, eq=False)
class ReasoningEncoder:
    """One backbone, three roads: direct, thought, and the choice between them.

    `decode_options` is how rationales are written, `instructions` what is asked where the caller asks
    nothing, `folder` where it was loaded from.
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

    @property
    def dimension(self) -> int:
        """How long its vectors are."""
        return self.engine.backbone.hidden_size

    @property
    def local(self) -> LocalEngine:
        """What reads in this process, whoever writes.

        Raises:
            ModelError: if the engine keeps none here.
        """
        if isinstance(self.engine, VllmEngine):
            return self.engine.reader
        if isinstance(self.engine, LocalEngine):
            return self.engine
        raise ModelError(
            f"{type(self.engine).__name__} is no engine of this process; load with engine='local'"
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
        """Embed inputs in order; see `Encoder.encode`.

        Args:
            rationales: what was thought before: found there, a rationale is read and not
                decoded (its `tokens` are 0); others are added to it as they are written.
            on_error: "raise", or "skip" to go on without an input that cannot be read: its
                vector is NaN, its mode `SKIPPED`, and `errors` says why.
        """
        side, think = as_choice(Side, side), as_choice(Think, think)
        if on_error not in {"raise", "skip"}:
            raise ModelError(f"unknown on_error {on_error!r}; known: raise, skip")
        if batch_size < 1:
            raise ModelError(f"batch_size must be at least 1, got {batch_size}")
        refuse_string(inputs)
        think = self._early_exit(side, think)
        words = self.instructions[side] if instruction is None else instruction
        errors: dict[int, str] = {}
        order: list[int] = []
        parts = []
        memory = None if think is Think.NEVER else rationales

        def lay_out(window: range) -> PreparedBatch:
            shown = {index: inputs[index] for index in window}
            keys = memory is not None
            return self._lay_out(shown, side, words, keys=keys, on_error=on_error)

        every = range(len(inputs))
        size = WINDOW * batch_size
        windows = (partial(lay_out, every[first : first + size]) for first in every[::size])
        # A processor would only take turns.
        overlap = self.engine.backbone.device.type == "cuda"
        for laid in prefetch(windows, overlap=overlap):
            errors |= laid.errors
            past = (
                RationaleCacheView(memory, laid.blanks, self._spell) if memory is not None else None
            )
            done = len(errors) + len(order)
            rows = self._desk(list(laid.prompts.values()), think, past).answer(
                batch_size=batch_size, progress=_from(progress, done, total=len(inputs))
            )
            places = list(laid.prompts)
            order += [places[row.place] for row in rows]
            parts += [embeddings(rows)] if rows else []
        whole = concatenate([_skipped(len(errors), self.dimension), *parts])
        return _placed(whole, [*errors, *order], [errors.get(index) for index in every])

    def _lay_out(
        self,
        shown: Mapping[int, EncodeInput],
        side: Side,
        instruction: str,
        *,
        keys: bool,
        on_error: str,
    ) -> PreparedBatch:
        prompts: dict[int, Prompt] = {}
        blanks: list[CachedRationale] = []
        errors: dict[int, str] = {}
        for index, one in shown.items():
            try:
                message = as_message(one, side=side, instruction=instruction)
                prompts[index] = self.renderer.render(message)
                # Now, and not later: the pixels are not kept.
                blanks += [self._blank(message, prompts[index])] if keys else []
            except ContentError as error:
                errors[index] = _told(index, error, on_error=on_error)
        return PreparedBatch(prompts, tuple(blanks), errors)

    def _desk(
        self, prompts: list[Prompt], think: Think, past: RationaleCacheView | None
    ) -> EncodeSession:
        return EncodeSession(
            engine=self.engine,
            renderer=self.renderer,
            gate=self.gate,
            decode_options=None if think is Think.NEVER else self.decode_options,
            think=think,
            prompts=prompts,
            past=past,
        )

    def _spell(self, memo: CachedRationale) -> tuple[int, ...] | None:
        return to_completion(memo, self.renderer, self.engine.backbone)

    def _blank(self, message: Message, prompt: Prompt) -> CachedRationale:
        """What is known of a rationale before it is written."""
        key = key_of(
            message,
            prompt,
            reasoner=self.name,
            revision=self.revision,
            settings=_settings(self.decode_options),
        )
        unwritten = Rationale("", "", Ending.MALFORMED)
        said = f"{self.name}@{self.revision}"
        return CachedRationale(key, unwritten, (), reasoner=said, sources=sources_of(message))

    def _early_exit(self, side: Side, think: Think) -> Think:
        """What `think` comes to on this side, where nothing is left to each input.

        Raises:
            ModelError: if the family cannot do it.
        """
        may = side in self.family.thinks
        if think is Think.ALWAYS and not may:
            thinking = ", ".join(sorted(self.family.thinks)) or "no"
            raise ModelError(
                f"{self.name} ({self.family.title}) cannot think on the {side} side, only on "
                f"{thinking} side; ask it with think='never' or 'auto'"
            )
        if think is not Think.AUTO or self.gate is not None:
            return think if may else Think.NEVER
        if self.family.thinks == set(Side):
            raise ModelError(
                f"{self.name} has no gate, so think='auto' cannot choose: ask for 'never' or "
                "'always', or fit a gate with `forethought train`"
            )
        return Think.ALWAYS if may else Think.NEVER


def _settings(decode_options: DecodeOptions) -> dict[str, object]:
    """What of a manner makes a rationale another one: guesses do not."""
    told = {
        **asdict(decode_options.sampling),
        "budget": decode_options.budget,
        "repeats": decode_options.repeats,
    }
    return told | (
        {"early_exit": asdict(decode_options.early_exit)} if decode_options.early_exit else {}
    )


def _told(index: int, error: ContentError, *, on_error: str) -> str:
    """Why an input was skipped, or the error that names it."""
    if on_error == "raise":
        raise ContentError(f"input {index}: {error}") from None
    return str(error)


def _from(progress: Progress | None, first: int, *, total: int) -> Callable[[int], None] | None:
    """Progress of one window as progress of the whole call."""
    return progress and (lambda done: progress(first + done, total))


def _skipped(rows: int, dimension: int) -> Embeddings:
    return Embeddings(
        vectors=np.full((rows, dimension), np.nan, dtype=np.float32),
        rationales=(None,) * rows,
        mode=(Mode.SKIPPED,) * rows,
        tokens=np.zeros(rows, dtype=np.int64),
        gate=np.full(rows, np.nan, dtype=np.float32),
    )


def _placed(whole: Embeddings, order: list[int], errors: list[str | None]) -> Embeddings:
    back = np.argsort(order)
    return Embeddings(
        vectors=whole.vectors[back],
        rationales=tuple(whole.rationales[index] for index in back),
        mode=tuple(whole.mode[index] for index in back),
        tokens=whole.tokens[back],
        gate=whole.gate[back],
        errors=tuple(errors),
    )


def count_endings(embeddings: Embeddings) -> dict[Ending, int]:
    """Count how the rationales ended."""
    written = [rationale.ending for rationale in embeddings.rationales if rationale is not None]
    return {ending: written.count(ending) for ending in Ending}
