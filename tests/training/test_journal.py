import PIL.Image

from forethought.training.journal import Journal


def entry(step, **terms):
    return {"step": step, "stage": "first", "terms": terms or {"direct": step / 2}}


def test_lines_come_back_in_order(tmp_path):
    journal = Journal(tmp_path / "run" / "journal.jsonl")
    assert journal.read() == []
    for step in range(3):
        journal.write(entry(step))
    assert journal.read() == [entry(0), entry(1), entry(2)]
    assert len(journal.path.read_text().splitlines()) == 3


def test_a_part_of_a_last_line_is_skipped_and_written_again(tmp_path):
    journal = Journal(tmp_path / "journal.jsonl")
    for step in range(3):
        journal.write(entry(step))
    journal.path.write_text(journal.path.read_text()[:-9])
    assert journal.read() == [entry(0), entry(1)]
    journal.truncate(2)
    journal.write(entry(2))
    assert journal.read() == [entry(0), entry(1), entry(2)]


def test_steps_that_are_repeated_are_dropped(tmp_path):
    journal = Journal(tmp_path / "journal.jsonl")
    for step in range(5):
        journal.write(entry(step))
    journal.truncate(3)
    assert [found["step"] for found in journal.read()] == [0, 1, 2]
    journal.truncate(0)
    assert journal.read() == []


def test_truncating_before_anything_was_written_is_fine(tmp_path):
    journal = Journal(tmp_path / "run" / "journal.jsonl")
    journal.truncate(0)
    assert journal.read() == []


def test_every_term_is_drawn(tmp_path):
    journal = Journal(tmp_path / "journal.jsonl")
    for step in range(30):
        terms = {"direct": 3 / (step + 1), "next_token": 2.0, "cross": 0.1 * step, "thought": 1.0}
        journal.write(entry(step, **terms if step > 9 else {"direct": 1.0}))
    journal.plot(tmp_path / "journal.png")
    with PIL.Image.open(tmp_path / "journal.png") as picture:
        assert picture.width > 800
        # Four terms take two rows of three; a coloured line is drawn in each.
        colours = picture.convert("RGB").getcolors(1_000_000)
        assert colours is not None
        assert len(colours) > 100


def test_an_empty_journal_is_drawn_too(tmp_path):
    Journal(tmp_path / "journal.jsonl").plot(tmp_path / "journal.png")
    assert (tmp_path / "journal.png").stat().st_size > 0
