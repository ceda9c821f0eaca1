"""Chat models of every architecture, files of examples, and an evaluator that reads a table."""

import json
from dataclasses import dataclass, field

import numpy as np
import pytest

from tests import published

ARCHITECTURES = {
    "qwen2_vl": "vlm2vec",
    "qwen2_5_vl": "rge",
    "qwen3_vl": "qwen3_vl_embedding",
}


@pytest.fixture(scope="session", params=list(ARCHITECTURES))
def chat_model(request, tmp_path_factory):
    """The folder of a model whose tokenizer has single tokens for yes and no."""
    texts = pytest.MonkeyPatch()
    texts.setattr(published, "TOKENIZER_TEXTS", ["Yes No Yes No Query Candidate"] * 4)
    try:
        folder = tmp_path_factory.mktemp("chat") / request.param
        return published.make(ARCHITECTURES[request.param], folder, context=2048)
    finally:
        texts.undo()


def example(query, positive, *negatives, task="default", label=None):
    """A line of examples of text."""
    line = {
        "task": task,
        "query": {"content": [{"text": query}]},
        "positives": [{"content": [{"text": positive}], **({"label": label} if label else {})}],
    }
    if negatives:
        line["negatives"] = [{"content": [{"text": text}]} for text in negatives]
    return line


@pytest.fixture
def write(tmp_path):
    """Writes examples and candidates, each (line, worker, thinking, answer); gives both files."""
    from forethought.data import Candidate, ExampleInputs, write_candidates
    from forethought.types import Side

    def make(examples, candidates, *, side="query"):
        path, other = tmp_path / "examples.jsonl", tmp_path / "candidates.jsonl"
        path.write_text("".join(f"{json.dumps(line)}\n" for line in examples), encoding="utf-8")
        digests = {(one.line, one.side): one.digest for one in ExampleInputs.read(path).inputs}
        rows = [
            Candidate(
                line=line,
                side=Side(side),
                worker=worker,
                sample=0,
                thinking=thinking,
                answer=answer,
                input=digests[line, Side(side)],
            )
            for line, worker, thinking, answer in candidates
        ]
        write_candidates(other, rows)
        return path, other

    return make


@dataclass
class TableEvaluator:
    """Scores by a table: (query, target, thinking) with "" for none; 0 where it has no entry."""

    table: dict[tuple[str, str, str], float] = field(default_factory=dict)
    settings: tuple[str, ...] = ("evaluator=table",)
    num_negatives: int = 2
    calls: list[tuple[str, list[str], list[str]]] = field(default_factory=list)

    def score(self, groups):
        from forethought.selection import PairScores

        found = []
        for group in groups:
            query = words(group.source)
            targets = [words(target.open()) for target in group.targets]
            self.calls.append((query, targets, [one.thinking for one in group.rationales]))
            after = [
                [self.table.get((query, target, one.thinking), 0.0) for target in targets]
                for one in group.rationales
            ]
            without = [[self.table.get((query, target, ""), 0.0) for target in targets]]
            found.append(PairScores(np.array(after), np.array(without * len(after))))
        return found


def words(message):
    """The text of a message."""
    return " ".join(part.words for part in message.content)
