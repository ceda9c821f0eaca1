"""How fast an encoder embeds on this machine, and how near its decoding is to the roofline."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from statistics import fmean

import numpy as np
import torch

from forethought.doctor.machine import (
    MachineRates,
    machine_name,
    measure_rates,
    peak_memory,
    reset_peak_memory,
    synchronize,
)
from forethought.doctor.roofline import decode_cost
from forethought.doctor.timing import Times, interleave
from forethought.encoders import EncodeInput, Encoder, ReasoningEncoder, as_messages
from forethought.errors import ConfigError
from forethought.types import Content, Image, Progress, Side, Text, Think

_TEXTS = (
    "a red bus with two decks",
    "how to keep bread fresh for a week",
    "the longest river of the continent, and the cities on its banks",
    "two old keys on a wooden table",
)
_QUESTIONS = ("What is this?", "What would go well with it?", "Where would I see one of these?")
_SIZES = ((224, 224), (336, 224), (224, 448))


@dataclass(frozen=True, slots=True)
class ModeThroughput:
    """The rounds of one mode over the same inputs.

    `tokens` were decoded in a round. `peak_bytes` is the most memory during the warm-up round,
    weights included: torch's allocator on a GPU, the whole process on a CPU.
    """

    inputs: int
    times: Times
    peak_bytes: int
    tokens: int = 0

    @property
    def items_per_second(self) -> float:
        """Inputs a second, by the median round."""
        return self.inputs / self.times.median


@dataclass(frozen=True, slots=True)
class DecodeThroughput:
    """Decoding alone: the median thought round less the median direct round.

    `roofline` is the share of the machine's best, in [0, 1]: the least time that its `rates`
    allow for these tokens over the time taken.
    """

    tokens_per_second: float
    roofline: float
    rates: MachineRates


@dataclass(frozen=True, slots=True)
class Throughput:
    """What one encoder does on one machine.

    `thought` and `decode` are None where there is nothing to measure; `note` is then the reason.
    """

    model: str
    revision: str
    device: str
    machine: str
    threads: int
    dtype: str
    batch_size: int
    direct: ModeThroughput
    thought: ModeThroughput | None = None
    decode: DecodeThroughput | None = None
    note: str = ""


def measure_throughput(
    encoder: Encoder,
    inputs: Sequence[EncodeInput],
    *,
    repeats: int = 5,
    batch_size: int = 64,
    progress: Progress | None = None,
) -> Throughput:
    """Time direct and thought vectors of the same inputs as queries, in interleaved rounds.

    Raises:
        ConfigError: if there is no input, or `repeats` or `batch_size` is under 1.
        ContentError: if an input cannot be embedded; its index is named.
    """
    if not inputs:
        raise ConfigError("there is no input to measure with; give at least 1")
    for name, value in (("repeats", repeats), ("batch_size", batch_size)):
        if value < 1:
            raise ConfigError(f"{name} is {value}; it must be at least 1")
    local = encoder.local if isinstance(encoder, ReasoningEncoder) else None
    device = local.backbone.device if local else torch.device("cpu")
    dtype = local.backbone.dtype if local else torch.float32
    note = _why_direct_only(encoder)
    modes = (Think.NEVER,) if note else (Think.NEVER, Think.ALWAYS)
    rounds = _Rounds(encoder, inputs, batch_size, device, progress, (1 + repeats) * len(modes))
    before = measure_rates(device, dtype=dtype)
    found = rounds.measure(modes, repeats=repeats)
    rates = before.best(measure_rates(device, dtype=dtype))
    direct, thought = found[Think.NEVER], found.get(Think.ALWAYS)
    decode = None
    if isinstance(encoder, ReasoningEncoder) and thought:
        decode = _decode(
            encoder, inputs, direct=direct, thought=thought, rates=rates, rows=batch_size
        )
        note = "" if decode else "decoding took no measurable time: give more inputs or repeats"
    return Throughput(
        model=encoder.name,
        revision=encoder.revision,
        device=str(device),
        machine=machine_name(device),
        threads=torch.get_num_threads(),
        dtype=str(dtype).removeprefix("torch."),
        batch_size=batch_size,
        direct=direct,
        thought=thought,
        decode=decode,
        note=note,
    )


def sample_inputs(count: int) -> list[tuple[Content, ...]]:
    """Built-in inputs: a third texts, a third pictures (generated gradients), a third both."""
    return [_sample(number) for number in range(count)]


@dataclass(slots=True, eq=False)
class _Rounds:
    """Runs an encoder over the inputs, and records each mode's tokens and peak memory."""

    encoder: Encoder
    inputs: Sequence[EncodeInput]
    batch_size: int
    device: torch.device
    progress: Progress | None
    total: int
    done: int = 0
    tokens: dict[Think, int] = field(default_factory=dict)
    peaks: dict[Think, int] = field(default_factory=dict)

    def measure(self, modes: Sequence[Think], *, repeats: int) -> dict[Think, ModeThroughput]:
        """Warm up, then time every mode in interleaved rounds."""
        times = interleave(
            {mode: partial(self._run, mode) for mode in modes},
            repeats=repeats,
            warm_up={mode: partial(self._warm_up, mode) for mode in modes},
            wait=partial(synchronize, self.device),
        )
        return {
            mode: ModeThroughput(len(self.inputs), times[mode], self.peaks[mode], self.tokens[mode])
            for mode in modes
        }

    def _warm_up(self, mode: Think) -> None:
        reset_peak_memory(self.device)
        self._run(mode)
        self.peaks[mode] = peak_memory(self.device)

    def _run(self, mode: Think) -> None:
        found = self.encoder.encode(
            self.inputs, side=Side.QUERY, think=mode, batch_size=self.batch_size
        )
        self.tokens[mode] = int(found.tokens.sum())
        self.done += 1
        if self.progress:
            self.progress(self.done, self.total, "direct" if mode is Think.NEVER else "thought")


def _why_direct_only(encoder: Encoder) -> str:
    """Why an encoder's thought vectors cannot be measured; empty if they can."""
    if not isinstance(encoder, ReasoningEncoder):
        return f"{encoder.name} has no decoder: only direct vectors were measured"
    if Side.QUERY not in encoder.family.thinks:
        title = encoder.family.title
        return f"{encoder.name} ({title}) never thinks: only direct vectors were measured"
    return ""


def _decode(
    encoder: ReasoningEncoder,
    inputs: Sequence[EncodeInput],
    *,
    direct: ModeThroughput,
    thought: ModeThroughput,
    rates: MachineRates,
    rows: int,
) -> DecodeThroughput | None:
    seconds = thought.times.median - direct.times.median
    if seconds <= 0 or not thought.tokens:
        return None
    instructions = encoder.instructions[Side.QUERY]
    messages = as_messages(inputs, side=Side.QUERY, instruction=instructions)
    prompts = [encoder.renderer.render(message) for message in messages]
    least = decode_cost(encoder.local.backbone).least_seconds(
        rates,
        tokens=thought.tokens,
        inputs=len(inputs),
        rows=rows,
        prompt_tokens=fmean(len(prompt.token_ids) for prompt in prompts),
    )
    return DecodeThroughput(thought.tokens / seconds, least / seconds, rates)


def _sample(number: int) -> tuple[Content, ...]:
    text = _TEXTS[number // 3 % len(_TEXTS)]
    if number % 3 == 0:
        return (Text(text),)
    height, width = _SIZES[number // 3 % len(_SIZES)]
    rows, columns = np.mgrid[0:height, 0:width]
    blue = (rows + columns + 40 * number) % 256
    pixels = np.stack([rows * 255 // height, columns * 255 // width, blue], axis=-1)
    picture = Image(pixels.astype(np.uint8), source=f"generated picture {number}")
    if number % 3 == 1:
        return (picture,)
    return (picture, Text(_QUESTIONS[number // 3 % len(_QUESTIONS)]))
