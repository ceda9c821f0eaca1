from pathlib import Path

import pytest

from forethought.data.csv_rows import CsvRows
from forethought.data.published_rows import open_rows
from forethought.errors import DataError


def test_the_suffix_decides():
    assert isinstance(open_rows((Path("a.CSV"), Path("b.csv"))), CsvRows)


@pytest.mark.parametrize("files", [("a.txt",), ("a.csv", "b.json")])
def test_unknown_or_mixed_suffixes_are_refused(files, tmp_path):
    paths = tuple(tmp_path / name for name in files)
    for path in paths:
        path.touch()
    with pytest.raises(DataError, match=r"a table ends in \.csv, \.json, .*in the same"):
        open_rows(paths)
