"""Rationales of several workers about lab's questions, and one file a way to select among them.

    python -m benchmarks.lab_candidates

writes data/lab/selected: examples.jsonl, candidates.jsonl, and for each way of `forethought select`
the examples with what it selected. The workers are the data's own composed rationales (`composed`), the
lab model at temperature 1 (`model`, two samples), the composed thinking with the answer of another
question (`wrong answer`), and the composed rationale of another question (`other question`): a
pool in which some help and some mislead, as those of weak annotators.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from forethought.data import Candidate, ExampleInputs, read_candidates, write_candidates
from forethought.files import write_text
from forethought.nano import GlyphExamples
from forethought.types import Ending, Example, Rationale, Side, Text

DATA = Path("data/lab")
FOLDER = DATA / "selected"
WAYS = ("random", "likelihood", "counterfactual", "margin")
MODEL = Path("models/lab")
SEED = 20_261_127
_WORKERS = f"""
[[workers]]
name = "model"
checkpoint = "{MODEL}"
samples = 2
temperature = 1.0
max_tokens = 48
seed = {SEED}

[cleaning]
min_words = 0
distance = 0.0
reject_label = false
"""
"""Lab's thinking may be empty, and its answers are names of targets."""


def main() -> int:
    """Write every file; what is there is written anew."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    examples = list(GlyphExamples(DATA))
    lines = (json.dumps(_line(example), ensure_ascii=False) for example in examples)
    write_text(FOLDER / "examples.jsonl", "".join(f"{line}\n" for line in lines))
    inputs = ExampleInputs.read(FOLDER / "examples.jsonl")
    digests = {one.line: one.digest for one in inputs.inputs if one.side is Side.QUERY}
    composed = (replace(one, input=digests[one.line]) for one in _candidates(examples))
    candidates = sorted(
        [*composed, *_written(inputs)], key=lambda one: (one.line, one.worker, one.sample)
    )
    write_candidates(FOLDER / "candidates.jsonl", candidates)
    print(f"{len(candidates)} candidates for {len(examples)} examples", flush=True)
    for way in WAYS:
        _select(way)
    return 0


def _line(example: Example) -> dict[str, object]:
    document = example.positives[0]
    return {
        "task": example.task,
        "query": {"content": _content(example), "instruction": example.query.instruction},
        "positives": [
            {
                "content": [{"text": _words(document.message.content)}],
                "instruction": document.message.instruction,
                "label": document.label,
            }
        ],
    }


def _content(example: Example) -> list[dict[str, str]]:
    return [{"text": _words(example.query.content)}]


def _words(content: Sequence[object]) -> str:
    return " ".join(part.words for part in content if isinstance(part, Text))


def _candidates(examples: Sequence[Example]) -> Iterator[Candidate]:
    composed = [example.rationale or Rationale("", "", Ending.EMBED) for example in examples]
    others = _others(examples)
    for line, rationale in enumerate(composed):
        other = composed[others[line]]
        yield _candidate(line, "composed", rationale)
        yield _candidate(line, "wrong answer", replace(rationale, answer=other.answer))
        yield _candidate(line, "other question", other)


def _others(examples: Sequence[Example]) -> list[int]:
    """For each example another of its task, whose answer is no answer of this one."""
    rng = np.random.default_rng(SEED)
    by_task: dict[str, list[int]] = {}
    for index, example in enumerate(examples):
        by_task.setdefault(example.task, []).append(index)
    found = []
    for example in examples:
        same = by_task[example.task]
        order = (same[int(rng.integers(len(same)))] for _ in iter(int, 1))
        found.append(next(one for one in order if not examples[one].labels & example.labels))
    return found


def _written(inputs: ExampleInputs) -> list[Candidate]:
    """What the model writes about each question, at temperature 1."""
    write_text(FOLDER / "workers.toml", _WORKERS)
    out = FOLDER / "written.jsonl"
    options = ["--workers", str(FOLDER / "workers.toml"), "-o", str(out)]
    _run("annotate", str(inputs.path), *options)
    return [one for one in read_candidates(out, inputs) if not one.rejected]


def _candidate(line: int, worker: str, rationale: Rationale) -> Candidate:
    return Candidate(
        line=line,
        side=Side.QUERY,
        worker=worker,
        sample=0,
        thinking=rationale.thinking,
        answer=rationale.answer,
        input="",
    )


def _select(way: str) -> None:
    files = [FOLDER / name for name in ("examples.jsonl", "candidates.jsonl", f"{way}.jsonl")]
    # Answers are repeated targets: lab asks for names.
    options = ["--by", way, "--encoder", str(MODEL), "--allow-label", "--seed", str(SEED)]
    scores = ["--scores", str(FOLDER / f"{_scores(way)}.scores.jsonl")]
    report = ["--markdown", str(FOLDER / f"{way}.md")]
    print(f"selecting by {way}", flush=True)
    _run("select", *map(str, files[:2]), "-o", str(files[2]), *options, *scores, *report)


def _run(*command: str) -> None:
    subprocess.run([sys.executable, "-m", "forethought", *command], check=True)  # noqa: S603


def _scores(way: str) -> str:
    """Both counterfactual ways have the same scores."""
    return "effects" if way in {"counterfactual", "margin"} else way


if __name__ == "__main__":
    sys.exit(main())
