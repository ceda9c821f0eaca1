import pytest

from forethought.nano.glyphs.clocks import (
    FACES,
    Face,
    code_of_face,
    face_of,
    question,
    spoken,
    sum_statement,
)


@pytest.mark.parametrize(
    ("code", "words"),
    [("1f550", "one o'clock"), ("1f55b", "twelve o'clock"), ("1f55c", "one thirty")],
)
def test_reads_a_face_from_its_code_point(code, words):
    face = face_of(code)
    assert face is not None
    assert spoken(face) == words
    assert code_of_face(face) == code


def test_an_apple_is_no_clock_face():
    assert face_of("1f34e") is None


def test_hours_go_round():
    assert Face(11, half=True).later(3) == Face(2, half=True)
    assert Face(2, half=False).later(-3) == Face(11, half=False)


def test_a_question_is_in_plain_words():
    assert question(1) == "What time will it be in 1 hour?"
    assert question(-5) == "What time was it 5 hours ago?"


def test_a_sum_is_stated_in_words():
    assert sum_statement(1, 3) == "One hour after one is two, two three, three four."
    assert sum_statement(2, -3) == "One hour before two is one, two twelve, three eleven."
    assert sum_statement(12, 1) == "One hour after twelve is one."


def test_going_there_and_back_ends_where_it_began():
    assert all(face.later(hours).later(-hours) == face for face in FACES for hours in range(12))
