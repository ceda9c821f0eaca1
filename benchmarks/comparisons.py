"""The groups of comparisons: ours and the baselines on the same inputs, each compared with ours."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from benchmarks import hf_baseline, ours
from benchmarks.results import Agreement, EmbedFn, EmbedOutput, Result, agreement
from benchmarks.runner import Case, Runner, prefill_padding
from benchmarks.target import Target
from benchmarks.vllm_baseline import vllm_baseline
from benchmarks.workload_inputs import Input
from forethought.engines import EarlyExit

THOUGHT, PASS, SAMPLED = "thought vectors", "one pass", "samples of one input"
OPTIONS = "thought vectors, optional settings"
OURS, GATED, REREAD = "encode(think=always)", "encode(think=auto), gate closed", "re-embedding"
DIRECT, HF_FORWARD = "encode(think=never)", "(d) stock forward"
CARD_1, CARD_4 = "(a) cards' generate, batch 1", "(a) cards' generate, batch 4"
GENERATE, VLLM = "(b) batched generate, + re-encode", "(c) vLLM: generate, then read"
SENTENCE_TRANSFORMERS = "Sentence Transformers' encode"
ONE, MANY = "one rationale", "8 rationales"
SAMPLES = 8
DEFAULTS, LOOKUP = "defaults", "speculative_tokens=2"
EARLY_EXIT, HALF_CACHE = "early_exit=EarlyExit(8, 0.01)", "16-bit cache"
OUR_CASES = frozenset(
    {OURS, GATED, REREAD, DIRECT, ONE, MANY, DEFAULTS, LOOKUP, EARLY_EXIT, HALF_CACHE}
)
_WARM_UP_TOKENS = 8


@dataclass(frozen=True, slots=True)
class RunPlan:
    """How much is run: all inputs, but at most `slow` at batch 1 and `medium` at batch 4.

    Groups that take less time than thinking, one pass and one input, run `more` times as many
    rounds.
    """

    inputs: int
    slow: int
    medium: int
    repeats: int
    more: int = 3


def thinking(
    target: Target, inputs: Sequence[Input], plan: RunPlan, *, reference: EmbedOutput
) -> list[Result]:
    """Thought vectors under the same decoding rules; `reference` are ours with their token ids."""
    short = target.with_budget(_WARM_UP_TOKENS)
    rows = target.rows
    cases = {OURS: Case(partial(ours.thought, target), inputs, rows, sorted=True, ours=True)}
    for name, some, batch in (
        (CARD_1, inputs[: plan.slow], 1),
        (CARD_4, inputs[: plan.medium], 4),
    ):
        cases[name] = Case(
            partial(hf_baseline.card, target, batch_size=batch), some, batch,
            warm_up=partial(hf_baseline.card, short, batch_size=batch),
        )  # fmt: skip
    cases[GENERATE] = Case(
        partial(hf_baseline.generate_then_read, target, batch_size=rows), inputs, rows,
        warm_up=partial(hf_baseline.generate_then_read, short, batch_size=rows),
    )  # fmt: skip
    vllm = vllm_baseline(target)
    if not isinstance(vllm, str):
        cases[VLLM] = Case(vllm, inputs, rows, sorted=True)
    runner = Runner(cases)
    runner.run(repeats=plan.repeats, device=target.device)
    results = [_thought_result(target, runner, name, reference=reference) for name in cases]
    return (
        [*results, Result(THOUGHT, VLLM, 0, None, note=vllm)] if isinstance(vllm, str) else results
    )


def _thought_result(target: Target, runner: Runner, name: str, *, reference: EmbedOutput) -> Result:
    case = runner.cases[name]
    output = runner.outputs.get(name)
    if output is None:
        return runner.result(THOUGHT, name)
    # `encode` returns no token ids: they are those of the reference run.
    found = EmbedOutput(output.vectors, reference.completions) if case.ours else output
    return runner.result(
        THOUGHT, name, tokens=sum(map(len, found.completions)),
        padding=prefill_padding(target, case),
        agreement=_agreement(target, case.inputs, found, reference=reference),
    )  # fmt: skip


def _agreement(
    target: Target, inputs: Sequence[Input], found: EmbedOutput, *, reference: EmbedOutput
) -> Agreement:
    """Compare with ours; where a rationale differs, with our vector of the baseline's rationale."""
    rows = range(len(found.completions))
    differ = [row for row in rows if found.completions[row] != reference.completions[row]]
    vectors = reference.vectors[: len(rows)].copy()
    if differ:
        completions = tuple(found.completions[row] for row in differ)
        vectors[differ] = ours.Reread(target, completions)([inputs[row] for row in differ]).vectors
    return agreement(vectors, found.vectors, same=len(rows) - len(differ))


def one_pass(
    target: Target,
    inputs: Sequence[Input],
    plan: RunPlan,
    *,
    reference: EmbedOutput,
    sentence_transformers: EmbedFn | str,
) -> list[Result]:
    """Vectors that cost one pass: direct, gated, and from known rationales.

    `sentence_transformers` embeds the same inputs, or is the reason why it cannot.
    """
    reread = ours.Reread(target, reference.completions)
    functions: dict[str, EmbedFn] = {
        DIRECT: partial(ours.direct, target),
        GATED: partial(ours.gated, target),
        REREAD: reread,
        HF_FORWARD: partial(hf_baseline.direct, target, batch_size=target.rows),
    }
    if not isinstance(sentence_transformers, str):
        functions[SENTENCE_TRANSFORMERS] = sentence_transformers
    # Rereading takes one rationale an input: its warm-up runs on all of them.
    warm_ups: dict[str, EmbedFn] = {REREAD: lambda _: reread(inputs)}
    cases = {
        name: Case(
            embed, inputs, target.rows, sorted=name in OUR_CASES, ours=name in OUR_CASES,
            warm_up=warm_ups.get(name),
        )
        for name, embed in functions.items()
    }  # fmt: skip
    runner = Runner(cases)
    runner.run(repeats=plan.repeats * plan.more, device=target.device)
    results = [_pass_result(target, runner, name, reference=reference) for name in cases]
    if isinstance(sentence_transformers, str):
        results.append(Result(PASS, SENTENCE_TRANSFORMERS, 0, None, note=sentence_transformers))
    return results


def _pass_result(target: Target, runner: Runner, name: str, *, reference: EmbedOutput) -> Result:
    output = runner.outputs.get(name)
    if output is None:
        return runner.result(PASS, name)
    compared = reference if name == REREAD else runner.outputs[DIRECT]
    # Sentence Transformers sorts by a length of its own: its padding is unknown here.
    known = name not in {REREAD, SENTENCE_TRANSFORMERS}
    return runner.result(
        PASS, name, padding=prefill_padding(target, runner.cases[name]) if known else None,
        agreement=agreement(compared.vectors, output.vectors),
    )  # fmt: skip


def sampling(target: Target, inputs: Sequence[Input], plan: RunPlan) -> list[Result]:
    """Several rationales of one input, and one, all of one length."""
    longest = [max(inputs, key=len)]
    cases = {
        name: Case(_sampled(target, count), longest, count, ours=True)
        for name, count in {ONE: 1, MANY: SAMPLES}.items()
    }
    runner = Runner(cases)
    runner.run(repeats=plan.repeats * plan.more, device=target.device)
    many = runner.outputs[MANY].vectors
    return [
        runner.result(
            SAMPLED, name, tokens=sum(map(len, output.completions)),
            agreement=agreement(many[: len(output.vectors)], output.vectors),
        )
        for name, output in runner.outputs.items()
    ]  # fmt: skip


def _sampled(target: Target, count: int) -> Callable[[Sequence[Input]], EmbedOutput]:
    return lambda inputs: ours.samples(target, inputs[0], count=count)


def options(target: Target, inputs: Sequence[Input], plan: RunPlan) -> list[Result]:
    """Each option's time, and how near its vectors are to those without it."""
    decode = target.encoder.decode_options
    early_exit = EarlyExit(every=8, within=0.01)
    targets = {
        DEFAULTS: target,
        LOOKUP: target.with_options(replace(decode, speculative_tokens=2)),
        EARLY_EXIT: target.with_options(replace(decode, early_exit=early_exit)),
        HALF_CACHE: target.with_limits(cache="float16"),
    }
    cases = {
        name: Case(partial(ours.completions, one), inputs, target.rows, sorted=True, ours=True)
        for name, one in targets.items()
    }
    runner = Runner(cases)
    runner.run(repeats=plan.repeats, device=target.device)
    default = runner.outputs[DEFAULTS]
    results = []
    for name, output in runner.outputs.items():
        pairs = zip(output.completions, default.completions, strict=True)
        same = sum(one == other for one, other in pairs)
        results.append(
            runner.result(
                OPTIONS, name, tokens=sum(map(len, output.completions)),
                agreement=agreement(default.vectors, output.vectors, same=same),
            )
        )  # fmt: skip
    return results
