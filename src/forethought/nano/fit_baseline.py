"""Fit the afternoon baseline: a head between two frozen encoders, on features computed once."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from forethought.errors import ConfigError
from forethought.losses import info_nce, pointwise
from forethought.nano.features import FeatureDataset, read_feature_dataset
from forethought.nano.frozen_baseline import Head, HeadSizes, write_head
from forethought.nano.frozen_encoders import (
    FrozenImageEncoder,
    FrozenTextEncoder,
    ImageEncoder,
    TextEncoder,
)

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class FrozenBaselineRecipe:
    """Everything that shapes the baseline.

    Args:
        data: the built glyphs.
        out: the folder of the model.
        dropout: the share of picture features hidden at each step.
        pull: the weight of the cosine to a picture's own text beside InfoNCE.

    Raises:
        ConfigError: if a number is out of range.
    """

    data: Path = Path("data/glyphs")
    out: Path = Path("models/afternoon")
    seed: int = 0
    epochs: int = 20
    batch: int = 512
    hidden: int = 1536
    rate: float = 1e-3
    decay: float = 0.3
    dropout: float = 0.7
    temperature: float = 0.05
    pull: float = 1.0

    def __post_init__(self) -> None:
        for name in ("epochs", "batch", "hidden", "rate", "temperature"):
            if getattr(self, name) <= 0:
                raise ConfigError(f"{name} must be positive, got {getattr(self, name)}")
        if not 0 <= self.dropout < 1:
            raise ConfigError(f"dropout must be from 0 to under 1, got {self.dropout}")


def fit(
    recipe: FrozenBaselineRecipe,
    *,
    pictures: ImageEncoder | None = None,
    texts: TextEncoder | None = None,
    progress: Progress | None = None,
) -> list[float]:
    """Train a head and write its folder; returns each epoch's mean loss.

    The towers are the published ones unless others are given; what they say is kept beside
    the data, so that a second call takes seconds.

    Args:
        progress: told 1 after each epoch.

    Raises:
        DataError: if the data are not built, or pair no picture with a text.
    """
    lessons = read_feature_dataset(
        recipe.data,
        pictures=pictures or FrozenImageEncoder.published(),
        texts=texts or FrozenTextEncoder.published(),
    )
    head, losses = train(lessons, recipe, progress=progress)
    write_head(head, recipe.out)
    return losses


def train(
    lessons: FeatureDataset, recipe: FrozenBaselineRecipe, *, progress: Progress | None = None
) -> tuple[Head, list[float]]:
    """A head that takes each picture to a text of its own concept, and each epoch's mean loss."""
    generator = torch.Generator().manual_seed(recipe.seed)
    head = _fresh(lessons, recipe.hidden, generator)
    standard = (lessons.features - head.mean) / head.spread
    steps = recipe.epochs * -(-len(standard) // recipe.batch)
    optimizer = torch.optim.AdamW(head.parameters(), lr=recipe.rate, weight_decay=recipe.decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=recipe.rate, total_steps=steps, pct_start=0.1
    )
    losses = []
    for _ in range(recipe.epochs):
        total = 0.0
        order = torch.randperm(len(standard), generator=generator)
        for start in range(0, len(order), recipe.batch):
            rows = order[start : start + recipe.batch]
            seen = standard[rows]
            vectors = head.project(seen * _kept(seen.shape, recipe.dropout, generator))
            captions = _captions(rows, lessons, generator)
            loss = _loss(vectors, rows, captions, lessons=lessons, recipe=recipe)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
            total += loss.item() * len(rows)
        losses.append(total / len(standard))
        if progress is not None:
            progress(1)
    return head.eval(), losses


def _fresh(lessons: FeatureDataset, hidden: int, generator: torch.Generator) -> Head:
    features, texts = lessons.features, lessons.texts
    head = Head(HeadSizes(features.shape[1], hidden, texts.shape[1]))
    for layer in (head.inside, head.outside):
        nn.init.kaiming_uniform_(layer.weight, a=5**0.5, generator=generator)
        nn.init.zeros_(layer.bias)
    head.mean.copy_(features.mean(0))
    # A feature that never fires has no spread; the floor keeps it from being blown up.
    head.spread.copy_(features.std(0).clamp_min(1e-2))
    return head


def _kept(shape: torch.Size, share: float, generator: torch.Generator) -> Float[Tensor, "N F"]:
    """Zero for the hidden share of features, and for the rest what keeps the mean."""
    keep = torch.full(shape, 1 - share).bernoulli(generator=generator)
    return keep / (1 - share)


def _captions(
    rows: Int[Tensor, " N"], lessons: FeatureDataset, generator: torch.Generator
) -> Int[Tensor, " N"]:
    """One text of each picture's concept, drawn afresh."""
    draws = torch.rand(len(rows), generator=generator).tolist()
    chosen = []
    for row, draw in zip(rows.tolist(), draws, strict=True):
        captions = lessons.captions[int(lessons.concepts[row])]
        chosen.append(captions[int(draw * len(captions))])
    return torch.tensor(chosen)


def _loss(
    vectors: Float[Tensor, "N D"],
    rows: Int[Tensor, " N"],
    captions: Int[Tensor, " N"],
    *,
    lessons: FeatureDataset,
    recipe: FrozenBaselineRecipe,
) -> Float[Tensor, ""]:
    texts = lessons.texts[captions]
    concepts = lessons.concepts[rows]
    ignored: Bool[Tensor, "N N"] = (concepts[:, None] == concepts) | (captions[:, None] == captions)
    own = torch.arange(len(rows))
    asked, shown = (
        info_nce(a, b, own, temperature=recipe.temperature, ignored=ignored)
        for a, b in ((texts, vectors), (vectors, texts))
    )
    return (asked + shown) / 2 + recipe.pull * pointwise(vectors, texts)
