"""Next-token loss on plain facts, such as "Sucre is the capital of Bolivia."."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float
from torch import Tensor

from forethought.errors import ConfigError, DataError
from forethought.nano.glyph_examples import read_table
from forethought.renderers import ForethoughtRenderer, Layout, Tag
from forethought.training import Reader, RunContext, StepInputs

_STREAM = 2


@dataclass(frozen=True, slots=True)
class Statements:
    """An objective: `count` facts a step, `per_row` of them in a row, in turn.

    Only the end of a fact that its beginning determines is scored: the loss of a model that
    knows every fact is 0. `path` is a Parquet file with the columns `text`, `start`, the index of
    the end's first character, and `topic`. With `topics`, only facts about these are taken,
    so that each kind can have a share of its own.

    Raises:
        ValueError: if a number is not positive.
    """

    path: Path
    count: int
    per_row: int = 3
    topics: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.count < 1 or self.per_row < 1:
            raise ValueError(
                f"count and per_row must be 1 or more, got {self.count} and {self.per_row}"
            )

    @property
    def num_rows(self) -> int:
        """How many rows a step feeds."""
        return -(-self.count // self.per_row)

    def bind(self, run: RunContext) -> "StatementLoss":
        """Read the facts.

        Raises:
            ConfigError: if the model is not in the library's own format.
            DataError: if the file is not there, or has no facts about a topic.
        """
        renderer = run.encoder.renderer
        if not isinstance(renderer, ForethoughtRenderer):
            raise ConfigError(
                f"statements are written in the forethought format, and {run.encoder.name} is "
                f"{run.encoder.family.title}; leave the objective out"
            )
        facts = [
            _tokens(renderer.layout, row["text"], int(row["start"]))
            for row in self._chosen(read_table(self.path))
        ]
        return StatementLoss(
            reader=run.reader,
            opening=(*renderer.opening, renderer.layout.token_id(Tag.THINK)),
            facts=facts,
            settings=self,
            seed=run.seed,
        )

    def _chosen(self, rows: Sequence[Mapping[str, str]]) -> list[Mapping[str, str]]:
        known = {row["topic"] for row in rows}
        unknown = sorted(set(self.topics) - known)
        if unknown:
            raise DataError(
                f"{self.path}: no facts about {unknown[0]!r}; it has some about "
                f"{', '.join(sorted(known))}"
            )
        return [row for row in rows if not self.topics or row["topic"] in self.topics]


@dataclass(frozen=True, slots=True)
class FactTokens:
    """The tokens of a fact: at the start of a row, and behind another fact."""

    first: tuple[int, ...]
    behind: tuple[int, ...]
    end: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class StatementLoss:
    """Scores facts where a rationale would begin, behind the tokens of `opening`."""

    reader: Reader
    opening: tuple[int, ...]
    facts: Sequence[FactTokens]
    settings: Statements
    seed: int

    def rows(self, step: int) -> list[tuple[tuple[int, ...], list[int]]]:
        """The facts of a step in rows, each row with the positions of its targets.

        Facts are taken in turn: every one of them once, in an order drawn anew, before any is
        taken again.
        """
        count, per_row = self.settings.count, self.settings.per_row
        chosen = self._chosen(range(step * count, (step + 1) * count))
        return [self._row(chosen[start : start + per_row]) for start in range(0, count, per_row)]

    def __call__(self, inputs: StepInputs) -> Float[Tensor, ""]:
        """The mean loss of the determined tokens of a step's facts."""
        rows = self.rows(inputs.number)
        states = self.reader.score([ids for ids, _ in rows], targets=[at for _, at in rows])
        return states.token_losses.mean()

    def _chosen(self, drawn: range) -> list[FactTokens]:
        size = len(self.facts)
        orders = {
            turn: np.random.default_rng((self.seed, turn, _STREAM)).permutation(size)
            for turn in {index // size for index in drawn}
        }
        return [self.facts[orders[index // size][index % size]] for index in drawn]

    def _row(self, facts: Sequence[FactTokens]) -> tuple[tuple[int, ...], list[int]]:
        ids: list[int] = []
        targets: list[int] = []
        for fact in facts:
            ids += fact.behind if ids else [*self.opening, *fact.first]
            targets += range(len(ids), len(ids) + len(fact.end))
            ids += fact.end
        return tuple(ids), targets


def _tokens(layout: Layout, text: str, start: int) -> FactTokens:
    """Beginning and end are encoded apart, so that no token is part of both."""
    # A token holds the space before its word.
    words = text[:start].rstrip(" ")
    return FactTokens(
        tuple(layout.encode_text(words)),
        tuple(layout.encode_text(f" {words}")),
        tuple(layout.encode_text(text[len(words) :])),
    )
