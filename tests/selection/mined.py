"""Training files of texts, and what is mined from them with vectors that are looked up."""

import json

from forethought.selection import MiningOptions, NegativeRule, mine_hard_negatives
from tests.selection.vectors import LookupEncoder

ANY = NegativeRule(relative_margin=None)


def mine(path, encoder=None, rule=ANY, *, documents=None, **options):
    """The report and the tables of the lines that were written."""
    out = path.with_name("mined.jsonl")
    report = mine_hard_negatives(
        path,
        out,
        encoder or LookupEncoder(),
        rule=rule,
        options=MiningOptions(**options),
        documents=documents,
    )
    lines = out.read_text("utf-8").splitlines()
    return report, [json.loads(line) for line in lines if line]


def negatives(table):
    return [one["content"][0].get("text") for one in table.get("negatives", [])]


AXES: dict[str, list[float]] = {
    "q": [1, 0, 0],
    "a": [1, 0, 0],
    "b": [0.9, 0.1, 0],
    "c": [0.5, 0.5, 0],
    "d": [0, 0, 1],
}


def axes():
    return LookupEncoder(dict(AXES), 3)


def write(tmp_path, *tables, name="train.jsonl"):
    """Write lines of tables; gives the file."""
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    lines = [json.dumps(table, ensure_ascii=False) for table in tables]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def example(query, *positives, negatives=(), **others):
    """A line: a query, its positives and other keys, each document a text or (text, label)."""
    return {
        "query": {"content": [{"text": query}]},
        "positives": [_document(one) for one in positives],
        **({"negatives": [_document(one) for one in negatives]} if negatives else {}),
        **others,
    }


def _document(one):
    text, label = one if isinstance(one, tuple) else (one, None)
    return {"content": [{"text": text}], **({"label": label} if label else {})}
