import torch

from benchmarks.fed_tokens import FedTokens, count_tokens


def test_padding_is_what_the_mask_leaves_out():
    fed = FedTokens()
    fed.count(None, None, {"attention_mask": torch.tensor([[1, 1, 1, 0], [1, 0, 0, 0]])})
    fed.count(None, None, {"attention_mask": torch.ones(2, 3)})
    # 10 of 14 places.
    assert (fed.passes, fed.tokens, fed.padded, fed.largest) == (2, 10, 14, 8)
    assert fed.padding == 4 / 14


def test_every_pass_inside_the_block_counts(train_setup):
    batches = train_setup.state.train_step.batches(2)
    with torch.no_grad():
        with count_tokens(train_setup.state.network) as fed:
            train_setup.state.module(batches[0])
        expected = (fed.passes, fed.tokens)
        train_setup.state.module(batches[0])
    assert (fed.passes, fed.tokens) == expected
    assert fed.tokens == train_setup.num_tokens(2)
