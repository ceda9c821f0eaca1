"""Check that the hidden state after the final norm is read, and that batching does not change it."""

from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from forethought.doctor import fixtures
from forethought.doctor.finding import Finding, fail, ok, warn
from forethought.encoders import ReasoningEncoder
from forethought.types import Side, Think

BUDGET = 8
"""Tokens of a rationale in these checks."""
MIN_COSINE = 0.9999
MIN_COSINE_HALF = 0.99
"""In half precision, kernels for other shapes round differently."""

_REPORT = (
    "please report it with your versions; until then use a release of transformers that passes"
)

_COPY_AGAIN = "copy the checkpoint again, or load it with dtype='float32'"


@torch.inference_mode()
def check_state(encoder: ReasoningEncoder) -> Finding:
    """Whether the states that become vectors are outputs of the network's final norm.

    The norm is recomputed from its input, so a norm that returns its input unchanged fails.
    """
    engine = encoder.local
    norm = engine.backbone.network.model.language_model.norm
    if getattr(norm, "weight", None) is None:
        return fail(
            "state",
            f"the final norm is a {type(norm).__name__} without weights: states are pre-norm",
            "load the checkpoint with its stock class, and undo whatever replaced its norm",
        )
    inputs: list[Tensor] = []
    hook = norm.register_forward_hook(lambda _, args, __: inputs.append(args[0]))
    try:
        # With a picture: text alone may run through our own layers, where no norm is left out.
        sees = engine.backbone.sees
        message = fixtures.picture_with_text() if sees else fixtures.short_text()
        prompt = encoder.renderer.render(message)
        prefill = engine.prefill([prompt])
        states = [("direct", prefill.direct[0], prompt.read_at)]
        if encoder.family.thinks:
            thought, _ = engine.generate(
                prefill, [0], budget=1, sampling=encoder.decode_options.sampling
            )
            states.append(("thought", thought[0], -1))
    finally:
        hook.remove()
    eps = float(engine.backbone.network.config.text_config.rms_norm_eps)
    # The first call of the norm belongs to the prefill, the last one to the embed token.
    for (mode, state, position), call in zip(states, (0, -1), strict=False):
        if not inputs:
            return _pre_norm(mode, "the final norm never ran")
        norm_input = inputs[call][0, position]
        if not _is_close(state, _rms_norm(norm_input, norm.weight, eps)):
            return _not_the_norm(mode, state, norm_input)
    modes = " and ".join(mode for mode, *_ in states)
    return ok("state", f"post-norm: the {modes} state is an output of the final norm")


def _not_the_norm(
    mode: str, state: Float[Tensor, " H"], norm_input: Float[Tensor, " H"]
) -> Finding:
    if not bool(state.isfinite().all()):
        return fail("state", f"the {mode} state is not finite", _COPY_AGAIN)
    if _is_close(state, norm_input):
        return _pre_norm(mode, "it is the input of the final norm")
    return _pre_norm(mode, "it differs from the final norm of its input")


def _pre_norm(mode: str, reason: str) -> Finding:
    return fail(
        "state",
        f"the {mode} state is pre-norm: {reason}",
        "read last_hidden_state of the inner model, never hidden_states[-1]; " + _REPORT,
    )


def _rms_norm(
    states: Float[Tensor, " H"], weight: Float[Tensor, " H"], eps: float
) -> Float[Tensor, " H"]:
    values = states.float()
    return values * torch.rsqrt(values.pow(2).mean() + eps) * weight.float()


def _is_close(state: Float[Tensor, " H"], expected: Float[Tensor, " H"]) -> bool:
    tolerance = 1e-3 if state.dtype == torch.float32 else 3e-2
    difference = (state.float() - expected.float()).norm()
    return bool(difference <= tolerance * expected.float().norm())


def check_direct(encoder: ReasoningEncoder) -> Finding:
    """Whether direct vectors are the same alone and in a batch with padding."""
    return _check_parity("direct parity", encoder, Think.NEVER)


def check_thought(encoder: ReasoningEncoder) -> Finding:
    """Whether rationales and their vectors are the same alone and in a batch with padding."""
    if Side.QUERY not in encoder.family.thinks:
        return ok("thought parity", "this family writes no rationale")
    return _check_parity(
        "thought parity",
        replace(encoder, decode_options=replace(encoder.decode_options, budget=BUDGET)),
        Think.ALWAYS,
    )


def _check_parity(name: str, encoder: ReasoningEncoder, think: Think) -> Finding:
    messages = fixtures.every(sees=encoder.local.backbone.sees)
    for each in messages:
        # Raises where one exceeds the context; an error below is then that of a state.
        encoder.renderer.render(each)
    # Any share of padding is allowed: by default the scheduler groups prompts of similar length.
    limits = replace(encoder.engine.limits, waste=1.0)
    padding_encoder = replace(encoder, engine=replace(encoder.local, limits=limits))
    batched = padding_encoder.encode(
        messages, think=think, batch_size=len(messages), on_error="skip"
    )
    alone = [encoder.encode([message], think=think, on_error="skip") for message in messages]
    errors = [error for found in (batched, *alone) for error in found.errors if error]
    if errors:
        return fail(name, errors[0], _COPY_AGAIN)
    vectors = np.concatenate([embeddings.vectors for embeddings in alone])
    is_half = encoder.engine.backbone.dtype != torch.float32
    changed = sum(
        embeddings.rationales[0] != rationale
        for embeddings, rationale in zip(alone, batched.rationales, strict=True)
    )
    if is_half and changed:
        # Rounding may change one greedy token; the vectors of two rationales are incomparable.
        return warn(
            name,
            f"in half precision {changed} of {len(messages)} rationales change in a batch",
            "load in float32 where runs must repeat exactly",
        )
    lowest = float((batched.vectors * vectors).sum(-1).min())
    message = f"cosine at least {lowest:.6f} over {len(messages)} inputs, alone and padded"
    # `not >=` rather than `<`: NaN must fail.
    if changed or not lowest >= (MIN_COSINE_HALF if is_half else MIN_COSINE):
        return fail(name, message, f"embed with batch_size=1; {_REPORT}")
    return ok(name, message)
