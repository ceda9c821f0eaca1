"""Distillation from the frozen baseline: its vectors of texts and pictures as targets."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from safetensors.torch import load_file
from torch import Tensor

from forethought.losses import pointwise, relational
from forethought.nano.glyph_examples import read_table, read_texts
from forethought.nano.teacher import teacher_vectors
from forethought.training import LossTerm, Reader, RunContext, StepInputs, TrainRow
from forethought.types import Image, Message, Prompt, Side, Text

_STREAM = 3
INSTRUCTIONS = ("Find the picture these words describe.", "Text.")
"""The instructions of lone texts, in turn."""


@dataclass(frozen=True, slots=True, eq=False)
class TeacherVectors:
    """Target vectors by key: a picture's id, or the words of a text."""

    rows: dict[str, int]
    vectors: Float[Tensor, "N E"]

    def of(self, keys: Sequence[str]) -> tuple[list[int], Float[Tensor, "K E"]]:
        """The positions of the keys that have a vector, and their vectors."""
        known = [index for index, key in enumerate(keys) if key in self.rows]
        return known, self.vectors[[self.rows[keys[index]] for index in known]].float()


@dataclass(frozen=True, slots=True)
class TeacherPairs:
    """An objective: one less the cosine of a pair's direct states to the teacher's vectors.

    `data` is the folder of the built data, `teacher` that of the trained baseline.
    """

    data: Path
    teacher: Path

    def bind(self, run: RunContext) -> LossTerm:
        """Compute the teacher's vectors, unless they are stored beside the data."""
        vectors = _bound(run, self.data, self.teacher)

        def loss(inputs: StepInputs) -> Float[Tensor, ""] | None:
            targets = _pair_targets(run, inputs, vectors)
            if targets is None:
                return None
            queries = pointwise(targets.queries, targets.query_targets)
            return (queries + pointwise(targets.documents, targets.document_targets)) / 2

        return loss


@dataclass(frozen=True, slots=True)
class TeacherRanking:
    """An objective: rank the documents of a batch as the teacher ranks them.

    Raises:
        ValueError: if the temperature is not positive.
    """

    data: Path
    teacher: Path
    temperature: float

    def __post_init__(self) -> None:
        if self.temperature <= 0:
            raise ValueError(f"temperature must be positive, got {self.temperature}")

    def bind(self, run: RunContext) -> LossTerm:
        """Compute the teacher's vectors, unless they are stored beside the data."""
        vectors = _bound(run, self.data, self.teacher)

        def loss(inputs: StepInputs) -> Float[Tensor, ""] | None:
            targets = _pair_targets(run, inputs, vectors)
            if targets is None:
                return None
            return relational(
                targets.queries,
                targets.documents,
                target_queries=targets.query_targets,
                target_documents=targets.document_targets,
                temperature=self.temperature,
            )

        return loss


@dataclass(frozen=True, slots=True)
class TeacherTexts:
    """An objective: the teacher's vectors for `count` lone texts a step."""

    data: Path
    teacher: Path
    count: int

    @property
    def num_rows(self) -> int:
        """How many rows a step feeds."""
        return self.count

    def bind(self, run: RunContext) -> "TeacherTextLoss":
        """Read the texts, and compute the teacher's vectors unless they are stored."""
        return TeacherTextLoss(
            run=run,
            reader=run.reader,
            texts=read_texts(self.data / "texts.parquet"),
            vectors=_bound(run, self.data, self.teacher),
            count=self.count,
        )


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class TeacherTextLoss:
    """One less the cosine of each text's direct state to the teacher's vector."""

    run: RunContext
    reader: Reader
    texts: Sequence[str]
    vectors: TeacherVectors
    count: int

    def prompts(self, step: int) -> tuple[list[str], list[Prompt]]:
        """The texts of a step, each as a query."""
        rng = np.random.default_rng((self.run.seed, step, _STREAM))
        texts = [self.texts[index] for index in rng.integers(len(self.texts), size=self.count)]
        return texts, [
            self.run.encoder.renderer.render(
                Message((Text(text),), INSTRUCTIONS[index % 2], Side.QUERY)
            )
            for index, text in enumerate(texts)
        ]

    def __call__(self, inputs: StepInputs) -> Float[Tensor, ""] | None:
        """The mean loss of a step's texts; None if the teacher has a vector for none of them."""
        texts, prompts = self.prompts(inputs.number)
        known, targets = self.vectors.of(texts)
        if not known:
            return None
        states = self.reader.read([TrainRow(prompts[index]) for index in known])
        return pointwise(states.direct, targets.to(states.direct.device))


@dataclass(frozen=True, slots=True, eq=False)
class _PairTargets:
    queries: Float[Tensor, "Q H"]
    documents: Float[Tensor, "P H"]
    query_targets: Float[Tensor, "Q E"]
    document_targets: Float[Tensor, "P E"]


def load_teacher(data: Path) -> TeacherVectors:
    """Read what `teacher_vectors` wrote, pictures and texts each less their mean.

    What all pictures share, and what all texts share, tells no two of them apart; left in, it
    is the first thing a student learns and the last it unlearns.
    """
    keys = read_table(data / "teacher.parquet")
    vectors = load_file(data / "teacher.safetensors")
    first = {"picture": 0, "text": len(vectors["picture"])}
    rows = {row["key"]: first[row["kind"]] + int(row["row"]) for row in keys}
    centred = [
        vectors[kind].float() - vectors[kind].float().mean(0) for kind in ("picture", "text")
    ]
    return TeacherVectors(rows, torch.cat(centred))


def teacher_key(message: Message) -> str:
    """The key of a message of one text or one picture; empty for any other."""
    if len(message.content) != 1:
        return ""
    (part,) = message.content
    if isinstance(part, Text):
        return part.words
    # Behind the "@" stands the version of a picture.
    return part.source.partition("@")[0] if isinstance(part, Image) else ""


def _bound(run: RunContext, data: Path, teacher: Path) -> TeacherVectors:
    def make() -> TeacherVectors:
        teacher_vectors(
            data, teacher, dimension=run.encoder.dimension, open_progress=run.open_progress
        )
        return load_teacher(data)

    return run.once(("teacher", data, teacher), make)


def _pair_targets(
    run: RunContext, inputs: StepInputs, vectors: TeacherVectors
) -> _PairTargets | None:
    """States and targets of the sides that have one; None if a side has none at all."""
    batch = inputs.pairs
    mine = [(teacher_key(pair.query), teacher_key(pair.document.message)) for pair in batch.pairs]
    keys = [pair for part in run.reader.world.gather_objects(mine) for pair in part]
    known, queries = vectors.of([query for query, _ in keys])
    found, documents = vectors.of([document for _, document in keys])
    if not known or not found:
        return None
    device = batch.queries.device
    return _PairTargets(
        batch.queries[known],
        batch.documents[found],
        queries.to(device),
        documents.to(device),
    )
