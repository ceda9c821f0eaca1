import pytest
import torch

from forethought.engines import Sampling
from forethought.engines.sampling import sample

# Odds 8 : 4 : 2 : 2 of 16 at temperature 1, so masses 0.5, 0.25, 0.125, 0.125.
ODDS = torch.tensor([[2.0, 8.0, 2.0, 4.0]])
LOGITS = ODDS.log()
HIGHEST = torch.nextafter(torch.ones(()), torch.zeros(())).item()


def sampled(uniform_draws, sampling, logits=LOGITS):
    return sample(
        logits.expand(len(uniform_draws), -1), sampling, torch.tensor(uniform_draws)
    ).tolist()


def shares(sampling, draws=4000, seed=3):
    uniform_draws = torch.rand(draws, generator=torch.Generator().manual_seed(seed))
    found = sample(LOGITS.expand(draws, -1), sampling, uniform_draws)
    return torch.bincount(found, minlength=4) / draws


def test_temperature_zero_takes_the_likeliest_whatever_the_draw():
    scores = torch.tensor([[0.1, 0.9, 0.3], [5.0, -1.0, 4.0]])
    for draw in (0.0, 0.4, HIGHEST):
        assert sample(scores, Sampling(), torch.full((2,), draw)).tolist() == [1, 0]


@pytest.mark.parametrize(
    ("sampling", "expected"),
    [
        # Cumulative probabilities: 0.125, 0.625, 0.75, 1.
        (Sampling(temperature=1.0), [0, 0, 1, 1, 2, 3, 3]),
        # 4, 64, 4 and 16 of 88 end at 0.045, 0.773, 0.818, 1.
        (Sampling(temperature=0.5), [0, 1, 1, 1, 1, 2, 3]),
        # 8 and 4 of 12: the second ends at 0.667, the fourth at 1.
        (Sampling(temperature=1.0, top_k=2), [1, 1, 1, 1, 3, 3, 3]),
        # 8 alone.
        (Sampling(temperature=1.0, top_p=0.45), [1, 1, 1, 1, 1, 1, 1]),
    ],
    ids=["plain", "cool", "few", "nucleus"],
)
def test_a_draw_is_a_position_in_the_cumulative_probability(sampling, expected):
    assert sampled([0.0, 0.1, 0.2, 0.6, 0.7, 0.8, 0.99], sampling) == expected


def test_a_token_is_sampled_by_its_odds():
    expected = torch.tensor([0.125, 0.5, 0.125, 0.25])
    torch.testing.assert_close(shares(Sampling(temperature=1.0)), expected, atol=0.03, rtol=0)


def test_half_the_temperature_squares_the_odds():
    # 4 : 64 : 4 : 16 of 88.
    expected = torch.tensor([4, 64, 4, 16]) / 88
    torch.testing.assert_close(shares(Sampling(temperature=0.5)), expected, atol=0.03, rtol=0)


def test_top_k_of_one_is_greedy_at_any_temperature():
    assert shares(Sampling(temperature=2.0, top_k=1)).tolist() == [0, 1, 0, 0]


def test_only_the_top_k_are_sampled():
    expected = torch.tensor([0, 8, 0, 4]) / 12
    found = shares(Sampling(temperature=1.0, top_k=2))
    torch.testing.assert_close(found, expected, atol=0.03, rtol=0)


@pytest.mark.parametrize(
    ("top_p", "odds"),
    [
        (0.45, [0, 8, 0, 0]),  # the likeliest alone holds 0.5
        (0.6, [0, 8, 0, 4]),  # the second starts at 0.5, before 0.6; the third at 0.75
        (0.74, [0, 8, 0, 4]),
    ],
)
def test_only_the_nucleus_is_sampled(top_p, odds):
    found = shares(Sampling(temperature=1.0, top_p=top_p))
    expected = torch.tensor(odds) / sum(odds)
    torch.testing.assert_close(found, expected, atol=0.03, rtol=0)


@pytest.mark.parametrize("changes", [{}, {"top_k": 2}, {"top_p": 0.7}, {"temperature": 0.0}])
def test_scores_that_are_not_numbers_give_an_allowed_token_of_the_vocabulary(changes):
    # As of a model whose weights are not: its vectors say so.
    scores = torch.full((3, 5), torch.nan)
    scores[:, 0] = -torch.inf  # forbidden
    scores[1, 1] = -torch.inf
    found = sample(
        scores, Sampling(**{"temperature": 0.7, **changes}), torch.tensor([0.1, 0.5, HIGHEST])
    )
    assert found.tolist() == [1, 2, 1]


def test_a_top_k_beyond_the_vocabulary_keeps_all_tokens():
    assert (shares(Sampling(temperature=1.5, top_k=99)) > 0).all()


@pytest.mark.parametrize(
    "sampling",
    [Sampling(temperature=1.3), Sampling(temperature=0.7, top_p=0.99), Sampling(1.1, top_k=3)],
    ids=["plain", "nucleus", "few"],
)
@pytest.mark.parametrize("forbidden", [[0], [1], [3], [0, 1], [2, 3], [0, 3]])
def test_a_forbidden_token_is_never_sampled_wherever_it_is(sampling, forbidden):
    scores = LOGITS.clone()
    scores[:, forbidden] = -torch.inf
    uniform_draws = [0.0, *torch.linspace(0.001, 0.999, 200).tolist(), HIGHEST]
    found = sampled(uniform_draws, sampling, scores)
    allowed = sorted({0, 1, 2, 3} - {*forbidden})
    assert sorted(set(found)) == allowed
    # In order: the lowest draw is the first token, the highest the last.
    assert (found[0], found[-1]) == (allowed[0], allowed[-1])


def test_the_last_allowed_token_of_a_large_vocabulary_may_be_sampled():
    # So many that rounding brings the total above one.
    scores = torch.randn(300, 1003, generator=torch.Generator().manual_seed(1))
    scores[:, 990:] = -torch.inf
    assert ((scores / 0.9).softmax(dim=-1).cumsum(dim=-1)[:, -1] > 1).any()
    found = sample(scores, Sampling(temperature=0.9), torch.full((300,), HIGHEST))
    assert found.max() < 990
    assert found.min() > 900


def test_a_row_depends_on_its_draw_alone():
    sampling = Sampling(temperature=0.9, top_p=0.95)
    generator = torch.Generator().manual_seed(4)
    scores, uniform_draws = (
        torch.randn(60, 11, generator=generator),
        torch.rand(60, generator=generator),
    )
    together = sample(scores, sampling, uniform_draws)
    apart = [sample(scores[[row]], sampling, uniform_draws[[row]]).item() for row in range(60)]
    assert together.tolist() == apart
    other = sample(scores, sampling, uniform_draws.roll(1))
    assert together.tolist() != other.tolist()


def test_logits_in_half_precision_sample_by_their_odds():
    assert sample(LOGITS.bfloat16(), Sampling(temperature=1.0), torch.tensor([0.7])).tolist() == [2]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"temperature": -0.1}, r"temperature must be 0 \(greedy\) or more, got -0.1"),
        ({"top_p": 0.0}, r"top_p must be in \(0, 1\], got 0.0"),
        ({"top_p": 1.01}, r"top_p must be in \(0, 1\], got 1.01"),
        ({"top_k": -1}, r"top_k must be 0 \(all\) or more, got -1"),
    ],
)
def test_settings_out_of_range_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        Sampling(**settings)
