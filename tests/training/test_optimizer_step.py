import json

import pytest
import torch

from forethought.errors import TrainingError
from forethought.training.optimizer_step import train_one_step
from tests import tiny


def test_the_vision_encoder_learns_at_the_stages_vision_rate(tiny_data, tmp_path):
    # The first stage warms up over two steps to 3e-3: half of that at step 0. The vision encoder's is
    # 1.7 times as high.
    recipe = tiny.recipe(tiny_data, rate=3e-3)
    state = tiny.state(recipe, tmp_path)
    train_one_step(recipe, state, 0, bf16=False)
    rates = {group["is_vision"]: group["lr"] for group in state.optimizer.param_groups}
    assert rates == {False: pytest.approx(1.5e-3), True: pytest.approx(1.7 * 1.5e-3)}


def examples_of(state, step):
    """The index, task and label of each pair of a step."""
    (batch,) = state.train_step.batches(step)
    drawn = batch.batch.drawn
    return [
        {"index": index, "task": pair.task, "label": pair.document.label}
        for index, pair in zip(drawn.indices, drawn.pairs, strict=True)
    ]


# At step 5 the model writes rationales first.
@pytest.mark.parametrize("step", [1, 5])
@pytest.mark.parametrize("name", ["layers.1.mlp.up_proj", "visual.merger.mlp.0", "embed_tokens"])
def test_a_weight_that_is_not_a_number_stops_before_anything_moves(tiny_data, tmp_path, step, name):
    state = tiny.state(tiny.recipe(tiny_data), tmp_path)
    recipe = state.train_step.recipe
    with torch.no_grad():
        (weight,) = (p for n, p in state.network.named_parameters() if f"{name}.weight" in n)
        weight[0] = torch.nan
        weight[7:] = torch.nan
    before = [value.detach().clone() for value in state.network.parameters()]
    failed = tmp_path / "failed-step.json"
    expected = examples_of(state, step)
    with pytest.raises(TrainingError, match=f"step {step}: .*training needs finite numbers"):
        train_one_step(recipe, state, step, bf16=False, failed=failed)
    entry = json.loads(failed.read_text())
    assert (entry["step"], entry["examples"]) == (step, expected)
    assert "finite" in entry["reason"] or "nan" in entry["reason"]
    for one, other in zip(before, state.network.parameters(), strict=True):
        assert torch.equal(one.nan_to_num(nan=-8.0), other.nan_to_num(nan=-8.0))
