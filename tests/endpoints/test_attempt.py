from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from forethought.endpoints.attempt import retry_after


@pytest.mark.parametrize(
    ("value", "seconds"), [("7", 7.0), ("0.5", 0.5), ("-3", 0.0), ("", None), ("soon", None)]
)
def test_seconds_are_read(value, seconds):
    assert retry_after(value) == seconds


def test_a_date_is_read():
    later = datetime.now(UTC) + timedelta(seconds=90)
    assert retry_after(format_datetime(later, usegmt=True)) == pytest.approx(90, abs=5)
    assert retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0
