"""The comparisons: rivals in turns on the same inputs, each held against ours."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec

from forethought.bench import own, served, stock
from forethought.bench.inputs import Input
from forethought.bench.roofline import finish
from forethought.bench.rows import Row, agreement
from forethought.bench.stock import Answer
from forethought.bench.subject import Subject
from forethought.bench.timing import Times, interleave
from forethought.engines import bucket, padding

OURS, GATED, REREAD = "encode(think=always)", "encode(think=auto), gate shut", "re-embedding"
DIRECT, STOCK = "encode(think=never)", "(d) stock forward"
CARD_1, CARD_4 = "(a) cards' generate, batch 1", "(a) cards' generate, batch 4"
PLAIN, VLLM = f"(b) generate, batch {own.ROWS}, + re-encode", "(c) vLLM: generate, then read"
SENTENCES = "Sentence Transformers' encode"
ONE, MANY = "one rationale", "8 rationales"
SAMPLES = 8

Rival = Callable[[Sequence[Input]], Answer]


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is run: all inputs, but at most `slow` by batch 1 and `medium` by batch 4."""

    inputs: int
    slow: int
    medium: int
    repeats: int


@dataclass(frozen=True, slots=True)
class _Entry:
    rival: Rival
    inputs: Sequence[Input]
    batch: int
    ordered: bool


def thinking(subject: Subject, inputs: Sequence[Input], plan: Plan) -> list[Row]:
    """Thought vectors, the same rules of writing for all."""
    card, plain = partial(stock.card, subject), partial(stock.plain, subject)
    entries = {
        OURS: _Entry(partial(own.thought, subject), inputs, own.ROWS, ordered=True),
        CARD_1: _Entry(partial(card, batch_size=1), inputs[: plan.slow], 1, ordered=False),
        CARD_4: _Entry(partial(card, batch_size=4), inputs[: plan.medium], 4, ordered=False),
        PLAIN: _Entry(partial(plain, batch_size=own.ROWS), inputs, own.ROWS, ordered=False),
    }
    if rival := served.vllm(subject):
        entries[VLLM] = _Entry(rival, inputs, own.ROWS, ordered=True)
    answers, times = _timed(subject, entries, plan)
    written = own.written(subject, inputs)
    rows = []
    for name, entry in entries.items():
        given = answers[name]
        told = written if name == OURS else given
        rows.append(
            Row(
                "thought vectors",
                name,
                len(entry.inputs),
                times[name],
                tokens=sum(map(len, told.completions[: len(entry.inputs)])),
                padding=_padding(subject, entry),
                agreement=agreement(answers[OURS], told, written=written.completions),
            )
        )
    return rows if VLLM in entries else [*rows, _vllm()]


def reading(
    subject: Subject,
    inputs: Sequence[Input],
    plan: Plan,
    *,
    sentences: Rival | None = None,
) -> list[Row]:
    """Vectors that cost one pass: direct, gated, and again from rationales that are known.

    `sentences` embeds the same inputs by Sentence Transformers, where it is installed.
    """
    written = own.written(subject, inputs)
    rivals: dict[str, Rival] = {
        DIRECT: partial(own.direct, subject),
        GATED: partial(own.gated, subject),
        REREAD: own.Reread(subject, written.completions),
        STOCK: partial(stock.direct, subject, batch_size=own.ROWS),
    }
    if sentences:
        rivals[SENTENCES] = sentences
    entries = {
        name: _Entry(rival, inputs, own.ROWS, ordered=name != STOCK)
        for name, rival in rivals.items()
    }
    # The bars on one pass are of a few per cent: more rounds for them.
    answers, times = _timed(subject, entries, replace(plan, repeats=2 * plan.repeats))
    rows = []
    for name, entry in entries.items():
        ours = written if name == REREAD else answers[DIRECT]
        rows.append(
            Row(
                "one pass",
                name,
                len(inputs),
                times[name],
                padding=None if name == REREAD else _padding(subject, entry),
                agreement=agreement(ours, answers[name]),
            )
        )
    if not sentences:
        rows.append(Row("one pass", SENTENCES, 0, None, note="not installed"))
    return rows


def sampling(subject: Subject, inputs: Sequence[Input], plan: Plan) -> list[Row]:
    """Several rationales of one input beside one, all as long."""
    counts = {ONE: 1, MANY: SAMPLES}
    shown = max(inputs, key=len)
    answers: dict[str, Answer] = {}

    def run(name: str) -> None:
        answers[name] = own.samples(subject, shown, count=counts[name])

    times = interleave(
        {name: partial(run, name) for name in counts},
        # One input is over in a moment: more rounds for as steady a figure.
        repeats=3 * plan.repeats,
        wait=partial(finish, subject.device),
    )
    return [
        Row(
            "samples of one input",
            name,
            1,
            times[name],
            tokens=sum(map(len, answers[name].completions)),
            agreement=agreement(answers[MANY], answers[ONE]),
        )
        for name in counts
    ]


def _timed(
    subject: Subject, entries: dict[str, _Entry], plan: Plan
) -> tuple[dict[str, Answer], dict[str, Times]]:
    answers: dict[str, Answer] = {}

    def run(name: str) -> None:
        answers[name] = entries[name].rival(entries[name].inputs)

    def warm(name: str) -> None:
        # Re-embedding holds one rationale an input: it is warmed on all of them.
        few = entries[name].inputs if name == REREAD else entries[name].inputs[:4]
        entries[name].rival(few)

    times = interleave(
        {name: partial(run, name) for name in entries},
        repeats=plan.repeats,
        warm={name: partial(warm, name) for name in entries},
        wait=partial(finish, subject.device),
    )
    return answers, times


def _padding(subject: Subject, entry: _Entry) -> float:
    lengths = [len(prompt.token_ids) for prompt in subject.prompts(entry.inputs)]
    if entry.ordered:
        return padding(lengths, bucket(lengths, subject.encoder.engine.limits))
    every = list(range(len(lengths)))
    groups = [every[start : start + entry.batch] for start in range(0, len(every), entry.batch)]
    return padding(lengths, groups)


def _vllm() -> Row:
    here = find_spec("vllm") is not None
    note = "no folder to start it on" if here else "not installed"
    return Row("thought vectors", VLLM, 0, None, note=note)
