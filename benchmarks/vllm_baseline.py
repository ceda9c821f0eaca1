"""vLLM as a baseline: it generates, and one pass of ours embeds what it generated."""

from collections.abc import Sequence
from importlib.util import find_spec

import torch.nn.functional as F

from benchmarks.results import EmbedFn, EmbedOutput
from benchmarks.target import Target
from benchmarks.workload_inputs import Input
from forethought.engines import start_vllm


def vllm_baseline(target: Target) -> EmbedFn | str:
    """Start vLLM on a target's folder with its decoding rules; else return why it cannot run."""
    encoder = target.encoder
    if find_spec("vllm") is None:
        return "not installed"
    if not (encoder.folder / "config.json").is_file():
        return "the weights are random: there is no folder to start it on"
    engine = start_vllm(encoder.folder, encoder.local)

    def think(inputs: Sequence[Input]) -> EmbedOutput:
        # Rounds repeat their inputs, a corpus does not: no round may profit from the last one.
        engine.llm.reset_prefix_cache()
        engine.llm.reset_mm_cache()
        states, completions = engine.generate(target.prompts(inputs), encoder.decode_options)
        vectors = F.normalize(states.float(), dim=-1).cpu().numpy()
        return EmbedOutput(vectors, tuple(completion.token_ids for completion in completions))

    return think
