"""What a run learns from, as rows of tokens: pairs, plain statements, a teacher's lessons."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from safetensors.torch import load_file
from torch import Tensor

from forethought.data import GlyphPairs, Pair, TaskBatches, augment, read_table
from forethought.renderers import ForethoughtRenderer, Tag
from forethought.training.recipe import Stage
from forethought.types import Example, Image, Message, Prompt, Rationale, Side, Text

LEFT_AND_RIGHT_MATTER = frozenset({"flag", "flag_question", "country_question", "clock"})


@dataclass(frozen=True, slots=True)
class Row:
    """One side of a pair: its prompt, and the completion it is read behind, if any.

    `taught` marks a completion whose tokens are learned; a row is never both taught and
    read for its thought vector.
    """

    prompt: Prompt
    completion: tuple[int, ...]
    taught: bool


@dataclass(frozen=True, slots=True, eq=False)
class BatchBuilder:
    """Draws a step's rows from the data: the same for the same seed and step."""

    source: GlyphPairs
    batches: TaskBatches
    renderer: ForethoughtRenderer
    statements: Sequence[str]
    lessons: Sequence[str]
    seed: int

    def examples(self, step: int, stage: Stage) -> tuple[list[Pair], list[Example]]:
        """The pairs of a step and what they show, a little different each time."""
        rng = np.random.default_rng((self.seed, step, 1))
        pairs = self.batches.at(step, weights=stage.odds, size=stage.batch)
        shown = [self.source.example(pair) for pair in pairs]
        return pairs, [
            _augmented(example, pair, rng) for example, pair in zip(shown, pairs, strict=True)
        ]

    def prompts(self, examples: Sequence[Example]) -> tuple[list[Prompt], list[Prompt]]:
        """Both sides of each example as prompts."""
        queries = [self.renderer.render(example.query) for example in examples]
        documents = [self.renderer.render(example.document) for example in examples]
        return queries, documents

    def row(self, prompt: Prompt, rationale: Rationale | None) -> Row:
        """A side that goes direct, or is taught its true rationale."""
        return Row(
            prompt, self.renderer.write(rationale) if rationale else (), rationale is not None
        )

    @property
    def opening(self) -> tuple[int, ...]:
        """The tokens that every thought starts with."""
        return (*self.renderer.opening, self.renderer.layout.token_id(Tag.THINK))

    def statement_rows(self, step: int, count: int) -> list[tuple[int, ...]]:
        """Plain facts as the start of a thought, three in a row so that none is always first."""
        rng = np.random.default_rng((self.seed, step, 2))
        rows = []
        for chosen in rng.integers(len(self.statements), size=(count, 3)):
            said = " ".join(self.statements[index] for index in chosen)
            words = self.renderer.layout.encode_text(said)
            rows.append((*self.opening, *words))
        return rows

    def lesson_prompts(self, step: int, count: int) -> tuple[list[str], list[Prompt]]:
        """Texts that only the teacher knows a place for."""
        rng = np.random.default_rng((self.seed, step, 3))
        texts = [self.lessons[index] for index in rng.integers(len(self.lessons), size=count)]
        instructions = ("Find the picture these words describe.", "Text.")
        return texts, [
            self.renderer.render(Message((Text(text),), instructions[index % 2], Side.QUERY))
            for index, text in enumerate(texts)
        ]


@dataclass(frozen=True, slots=True, eq=False)
class Teacher:
    """Vectors of a frozen encoder for pictures and texts, by key."""

    rows: dict[str, int]
    vectors: Float[Tensor, "N E"]

    def of(self, keys: Sequence[str]) -> tuple[list[int], Float[Tensor, "K E"]]:
        """Which of the keys it knows, and their vectors."""
        known = [index for index, key in enumerate(keys) if key in self.rows]
        return known, self.vectors[[self.rows[keys[index]] for index in known]].float()


def load_teacher(folder: Path) -> Teacher:
    """Read what `teacher_vectors` wrote beside the data, pictures and texts each about their mean.

    What all pictures share, and what all texts share, tells no two of them apart; left in, it
    is the first thing a student learns and the last it forgets.
    """
    keys = read_table(folder / "teacher.parquet")
    vectors = load_file(folder / "teacher.safetensors")
    order = {"picture": 0, "text": len(vectors["picture"])}
    rows = {row["key"]: order[row["kind"]] + int(row["row"]) for row in keys}
    centred = [
        vectors[kind].float() - vectors[kind].float().mean(0) for kind in ("picture", "text")
    ]
    return Teacher(rows, torch.cat(centred))


def _augmented(example: Example, pair: Pair, rng: np.random.Generator) -> Example:
    flip = pair.task not in LEFT_AND_RIGHT_MATTER and not pair.query_concept.startswith("clock")
    return Example(
        task=example.task,
        query=_seen(example.query, rng, may_flip=flip),
        document=_seen(example.document, rng, may_flip=flip),
        query_rationale=example.query_rationale,
        document_rationale=example.document_rationale,
        query_concept=example.query_concept,
        document_concept=example.document_concept,
    )


def _seen(message: Message, rng: np.random.Generator, *, may_flip: bool) -> Message:
    content = tuple(
        augment(part, rng, may_flip=may_flip) if isinstance(part, Image) else part
        for part in message.content
    )
    return Message(content, message.instruction, message.side)
