import json

import pytest

from forethought.data import ExampleSource, JsonLines, Shard
from forethought.errors import ConfigError


@pytest.fixture
def source(tmp_path):
    """Seven examples whose queries are their indices."""
    path = tmp_path / "seven.jsonl"
    lines = [
        {
            "query": {"content": [{"text": str(index)}]},
            "positives": [{"content": [{"text": f"document {index}"}], "label": f"d{index}"}],
        }
        for index in range(7)
    ]
    path.write_text("\n".join(map(json.dumps, lines)))
    return JsonLines(path)


def numbers(examples):
    return [int(example.query.content[0].words) for example in examples]


def test_shards_are_disjoint_and_together_the_whole(source):
    shards = [source.shard(rank, 3) for rank in range(3)]
    assert [numbers(shard) for shard in shards] == [[0, 3, 6], [1, 4], [2, 5]]
    assert [len(shard) for shard in shards] == [3, 2, 2]
    assert all(isinstance(shard, ExampleSource) for shard in shards)


def test_keys_and_indices_are_those_of_the_shard(source):
    shard = source.shard(1, 3)
    assert [key.label for key in shard.iter_keys()] == ["d1", "d4"]
    assert numbers([shard[1], shard[-1], shard[0]]) == [4, 4, 1]
    with pytest.raises(IndexError):
        shard[2]


def test_a_shard_of_a_shard_is_a_part_of_it(source):
    assert numbers(source.shard(0, 3).shard(1, 2)) == [3]


@pytest.mark.parametrize("rank", [-1, 3])
def test_a_rank_out_of_range_is_refused(source, rank):
    with pytest.raises(ConfigError, match=f"from 0 to under world_size, got {rank} of 3"):
        Shard(source, rank, 3)
