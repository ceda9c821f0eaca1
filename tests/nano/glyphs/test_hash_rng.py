from forethought.nano.glyphs.hash_rng import draw, share, shuffled


def test_a_draw_is_the_same_on_every_machine():
    # The first eight bytes of sha256("a" + unit separator + "1").
    assert draw("a", 1) == int("839e11a421d370be", 16)


def test_words_are_separated():
    assert draw("ab", "c") != draw("a", "bc")


def test_shares_are_spread_over_the_unit():
    shares = [share("spread", at) for at in range(1000)]
    assert 0 <= min(shares) < 0.01
    assert 0.99 < max(shares) < 1
    assert 0.45 < sum(shares) / 1000 < 0.55


def test_an_order_does_not_depend_on_the_input_order():
    words = ["red", "green", "blue", "grey"]
    assert shuffled(words, "seed") == shuffled(reversed(words), "seed")
    assert len({tuple(shuffled(words, seed)) for seed in range(20)}) > 5
