import pytest

from forethought.errors import ContentError
from forethought.media.page_ranges import parse_pages


@pytest.mark.parametrize(
    ("which", "numbers"),
    [
        (None, range(1, 13)),
        (5, [5]),
        ("5", [5]),
        ("3-7", [3, 4, 5, 6, 7]),
        ("1,4,9-", [1, 4, 9, 10, 11, 12]),
        (" 9 - 10 , 2 ", [9, 10, 2]),
        ("-3", [1, 2, 3]),
        (slice(0, 3), [1, 2, 3]),
        (slice(-2, None), [11, 12]),
        (slice(None, None, 5), [1, 6, 11]),
    ],
)
def test_pages_are_in_the_order_given(which, numbers):
    assert parse_pages(which, 12, "book.pdf") == tuple(numbers)


@pytest.mark.parametrize(
    ("which", "message"),
    [
        (0, "no pages '0'; it has 1 to 12"),
        (13, "no pages '13'; it has 1 to 12"),
        ("3-13", "no pages '3-13'"),
        ("7-3", "no pages '7-3'; write the smaller number first"),
        ("999999999-", "no pages '999999999-'"),
        ("", "pages '' cannot be parsed; .*as in '3-7' or '1,4,9-'"),
        ("-", "pages '-' cannot be parsed"),
        ("1,,2", "pages '1,,2' cannot be parsed"),
        ("1 2", "pages '1 2' cannot be parsed"),
        ("first", "pages 'first' cannot be parsed"),
        (slice(20, 30), "holds none of its 12 pages"),
    ],
)
def test_pages_that_do_not_exist_are_refused(which, message):
    with pytest.raises(ContentError, match=f"book.pdf: .*{message}"):
        parse_pages(which, 12, "book.pdf")


def test_too_many_pages_are_refused():
    with pytest.raises(ContentError, match=r"tome: 10000 pages at once, of 10000.* '1-500'"):
        parse_pages(None, 10_000, "tome")
    assert parse_pages("9999-", 10_000, "tome") == (9999, 10_000)
