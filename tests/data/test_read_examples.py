import json

from forethought.data import JsonLines, read_examples
from tests.published_data import words


def test_what_can_be_read_comes_in_the_order_of_the_indices(tmp_path):
    path = tmp_path / "three.jsonl"
    rows = [
        {"query": {"content": [{"text": f"q{i}"}]}, "positives": [{"content": [{"text": f"d{i}"}]}]}
        for i in range(3)
    ]
    path.write_text("\n".join(map(json.dumps, rows)))
    read = read_examples(JsonLines(path), [2, 0])
    assert [words(example.query) for example in read.examples] == [["q2"], ["q0"]]
    assert (read.indices, read.skipped) == ((2, 0), 0)
