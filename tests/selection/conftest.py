import json

import pytest


@pytest.fixture
def write(tmp_path):
    """Writes lines of tables; gives the file."""

    def make(*tables, name="train.jsonl"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        lines = [json.dumps(table, ensure_ascii=False) for table in tables]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    return make


@pytest.fixture
def example():
    """A line: a query, its positives and other keys, each document a text or (text, label)."""

    def document(one):
        text, label = one if isinstance(one, tuple) else (one, None)
        return {"content": [{"text": text}], **({"label": label} if label else {})}

    def make(query, *positives, negatives=(), **others):
        return {
            "query": {"content": [{"text": query}]},
            "positives": [document(one) for one in positives],
            **({"negatives": [document(one) for one in negatives]} if negatives else {}),
            **others,
        }

    return make
