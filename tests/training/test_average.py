import pytest
import torch

from forethought.errors import CheckpointError
from forethought.training.average import WeightAverage


def network(dtype=torch.float32):
    """One trained matrix of 2 x 3, one trained bias of 2, and a frozen matrix."""
    made = torch.nn.ModuleDict({"head": torch.nn.Linear(3, 2), "base": torch.nn.Linear(4, 3)})
    made["base"].requires_grad_(requires_grad=False)
    return made.to(dtype)


def fill(made, value):
    with torch.no_grad():
        for parameter in made["head"].parameters():
            parameter.fill_(value)


def test_follows_the_closed_form_worked_out_by_hand():
    # From 8, at decay 3/4, over 4 and 16:
    # 8 x 9/16 + 4 x 3/16 + 16 x 4/16 = 4.5 + 0.75 + 4 = 9.25
    made = network()
    fill(made, 8.0)
    average = WeightAverage(made, 0.75)
    for value in (4.0, 16.0):
        fill(made, value)
        average.update()
    state = average.state_dict()
    assert {name: tuple(value.shape) for name, value in state.items()} == {
        "head.weight": (2, 3),
        "head.bias": (2,),
    }
    assert all(bool((value == 9.25).all()) for value in state.values())


def test_follows_the_closed_form_over_optimizer_steps():
    made = network()
    average = WeightAverage(made, 0.9)
    weights = [made["head"].weight.detach().double().clone()]
    optimizer = torch.optim.SGD([p for p in made.parameters() if p.requires_grad], lr=0.1)
    drawn = torch.Generator().manual_seed(3)
    for _ in range(20):
        optimizer.zero_grad()
        made["head"](torch.randn(5, 3, generator=drawn)).square().sum().backward()
        optimizer.step()
        average.update()
        weights.append(made["head"].weight.detach().double().clone())
    first, rest = weights[0], weights[1:]
    expected = 0.9**20 * first + sum(
        0.1 * 0.9 ** (20 - step) * value for step, value in enumerate(rest, 1)
    )
    torch.testing.assert_close(average.state_dict()["head.weight"].double(), expected)


def test_equals_torch_averages():
    made = network()
    average = WeightAverage(made, 0.8)
    theirs = torch.optim.swa_utils.AveragedModel(
        made, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.8)
    )
    theirs.update_parameters(made)  # takes the weights over
    for value in (1.5, -2.0, 0.25):
        fill(made, value)
        average.update()
        theirs.update_parameters(made)
    torch.testing.assert_close(
        average.state_dict()["head.weight"],
        dict(theirs.module.named_parameters())["head.weight"].detach(),
    )


def test_without_decay_it_is_the_last_weights():
    made = network()
    average = WeightAverage(made, 0.0)
    fill(made, 0.3)
    average.update()
    torch.testing.assert_close(average.state_dict()["head.bias"], torch.full((2,), 0.3))


def test_averages_are_finer_than_the_weights_of_bfloat16():
    made = network(torch.bfloat16)
    fill(made, 1.0)
    average = WeightAverage(made, 0.999)
    fill(made, 2.0)
    average.update()
    found = average.state_dict()["head.bias"]
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, torch.full((2,), 1.001))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_weights_come_back_behind_the_block_to_the_last_bit(dtype):
    made = network(dtype)
    average = WeightAverage(made, 0.5)
    start = made["head"].weight.detach().clone()
    fill(made, 0.3)
    average.update()
    before = {name: value.detach().clone() for name, value in made.named_parameters()}
    memory = made["head"].weight.data_ptr()
    with average.applied():
        mean = (start.float() + before["head.weight"].float()) / 2
        torch.testing.assert_close(made["head"].weight.detach(), mean.to(dtype))
        assert torch.equal(made["base"].weight, before["base.weight"])
        assert made["head"].weight.data_ptr() == memory
    for name, value in made.named_parameters():
        assert torch.equal(value, before[name])
        assert value.dtype == dtype


def test_the_weights_come_back_when_the_block_fails():
    made = network()
    average = WeightAverage(made, 0.5)
    fill(made, 0.3)
    with pytest.raises(RuntimeError, match="inside"), average.applied():
        raise RuntimeError("inside")
    assert bool((made["head"].weight == 0.3).all())


def test_training_may_freeze_a_parameter_and_still_put_its_average_in_place():
    made = network()
    average = WeightAverage(made, 0.5)
    fill(made, 7.0)
    made["head"].requires_grad_(requires_grad=False)
    with average.applied():
        assert not bool((made["head"].weight == 7.0).any())
    with pytest.raises(ValueError, match=r"head\.bias is trained now and was not"):
        average.update()


def test_gradients_are_on_in_the_block_as_outside():
    made = network()
    with WeightAverage(made, 0.5).applied():
        assert torch.is_grad_enabled()


def test_a_resumed_average_goes_on_as_if_it_had_not_stopped():
    made, other = network(), network()
    average = WeightAverage(made, 0.7)
    fill(made, 3.0)
    average.update()
    resumed = WeightAverage(other, 0.7)
    resumed.load_state_dict({name: value.clone() for name, value in average.state_dict().items()})
    for each, values in ((average, made), (resumed, other)):
        fill(values, -1.0)
        each.update()
    for name, value in average.state_dict().items():
        assert torch.equal(resumed.state_dict()[name], value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda state: state.pop("head.bias"), r"head\.bias has shape None in the checkpoint"),
        (lambda state: state.update(more=torch.ones(2)), r"more has shape \(2,\).* None in the"),
        (
            lambda state: state.update({"head.weight": torch.ones(3, 2)}),
            r"head\.weight has shape \(3, 2\) in the checkpoint and \(2, 3\) in the network",
        ),
    ],
    ids=["missing", "extra", "shape"],
)
def test_the_averages_of_another_network_are_refused(change, message):
    average = WeightAverage(network(), 0.7)
    state = average.state_dict()
    change(state)
    before = {name: value.clone() for name, value in average.state_dict().items()}
    with pytest.raises(CheckpointError, match=message):
        average.load_state_dict(state)
    for name, value in average.state_dict().items():
        assert torch.equal(value, before[name])


@pytest.mark.parametrize("decay", [-0.1, 1.0, 1.5])
def test_a_decay_that_averages_nothing_is_refused(decay):
    with pytest.raises(ValueError, match=f"at least 0 and below 1, got {decay}"):
        WeightAverage(network(), decay)
