import pytest

from forethought.data.byte_spans import read_span, scan_spans
from forethought.data.row_table import RawRow, Where
from forethought.errors import DataError
from forethought.types import ignore_progress


@pytest.fixture
def files(tmp_path):
    """Two files, of 5 and of 205 bytes; the second one's rows are its bytes."""
    (tmp_path / "a").write_bytes(b"12345")
    (tmp_path / "b").write_bytes(bytes(range(205)))
    return tmp_path / "a", tmp_path / "b"


def test_progress_is_in_the_bytes_of_all_files(files):
    rows = (RawRow(Where(1, number, number - 1, 1), {}) for number in range(1, 206))
    reports = []

    def report(done, total, label="", /):  # noqa: ARG001 - a Progress
        reports.append((done, total))

    found = list(scan_spans(rows, files, kind="toy", progress=report))
    assert len(found) == 205
    # After 100 and 200 rows of the second file, and at the end.
    assert reports == [(105, 210), (205, 210), (210, 210)]


def test_a_span_is_read_alone(files):
    assert read_span(files, Where(1, 3, 40, 3), kind="toy") == bytes([40, 41, 42])


def test_a_file_that_is_gone_is_named(files):
    files[1].unlink()
    with pytest.raises(DataError, match=r"b: cannot be read .*name a toy file"):
        read_span(files, Where(1, 1, 0, 1), kind="toy")
    with pytest.raises(DataError, match=r"b: cannot be read .*name a toy file"):
        scan_spans(iter(()), files, kind="toy", progress=ignore_progress)
