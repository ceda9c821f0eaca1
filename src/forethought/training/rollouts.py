"""What the model writes by itself while it trains.

InfoNCE behind a true rationale would copy the target from it; each thought vector is
therefore read behind a rationale that the model wrote without seeing the other side
(RGE, arXiv 2511.16150: contrastive learning on self-generated rationales).
"""

from collections.abc import Sequence

import torch

from forethought.engines import LocalEngine, Sampling
from forethought.training.batch_builder import Row
from forethought.training.recipe import Rollouts
from forethought.types import Prompt


def write_rationales(
    engine: LocalEngine,
    prompts: Sequence[Prompt],
    *,
    settings: Rollouts,
    seed: int,
    batch_size: int = 256,
) -> list[Row]:
    """Let the model write one rationale a prompt; the rows are read, never learned by rote."""
    network = engine.backbone.network
    was_training = network.training
    network.eval()
    generator = torch.Generator(engine.backbone.device).manual_seed(seed)
    sampling = Sampling(temperature=settings.temperature)
    rows: dict[int, Row] = {}
    order = sorted(range(len(prompts)), key=lambda index: len(prompts[index].token_ids))
    for start in range(0, len(order), batch_size):
        chosen = order[start : start + batch_size]
        prefill = engine.prefill([prompts[index] for index in chosen])
        _, completions = engine.think(
            prefill,
            range(len(chosen)),
            budget=settings.budget,
            sampling=sampling,
            generator=generator,
        )
        for index, thought in zip(chosen, completions, strict=True):
            rows[index] = Row(prompts[index], thought.token_ids, taught=False)
    # Training needs the memory more.
    engine.forget()
    network.train(was_training)
    return [rows[index] for index in range(len(prompts))]
