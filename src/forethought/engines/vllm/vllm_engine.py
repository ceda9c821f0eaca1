"""The same answers with vLLM writing: it decodes, and one pass here reads what it wrote.

prompts ─ scheduler ─► prefill ─┬─► direct state, gate
                                └─► vLLM ─► closed rationales ─► one pass behind their prompts
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from forethought.backbones import QwenVL
from forethought.engines.decode_options import DecodeOptions
from forethought.engines.engine import Decide
from forethought.engines.local import LocalEngine
from forethought.engines.request import Completion, RequestOutput
from forethought.engines.scheduler import Limits, bucket
from forethought.engines.teacher_forced import reread
from forethought.engines.vllm.vllm_request import (
    VllmRequest,
    close,
    loops,
    prompt_for,
    see,
    settings,
)
from forethought.errors import ModelError
from forethought.types import CompletionFormat, Prompt

WAVE = 8
"""So many times `Limits.rows` prompts are handed to vLLM together: its rows stay filled."""


@dataclass(frozen=True, slots=True, eq=False)
class VllmEngine:
    """Prompts and rationales are read by `reader`, in this process; vLLM's `writer` decodes.

    Every vector is the reader's, so it is the one that every other engine gives. Pictures
    reach vLLM as what the reader's own vision tower sees in them.
    """

    reader: LocalEngine
    writer: Any

    @property
    def backbone(self) -> QwenVL:
        """The network that reads."""
        return self.reader.backbone

    @property
    def pad_id(self) -> int:
        """What fills shorter rows."""
        return self.reader.pad_id

    @property
    def completion_format(self) -> CompletionFormat | None:
        """How a rationale is written."""
        return self.reader.completion_format

    @property
    def limits(self) -> Limits:
        """How much is read at once; how much vLLM does at once is its own affair."""
        return self.reader.limits

    @torch.inference_mode()
    def run(
        self,
        prompts: Sequence[Prompt],
        *,
        decide: Decide,
        decode_options: DecodeOptions | None,
        samples: int = 1,
        seed: int | None = None,
        rows: int | None = None,  # noqa: ARG002 - vLLM admits rows by its own memory
        dropped: Collection[int] = (),
    ) -> Iterator[RequestOutput]:
        """Answer every prompt; see `Engine.run`.

        Greedy rationales are the local engine's but for rounding. What is drawn repeats with
        `seed`, but is not what the local engine draws. A rationale ends with the context, and
        holds no placeholder of a picture, which the pass that reads it would take for one.

        Raises:
            ModelError: if vLLM cannot be shown a prompt: it holds a video, or leaves no room.
        """
        if samples < 1:
            raise ValueError(f"samples must be at least 1, got {samples}")
        asked: list[VllmRequest] = []
        known: dict[int, tuple[Tensor, float]] = {}
        think = partial(self._think, known=known, samples=samples, seed=seed, dropped=dropped)
        for read in bucket([len(prompt.token_ids) for prompt in prompts], self.limits):
            group = [index for index in read if index not in dropped]
            if not group:
                continue
            shown = [prompts[index] for index in group]
            prefill = self.reader.prefill(shown, keep_cache=False)
            thinking, gates = decide(prefill, group)
            thinks = sorted(thinking) if decode_options else []
            for row in sorted({*range(len(group))} - {*thinks}):
                yield RequestOutput(group[row], prefill.direct[row], gates[row], (), ())
            known |= {group[row]: (prefill.direct[row], gates[row]) for row in thinks}
            asked += self._asked(prompts, [group[row] for row in thinks])
            if decode_options and len(asked) >= WAVE * self.limits.rows:
                yield from think(asked, decode_options)
                asked = []
        if decode_options and asked:
            yield from think(asked, decode_options)

    @torch.inference_mode()
    def think(
        self, prompts: Sequence[Prompt], decode_options: DecodeOptions
    ) -> tuple[Float[Tensor, "R H"], tuple[Completion, ...]]:
        """Write about every prompt once, and read it at its embed token; no direct vector.

        Raises:
            ModelError: as `run`.
        """
        groups = bucket([len(prompt.token_ids) for prompt in prompts], self.limits)
        asked = [one for group in groups for one in self._asked(prompts, group)]
        completions = self._write(asked, decode_options, samples=1, seed=None)
        back = sorted(range(len(asked)), key=lambda place: asked[place].index)
        states = self._read(asked, completions)[torch.tensor(back)]
        return states, tuple(completions[place][0] for place in back)

    def _asked(self, prompts: Sequence[Prompt], group: Sequence[int]) -> list[VllmRequest]:
        seen = see(self.backbone, [prompts[index] for index in group])
        return [
            VllmRequest(index, prompts[index], features)
            for index, features in zip(group, seen, strict=True)
        ]

    def _think(
        self,
        asked: Sequence[VllmRequest],
        decode_options: DecodeOptions,
        *,
        known: Mapping[int, tuple[Float[Tensor, " H"], float]],
        samples: int,
        seed: int | None,
        dropped: Collection[int],
    ) -> Iterator[RequestOutput]:
        """Let vLLM write about prompts, and read what it wrote."""
        asked = [one for one in asked if one.index not in dropped]
        completions = self._write(asked, decode_options, samples=samples, seed=seed)
        states = self._read(asked, completions)
        for place, (one, written) in enumerate(zip(asked, completions, strict=True)):
            if one.index not in dropped:
                read = states[place * samples : (place + 1) * samples]
                yield RequestOutput(one.index, *known[one.index], written, tuple(read))

    def _read(
        self, asked: Sequence[VllmRequest], completions: Sequence[tuple[Completion, ...]]
    ) -> Float[Tensor, "R H"]:
        """The states at the embed tokens, all of one prompt's samples side by side."""
        return reread(
            self.backbone,
            [one.prompt for one, written in zip(asked, completions, strict=True) for _ in written],
            [thought.token_ids for written in completions for thought in written],
            pad_id=self.pad_id,
            limits=self.limits,
        )

    def _write(
        self,
        asked: Sequence[VllmRequest],
        decode_options: DecodeOptions,
        *,
        samples: int,
        seed: int | None,
    ) -> list[tuple[Completion, ...]]:
        completion_format = self.completion_format
        if completion_format is None:
            raise ModelError("this family writes no rationale; ask it with think='never'")
        start = completion_format.start[: decode_options.budget]
        if len(start) == decode_options.budget:
            return [(close(tuple(start), completion_format, decode_options),) * samples] * len(
                asked
            )
        from vllm import SamplingParams  # noqa: PLC0415 - slow, and an option
        from vllm.sampling_params import RepetitionDetectionParams  # noqa: PLC0415

        # Greedy, all samples are one: vLLM refuses to write it several times.
        draws = samples if decode_options.sampling.temperature else 1
        found = loops(decode_options)
        params = [
            SamplingParams(
                **settings(one.prompt, decode_options, completion_format, backbone=self.backbone),
                n=draws,
                # vLLM counts up from it, a sample each.
                seed=None if seed is None else (seed * 1_000_003 + one.index * samples) % 2**62,
                repetition_detection=RepetitionDetectionParams(**found) if found else None,
            )
            for one in asked
        ]
        shown = [prompt_for(one, start, self.backbone.placeholders) for one in asked]
        return [
            tuple(
                close((*start, *row.token_ids), completion_format, decode_options)
                for row in written.outputs
            )
            * (samples // draws)
            for written in self.writer.generate(shown, params, use_tqdm=False)
        ]
