import pytest
import torch

from forethought.engines import Sampling, choose

# Odds 8 : 4 : 2 : 2 of 16 at temperature 1, so masses 0.5, 0.25, 0.125, 0.125.
ODDS = torch.tensor([[2.0, 8.0, 2.0, 4.0]])
LOGITS = ODDS.log()


def shares(sampling, draws=4000, seed=3):
    generator = torch.Generator().manual_seed(seed)
    drawn = choose(LOGITS.expand(draws, -1), sampling, generator)
    return torch.bincount(drawn, minlength=4) / draws


def test_no_temperature_takes_the_best():
    scores = torch.tensor([[0.1, 0.9, 0.3], [5.0, -1.0, 4.0]])
    assert choose(scores, Sampling(), None).tolist() == [1, 0]


def test_a_token_is_drawn_by_its_odds():
    expected = torch.tensor([0.125, 0.5, 0.125, 0.25])
    torch.testing.assert_close(shares(Sampling(temperature=1.0)), expected, atol=0.03, rtol=0)


def test_half_the_temperature_squares_the_odds():
    # 4 : 64 : 4 : 16 of 88.
    expected = torch.tensor([4, 64, 4, 16]) / 88
    torch.testing.assert_close(shares(Sampling(temperature=0.5)), expected, atol=0.03, rtol=0)


def test_the_best_alone_is_greedy_at_any_temperature():
    assert shares(Sampling(temperature=2.0, top_k=1)).tolist() == [0, 1, 0, 0]


def test_only_the_best_few_are_drawn():
    expected = torch.tensor([0, 8, 0, 4]) / 12
    found = shares(Sampling(temperature=1.0, top_k=2))
    torch.testing.assert_close(found, expected, atol=0.03, rtol=0)


@pytest.mark.parametrize(
    ("mass", "odds"),
    [
        (0.45, [0, 8, 0, 0]),  # the best alone holds 0.5
        (0.6, [0, 8, 0, 4]),  # the second starts at 0.5, before 0.6; the third at 0.75
        (0.74, [0, 8, 0, 4]),
    ],
)
def test_only_the_nucleus_is_drawn(mass, odds):
    found = shares(Sampling(temperature=1.0, top_p=mass))
    expected = torch.tensor(odds) / sum(odds)
    torch.testing.assert_close(found, expected, atol=0.03, rtol=0)


def test_more_best_than_there_are_tokens_keeps_them_all():
    assert (shares(Sampling(temperature=1.5, top_k=99)) > 0).all()


def test_what_is_forbidden_is_never_drawn():
    scores = LOGITS.clone()
    scores[:, 1] = -torch.inf
    drawn = choose(scores.expand(500, -1), Sampling(temperature=1.3, top_p=0.9), None)
    assert 1 not in drawn.tolist()


def test_the_same_seed_draws_the_same():
    sampling = Sampling(temperature=0.9, top_p=0.95)
    first, again, other = (
        choose(LOGITS.expand(60, -1), sampling, torch.Generator().manual_seed(seed)).tolist()
        for seed in (4, 4, 5)
    )
    assert first == again
    assert first != other


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"temperature": -0.1}, r"temperature must be 0 \(greedy\) or more, got -0.1"),
        ({"top_p": 0.0}, r"top_p must be in \(0, 1\], got 0.0"),
        ({"top_p": 1.01}, r"top_p must be in \(0, 1\], got 1.01"),
        ({"top_k": -1}, r"top_k must be 0 \(all\) or more, got -1"),
    ],
)
def test_settings_out_of_range_are_refused(settings, said):
    with pytest.raises(ValueError, match=said):
        Sampling(**settings)
