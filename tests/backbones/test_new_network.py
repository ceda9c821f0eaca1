import torch

from tests.backbones.networks import network, weights


def test_the_same_seed_gives_the_same_weights_whatever_the_global_generator_drew_before():
    first = weights(network(1))
    torch.rand(7)
    again, other = weights(network(1)), weights(network(2))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)


def test_making_a_network_does_not_advance_the_global_generator():
    before = torch.random.get_rng_state()
    network()
    assert torch.equal(before, torch.random.get_rng_state())
