"""Is the right state read, and is it the same in every batch?"""

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
"""How many tokens a rationale may take here: enough to write, few enough to wait for."""
CLOSE = 0.9999
CLOSE_HALF = 0.99
"""In half precision, kernels of other shapes round in other ways."""

_REPORT = (
    "please report it with your versions; until then use a release of transformers that passes"
)


@torch.inference_mode()
def check_state(encoder: ReasoningEncoder) -> Finding:
    """Whether the state that becomes a vector left the network's final norm.

    The norm is computed anew from what goes into it: one that was put out of action passes
    its input on unseen.
    """
    engine = encoder.local
    text = engine.backbone.network.model.language_model
    norm = text.norm
    if getattr(norm, "weight", None) is None:
        return fail(
            "state",
            f"the final norm is a {type(norm).__name__} without weights: states are pre-norm",
            "load the checkpoint with its stock class, and undo whatever replaced its norm",
        )
    seen: list[tuple[Tensor, Tensor]] = []
    hook = norm.register_forward_hook(lambda _, into, out: seen.append((into[0], out)))
    try:
        prompt = encoder.renderer.render(fixtures.words())
        prefill = engine.prefill([prompt])
        reads = [("direct", prefill.direct[0], prompt.read_at)]
        if encoder.family.thinks:
            thought, _ = engine.think(
                prefill, [0], budget=1, sampling=encoder.decode_options.sampling
            )
            reads.append(("thought", thought[0], -1))
    finally:
        hook.remove()
    eps = float(engine.backbone.network.config.text_config.rms_norm_eps)
    for (mode, state, at), place in zip(reads, (0, -1), strict=False):
        if not seen:
            return _pre_norm(mode, "the final norm never ran")
        into = seen[place][0][0, at]
        if _near(state, _normed(into, norm.weight, eps)):
            continue
        if _near(state, into):
            return _pre_norm(mode, "it is what goes into the final norm")
        return _pre_norm(mode, "it is not what the final norm makes of its input")
    return ok(
        "state",
        f"post-norm: the {' and '.join(mode for mode, *_ in reads)} state left the final norm",
    )


def _pre_norm(mode: str, how: str) -> Finding:
    return fail(
        "state",
        f"the {mode} state is pre-norm: {how}",
        "read last_hidden_state of the inner model, never hidden_states[-1]; " + _REPORT,
    )


def _normed(
    into: Float[Tensor, " H"], weight: Float[Tensor, " H"], eps: float
) -> Float[Tensor, " H"]:
    values = into.float()
    return values * torch.rsqrt(values.pow(2).mean() + eps) * weight.float()


def _near(one: Float[Tensor, " H"], other: Float[Tensor, " H"]) -> bool:
    tolerance = 1e-3 if one.dtype == torch.float32 else 3e-2
    gap = (one.float() - other.float()).norm()
    return bool(gap <= tolerance * other.float().norm())


def check_direct(encoder: ReasoningEncoder) -> Finding:
    """Whether direct vectors are the same alone and in a batch with padding."""
    return _layouts("direct parity", encoder, Think.NEVER)


def check_thought(encoder: ReasoningEncoder) -> Finding:
    """Whether rationales and their vectors are the same alone and in a batch with padding."""
    if Side.QUERY not in encoder.family.thinks:
        return ok("thought parity", "this family writes no rationale")
    return _layouts(
        "thought parity",
        replace(encoder, decode_options=replace(encoder.decode_options, budget=BUDGET)),
        Think.ALWAYS,
    )


def _layouts(name: str, encoder: ReasoningEncoder, think: Think) -> Finding:
    messages = [fixtures.words(), fixtures.picture(), fixtures.more_words()]
    # As much padding as there can be: left alone, the scheduler lets little stand.
    limits = replace(encoder.engine.limits, waste=1.0)
    wasteful = replace(encoder, engine=replace(encoder.local, limits=limits))
    together = wasteful.encode(messages, think=think, batch_size=len(messages))
    alone = [encoder.encode([message], think=think) for message in messages]
    single = np.concatenate([one.vectors for one in alone])
    half = encoder.engine.backbone.network.dtype != torch.float32
    other = [i for i, one in enumerate(alone) if one.rationales[0] != together.rationales[i]]
    if half and other:
        # Rounding may tip one greedy choice; the vectors of two rationales are two vectors.
        return warn(
            name,
            f"in half precision {len(other)} of {len(messages)} rationales are others in a batch",
            "where runs must repeat to the letter, load it in float32",
        )
    lowest = float((together.vectors * single).sum(-1).min())
    told = f"cosine {lowest:.6f} at the least over {len(messages)} inputs, alone and padded"
    # Not `<`: a vector that is no number must fail.
    if other or not lowest >= (CLOSE_HALF if half else CLOSE):
        return fail(name, told, f"embed with batch_size=1; {_REPORT}")
    return ok(name, told)
