"""Which recipes are compared, and on which questions, on lab and on nano."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from forethought.evaluation import Benchmark
from forethought.nano import read_glyphs, read_lab
from forethought.types import Think

ALL = "all held out"
"""The pool of every other pool's queries."""

Pools = Mapping[str, tuple[tuple[str, str], ...]]


@dataclass(frozen=True, slots=True)
class Variant:
    """A recipe, and how its model is used: each system as it was published.

    `documents` is the mode of documents behind queries that think; `thinks` whether they may.
    With a `model` that is scored, and nothing is trained.
    """

    name: str
    label: str
    thinks: bool = True
    documents: Think = Think.NEVER
    model: Path | None = None

    @property
    def recipe(self) -> Path:
        """The recipe's file."""
        return Path("recipes") / f"{self.name}.toml"


@dataclass(frozen=True, slots=True)
class Suite:
    """Variants that go on from the same weights and data; docs/training.md has what else differs.

    `pools` are the (task, split) pairs of each column; differences are to `baseline`. Of each
    student in `distilled` the share of its teacher's gain by thinking is computed that its direct
    vectors have.
    """

    name: str
    read: Callable[[], Benchmark]
    seeds: int
    variants: tuple[Variant, ...]
    baseline: str
    pools: Pools
    distilled: Mapping[str, str]

    @property
    def scores(self) -> Path:
        """The file of the scores."""
        return Path("docs") / f"training_{self.name}.json"

    @property
    def plot(self) -> Path:
        """The file of the plot."""
        return Path("docs") / f"training_{self.name}.png"

    @property
    def all_pools(self) -> Pools:
        """All queries, then each pool."""
        return {ALL: tuple(pair for pool in self.pools.values() for pair in pool), **self.pools}


LAB = Suite(
    name="lab",
    read=partial(read_lab, Path("data/lab")),
    seeds=3,
    variants=(
        Variant("lab_direct", "direct twin", thinks=False),
        Variant("lab_ume_r1", "UME-R1", documents=Think.ALWAYS),
        Variant("lab_rge", "RGE"),
        Variant("lab_oracle", "RGE with oracle rationales in InfoNCE"),
        Variant("lab_mmemb_r1_random", "MMEmb-R1, random rationales"),
        Variant("lab_mmemb_r1_likelihood", "MMEmb-R1, likeliest rationales"),
        Variant("lab_mmemb_r1_counterfactual", "MMEmb-R1, counterfactual"),
        Variant("lab_mmemb_r1_margin", "MMEmb-R1, counterfactual with margin"),
        Variant("lab_ours", "ours, as lab and nano were trained"),
        Variant("lab_distilled", "the same, distilled into direct vectors"),
        Variant("lab_union", "ours, the union"),
    ),
    baseline="lab_direct",
    pools={
        "two steps, new countries": (("two_steps", "held_country"),),
        "two steps, new kinds": (("two_steps", "held_composition"),),
        "one step, new countries": (("one_step", "held_country"),),
        "lookups, new countries": (("lookup", "held_country"),),
        "sums, new": (("sum", "held_sum"),),
    },
    distilled={"lab_distilled": "lab_ours"},
)

_QUERIES = 100
"""Of each split of glyphs: pictures take their time."""

_NANO_POOLS: Pools = {
    "countries": (
        ("country_question", "held_relation"),
        ("flag_question", "held_relation"),
        ("country_two_steps", "held_country"),
        ("flag_two_steps", "held_country"),
    ),
    "clocks": (("clock", "held_sum"), ("clock", "held_sum_unseen_style")),
    "flags": (("flag", "unseen_style"),),
    "words to pictures": tuple(
        (task, split)
        for task in ("name", "keywords")
        for split in ("unseen_style", "unseen_concept", "unseen_both")
    ),
    "one style to another": tuple(
        ("style", split) for split in ("unseen_style", "unseen_concept", "unseen_both")
    ),
}
_NANO_TASKS = sorted({task for pairs in _NANO_POOLS.values() for task, _ in pairs})

NANO = Suite(
    name="nano",
    read=partial(read_glyphs, Path("data/glyphs"), tasks=_NANO_TASKS, max_queries=_QUERIES),
    seeds=3,
    variants=(
        Variant("nano", "nano, where all go on from", model=Path("models/nano")),
        Variant("nano_compared_direct", "direct twin", thinks=False),
        Variant("nano_compared_ume_r1", "UME-R1", documents=Think.ALWAYS),
        Variant("nano_compared_ours", "ours, as nano was trained"),
        Variant("nano_compared_union", "ours, the union"),
        Variant("nano_distil", "nano, distilled into direct vectors"),
    ),
    baseline="nano_compared_direct",
    pools=_NANO_POOLS,
    distilled={"nano_distil": "nano"},
)

SUITES: Mapping[str, Suite] = {suite.name: suite for suite in (LAB, NANO)}
