import PIL.Image

from forethought.training.journal_plot import (
    curves_of,
    draw_journal,
    smoothed,
    stage_begins,
)


def entries():
    for step in range(60):
        stage = "words" if step < 25 else "facts"
        terms = {"direct": 3 / (step + 1)} | ({"next_token": 2.0} if step >= 25 else {})
        loss = sum(terms.values())
        yield {"step": step, "stage": stage, "terms": terms, "loss": loss, "norm": 1.0, "rate": 0.1}


def test_a_curve_has_the_steps_at_which_its_term_was_computed():
    curves = curves_of(list(entries()))
    assert list(curves) == [
        *("loss (weighted sum)", "direct", "next_token", "learning rate", "gradient norm")
    ]
    assert [step for step, _ in curves["next_token"]] == list(range(25, 60))
    assert curves["direct"][2] == (2, 1.0)


def test_stages_begin_where_their_name_changes():
    assert stage_begins(list(entries())) == {"words": 0, "facts": 25}
    assert stage_begins([]) == {}


def test_a_mean_is_of_the_neighbours_that_there_are():
    # Windows of 3: (1, 2), (1, 2, 6), (2, 6, 9), (6, 9).
    assert smoothed([1.0, 2.0, 6.0, 9.0], 3) == [1.5, 3.0, 17 / 3, 7.5]
    assert smoothed([1.0, 2.0, 6.0], 1) == [1.0, 2.0, 6.0]


def test_two_rows_of_three_hold_five_curves(tmp_path):
    draw_journal(list(entries()), tmp_path / "a.png")
    draw_journal(list(entries())[:2], tmp_path / "b.png")
    with PIL.Image.open(tmp_path / "a.png") as five, PIL.Image.open(tmp_path / "b.png") as four:
        # At 110 dots an inch: half an inch for the line below, and 2.5 for each row.
        assert (five.size, four.size) == ((1210, 605), (1210, 605))
