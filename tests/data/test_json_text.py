import json

import pytest

from forethought.data import json_text


def test_letters_stay_as_they_are():
    assert json_text({"a": "Bogotá", "b": [1, None]}) == '{"a": "Bogotá", "b": [1, null]}'


@pytest.mark.parametrize("words", ["half \ud83d of a pair", "half \ud83d beside é"])
def test_half_a_surrogate_pair_is_escaped_and_reads_back(words):
    table = {"thinking": words, "answer": "two\nlines"}
    line = json_text(table)
    assert "\n" not in line
    assert json.loads(line.encode()) == table
