"""An engine that decodes with vLLM; prefills and vectors are the local engine's.

prompts ─ bucket ─► prefill ─┬─► direct state, gate
                             └─► vLLM ─► completions ─► one pass over prompt and completion
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
from forethought.engines.teacher_forcing import teacher_force
from forethought.engines.vllm.payload import (
    VllmRequest,
    image_features,
    prompt_payload,
    repetition_payload,
    sampling_payload,
)
from forethought.engines.vllm.truncate import truncate
from forethought.errors import ModelError
from forethought.types import CompletionFormat, Prompt

WAVE = 8
"""vLLM receives prompts in calls of this many times `Limits.rows`, so that its batch stays full."""


@dataclass(frozen=True, slots=True, eq=False)
class VllmEngine:
    """Prefills and reads vectors with `local`, in this process; decodes with the vLLM `llm`.

    Every vector is the local network's, so it equals that of the other engines. vLLM receives
    images as the features of the local vision encoder.
    """

    local: LocalEngine
    llm: Any

    @property
    def backbone(self) -> QwenVL:
        """The local network."""
        return self.local.backbone

    @property
    def pad_id(self) -> int:
        """The token id of padding."""
        return self.local.pad_id

    @property
    def completion_format(self) -> CompletionFormat | None:
        """The format of a rationale."""
        return self.local.completion_format

    @property
    def limits(self) -> Limits:
        """The limits of local passes; vLLM schedules by itself."""
        return self.local.limits

    @torch.inference_mode()
    def run(
        self,
        prompts: Sequence[Prompt],
        *,
        decide: Decide,
        decode_options: DecodeOptions | None,
        samples: int = 1,
        seed: int | None = None,
        rows: int | None = None,  # noqa: ARG002 - vLLM's batch is limited by its memory
        cancelled: Collection[int] = (),
    ) -> Iterator[RequestOutput]:
        """Run every prompt; see `Engine.run`.

        Greedy completions equal the local engine's up to rounding. Sampling repeats with `seed`,
        but draws differ from the local engine's. A completion ends where the context does, and
        has no image placeholder, which the last pass would take for an image.

        Raises:
            ModelError: if vLLM cannot run a prompt: it has a video, or fills the context.
        """
        if samples < 1:
            raise ValueError(f"samples must be at least 1, got {samples}")
        requests: list[VllmRequest] = []
        pending: dict[int, tuple[Tensor, float]] = {}
        decode = partial(
            self._decode, pending=pending, samples=samples, seed=seed, cancelled=cancelled
        )
        for indices in bucket([len(prompt.token_ids) for prompt in prompts], self.limits):
            group = [index for index in indices if index not in cancelled]
            if not group:
                continue
            prefill = self.local.prefill([prompts[index] for index in group], keep_cache=False)
            chosen, gates = decide(prefill, group)
            thinking = sorted(chosen) if decode_options else []
            for row in sorted({*range(len(group))} - {*thinking}):
                yield RequestOutput(group[row], prefill.direct[row], gates[row], (), ())
            pending |= {group[row]: (prefill.direct[row], gates[row]) for row in thinking}
            requests += self._requests(prompts, [group[row] for row in thinking])
            if decode_options and len(requests) >= WAVE * self.limits.rows:
                yield from decode(requests, decode_options)
                requests = []
        if decode_options and requests:
            yield from decode(requests, decode_options)

    @torch.inference_mode()
    def generate(
        self, prompts: Sequence[Prompt], options: DecodeOptions
    ) -> tuple[Float[Tensor, "R H"], tuple[Completion, ...]]:
        """Decode one completion a prompt, without direct vectors; states at the embed tokens.

        Raises:
            ModelError: as `run`.
        """
        groups = bucket([len(prompt.token_ids) for prompt in prompts], self.limits)
        requests = [request for group in groups for request in self._requests(prompts, group)]
        completions = self._generate(requests, options, samples=1, seed=None)
        order = sorted(range(len(requests)), key=lambda position: requests[position].index)
        states = self._vectors(requests, completions)[torch.tensor(order)]
        return states, tuple(completions[position][0] for position in order)

    def _requests(self, prompts: Sequence[Prompt], group: Sequence[int]) -> list[VllmRequest]:
        features = image_features(self.backbone, [prompts[index] for index in group])
        return [
            VllmRequest(index, prompts[index], of_prompt)
            for index, of_prompt in zip(group, features, strict=True)
        ]

    def _decode(
        self,
        requests: Sequence[VllmRequest],
        options: DecodeOptions,
        *,
        pending: Mapping[int, tuple[Float[Tensor, " H"], float]],
        samples: int,
        seed: int | None,
        cancelled: Collection[int],
    ) -> Iterator[RequestOutput]:
        """Decode requests and run the completions for their vectors."""
        requests = [request for request in requests if request.index not in cancelled]
        completions = self._generate(requests, options, samples=samples, seed=seed)
        states = self._vectors(requests, completions)
        for position, (request, decoded) in enumerate(zip(requests, completions, strict=True)):
            if request.index not in cancelled:
                vectors = states[position * samples : (position + 1) * samples]
                yield RequestOutput(request.index, *pending[request.index], decoded, tuple(vectors))

    def _vectors(
        self, requests: Sequence[VllmRequest], completions: Sequence[tuple[Completion, ...]]
    ) -> Float[Tensor, "R H"]:
        """The states at the embed tokens; the samples of one prompt are adjacent."""
        return teacher_force(
            self.backbone,
            [
                request.prompt
                for request, decoded in zip(requests, completions, strict=True)
                for _ in decoded
            ],
            [completion.token_ids for decoded in completions for completion in decoded],
            pad_id=self.pad_id,
            limits=self.limits,
        )

    def _generate(
        self,
        requests: Sequence[VllmRequest],
        options: DecodeOptions,
        *,
        samples: int,
        seed: int | None,
    ) -> list[tuple[Completion, ...]]:
        form = self.completion_format
        if form is None:
            raise ModelError("this family writes no rationale; use think='never'")
        start = form.start[: options.budget]
        if len(start) == options.budget:
            return [(truncate(tuple(start), form, options),) * samples] * len(requests)
        from vllm import SamplingParams  # noqa: PLC0415 - slow, and an option
        from vllm.sampling_params import RepetitionDetectionParams  # noqa: PLC0415

        # Greedy samples are equal, and vLLM refuses to decode several.
        draws = samples if options.sampling.temperature else 1
        repetition = repetition_payload(options)
        params = [
            SamplingParams(
                **sampling_payload(request.prompt, options, form, backbone=self.backbone),
                n=draws,
                # vLLM adds the sample's number.
                seed=None if seed is None else (seed * 1_000_003 + request.index * samples) % 2**62,
                repetition_detection=RepetitionDetectionParams(**repetition)
                if repetition
                else None,
            )
            for request in requests
        ]
        payloads = [
            prompt_payload(request, start, self.backbone.placeholders) for request in requests
        ]
        return [
            tuple(truncate((*start, *row.token_ids), form, options) for row in output.outputs)
            * (samples // draws)
            for output in self.llm.generate(payloads, params, use_tqdm=False)
        ]
