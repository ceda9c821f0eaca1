import json

import numpy as np
import PIL.Image
import pytest

from tests.annotation.birds import QUERIES, SECRETS


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def examples(tmp_path):
    """Four examples; the first and the third ask the same, the last has a picture."""
    PIL.Image.fromarray(np.full((4, 6, 3), 90, np.uint8)).save(tmp_path / "lake.png")
    rows = []
    for index, words in enumerate(QUERIES):
        content = [{"text": words}, *([{"image": "lake.png"}] if index == 3 else [])]
        bird = SECRETS[index % 3]
        rows.append(
            {
                "query": {
                    "content": content,
                    "instruction": "Name the bird.",
                    "rationale": {"thinking": f"A {bird}.", "answer": bird},
                },
                "positives": [{"content": [{"text": bird}], "label": f"{bird} {index}"}],
                "negatives": [{"content": [{"text": "Osprey"}], "label": "no"}],
            }
        )
    path = tmp_path / "train.jsonl"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return path
