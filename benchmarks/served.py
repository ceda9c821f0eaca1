"""vLLM as a rival: it writes, and one pass of ours reads what it wrote."""

from collections.abc import Callable, Sequence
from importlib.util import find_spec

import torch.nn.functional as F

from benchmarks.inputs import Input
from benchmarks.stock import Answer
from benchmarks.subject import Subject
from forethought.engines import start_vllm


def vllm(subject: Subject) -> Callable[[Sequence[Input]], Answer] | None:
    """Start vLLM on a subject's folder, under the subject's own rules of writing.

    None where vLLM is not installed, or there is no folder to start it on.
    """
    encoder = subject.encoder
    if find_spec("vllm") is None or not (encoder.folder / "config.json").is_file():
        return None
    engine = start_vllm(encoder.folder, encoder.local)

    def think(inputs: Sequence[Input]) -> Answer:
        # Rounds repeat their inputs; in a corpus they are new.
        engine.writer.reset_prefix_cache()
        engine.writer.reset_mm_cache()
        states, completions = engine.think(subject.prompts(inputs), encoder.decode_options)
        vectors = F.normalize(states.float(), dim=-1).cpu().numpy()
        return Answer(vectors, tuple(thought.token_ids for thought in completions))

    return think
