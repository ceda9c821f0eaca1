"""The comparisons: rivals in turns on the same inputs, each held against ours."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec

from benchmarks import own, served, stock
from benchmarks.inputs import Input
from benchmarks.rows import Agreement, Row, agreement
from benchmarks.stock import Answer, Rival
from benchmarks.subject import Subject
from benchmarks.turns import Entry, Turns, padded
from forethought.engines import EarlyExit

THOUGHT, PASS, SAMPLED = "thought vectors", "one pass", "samples of one input"
OPTIONS = "thought vectors, with what is off by default"
OURS, GATED, REREAD = "encode(think=always)", "encode(think=auto), gate shut", "re-embedding"
DIRECT, STOCK = "encode(think=never)", "(d) stock forward"
CARD_1, CARD_4 = "(a) cards' generate, batch 1", "(a) cards' generate, batch 4"
PLAIN, VLLM = "(b) batched generate, + re-encode", "(c) vLLM: generate, then read"
SENTENCES = "Sentence Transformers' encode"
ONE, MANY = "one rationale", "8 rationales"
SAMPLES = 8
NOTHING, GUESSES, SETTLE, HALF = "nothing", "guesses=2", "settle=Settle(8, 0.01)", "16-bit cache"
MINE = frozenset({OURS, GATED, REREAD, DIRECT, ONE, MANY, NOTHING, GUESSES, SETTLE, HALF})
_WARM_TOKENS = 8


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is run: all inputs, but at most `slow` by batch 1 and `medium` by batch 4.

    What is over sooner than thinking, one pass or one input, is run `more` times as often.
    """

    inputs: int
    slow: int
    medium: int
    repeats: int
    more: int = 3


def thinking(
    subject: Subject, inputs: Sequence[Input], plan: Plan, *, written: Answer
) -> list[Row]:
    """Thought vectors, the same rules of writing for all; `written` is what our engine wrote."""
    few = subject.brief(_WARM_TOKENS)
    thought = partial(own.thought, subject)
    entries = {OURS: Entry(thought, inputs, subject.rows, ordered=True, ours=True)}
    for name, shown, batch in (
        (CARD_1, inputs[: plan.slow], 1),
        (CARD_4, inputs[: plan.medium], 4),
    ):
        entries[name] = Entry(
            partial(stock.card, subject, batch_size=batch), shown, batch,
            warm=partial(stock.card, few, batch_size=batch),
        )  # fmt: skip
    entries[PLAIN] = Entry(
        partial(stock.plain, subject, batch_size=subject.rows), inputs, subject.rows,
        warm=partial(stock.plain, few, batch_size=subject.rows),
    )  # fmt: skip
    if rival := served.vllm(subject):
        entries[VLLM] = Entry(rival, inputs, subject.rows, ordered=True)
    turns = Turns(entries)
    turns.run(repeats=plan.repeats, device=subject.device)
    rows = [_thought(subject, turns, name, written=written) for name in entries]
    return rows if VLLM in entries else [*rows, _vllm()]


def _thought(subject: Subject, turns: Turns, name: str, *, written: Answer) -> Row:
    entry = turns.entries[name]
    answer = turns.answers.get(name)
    if answer is None:
        return turns.row(THOUGHT, name)
    # `encode` does not tell its tokens: they are those that the engine was seen to write.
    told = Answer(answer.vectors, written.completions) if entry.ours else answer
    return turns.row(
        THOUGHT, name, tokens=sum(map(len, told.completions)), padding=padded(subject, entry),
        agreement=_alike(subject, entry.inputs, told, written=written),
    )  # fmt: skip


def _alike(
    subject: Subject, inputs: Sequence[Input], told: Answer, *, written: Answer
) -> Agreement:
    """Where a rival wrote something else, our vector of its own rationale is the measure."""
    rows = range(len(told.completions))
    other = [row for row in rows if told.completions[row] != written.completions[row]]
    ours = written.vectors[: len(rows)].copy()
    if other:
        completions = tuple(told.completions[row] for row in other)
        ours[other] = own.Reread(subject, completions)([inputs[row] for row in other]).vectors
    return agreement(ours, told.vectors, same=len(rows) - len(other))


def reading(
    subject: Subject,
    inputs: Sequence[Input],
    plan: Plan,
    *,
    written: Answer,
    sentences: Rival | str,
) -> list[Row]:
    """Vectors that cost one pass: direct, gated, and again from rationales that are known.

    `sentences` embeds the same inputs by Sentence Transformers, or says why it cannot.
    """
    # It holds one rationale an input: it is warmed on all of them.
    again = own.Reread(subject, written.completions)
    rivals: dict[str, Rival] = {
        DIRECT: partial(own.direct, subject),
        GATED: partial(own.gated, subject),
        REREAD: again,
        STOCK: partial(stock.direct, subject, batch_size=subject.rows),
    }
    if not isinstance(sentences, str):
        rivals[SENTENCES] = sentences
    entries = {
        name: Entry(
            rival, inputs, subject.rows, ordered=name in MINE, ours=name in MINE,
            warm=(lambda _: again(inputs)) if name == REREAD else None,
        )
        for name, rival in rivals.items()
    }  # fmt: skip
    turns = Turns(entries)
    turns.run(repeats=plan.repeats * plan.more, device=subject.device)
    rows = []
    for name, entry in entries.items():
        ours = written if name == REREAD else turns.answers[DIRECT]
        answer = turns.answers.get(name)
        # Sentence Transformers orders by what it takes for length: not worked out here.
        known = answer is not None and name not in {REREAD, SENTENCES}
        rows.append(
            turns.row(
                PASS, name, padding=padded(subject, entry) if known else None,
                agreement=agreement(ours.vectors, answer.vectors) if answer else None,
            )
        )  # fmt: skip
    if isinstance(sentences, str):
        rows.append(Row(PASS, SENTENCES, 0, None, note=sentences))
    return rows


def sampling(subject: Subject, inputs: Sequence[Input], plan: Plan) -> list[Row]:
    """Several rationales of one input beside one, all as long."""
    shown = [max(inputs, key=len)]
    entries = {
        name: Entry(partial(_sampled, subject, count=count), shown, count, ours=True)
        for name, count in {ONE: 1, MANY: SAMPLES}.items()
    }
    turns = Turns(entries)
    turns.run(repeats=plan.repeats * plan.more, device=subject.device)
    ours = turns.answers[MANY]
    return [
        turns.row(
            SAMPLED, name, tokens=sum(map(len, answer.completions)),
            agreement=agreement(ours.vectors[: len(answer.vectors)], answer.vectors),
        )
        for name, answer in turns.answers.items()
    ]  # fmt: skip


def options(subject: Subject, inputs: Sequence[Input], plan: Plan) -> list[Row]:
    """What each option changes: the time, and how near vectors stay to those without it."""
    decode_options = subject.encoder.decode_options
    subjects = {
        NOTHING: subject,
        GUESSES: subject.writing(replace(decode_options, speculative_tokens=2)),
        SETTLE: subject.writing(
            replace(decode_options, early_exit=EarlyExit(every=8, within=0.01))
        ),
        HALF: subject.within(cache="float16"),
    }
    entries = {
        name: Entry(partial(own.written, one), inputs, subject.rows, ordered=True, ours=True)
        for name, one in subjects.items()
    }
    turns = Turns(entries)
    turns.run(repeats=plan.repeats, device=subject.device)
    written = turns.answers[NOTHING]
    rows = []
    for name, answer in turns.answers.items():
        pairs = zip(answer.completions, written.completions, strict=True)
        rows.append(
            turns.row(
                OPTIONS, name, tokens=sum(map(len, answer.completions)),
                agreement=agreement(
                    written.vectors, answer.vectors, same=sum(one == other for one, other in pairs)
                ),
            )
        )  # fmt: skip
    return rows


def _sampled(subject: Subject, inputs: Sequence[Input], *, count: int) -> Answer:
    return own.samples(subject, inputs[0], count=count)


def _vllm() -> Row:
    here = find_spec("vllm") is not None
    note = "the weights are random: there is no folder to start it on" if here else "not installed"
    return Row(THOUGHT, VLLM, 0, None, note=note)
