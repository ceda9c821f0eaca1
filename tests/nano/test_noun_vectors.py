import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch

from forethought.nano.noun_vectors import noun_vectors

WORDS = ("owl", "bird", "animal", "creature", "beast", "being")


class OneAxisAWord:
    """Gives each known word a unit vector along an axis of its own."""

    width = len(WORDS)

    def __call__(self, texts):
        return torch.eye(len(WORDS))[[WORDS.index(text) for text in texts]]


def test_a_noun_leans_towards_its_four_nearest_kinds_with_falling_weights(tmp_path):
    rows = [
        {"offset": "01", "name": "owl", "kinds": ["bird", "animal", "creature", "beast", "being"]},
        {"offset": "02", "name": "bird", "kinds": ["animal"]},
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "nouns.parquet")
    found = noun_vectors(tmp_path, texts=OneAxisAWord())
    owl = np.array([1, 0.6, 0.48, 0.384, 0.3072, 0])
    np.testing.assert_allclose(found["noun/01"], owl / np.linalg.norm(owl), rtol=1e-3)
    bird = np.array([0, 1, 0.6, 0, 0, 0])
    np.testing.assert_allclose(found["noun/02"], bird / np.linalg.norm(bird), rtol=1e-3)
