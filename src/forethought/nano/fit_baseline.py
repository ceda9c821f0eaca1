"""Fit the frozen baseline: a head between two frozen encoders, on cached features."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from forethought.backbones import HeadSizes, PictureHead, distances
from forethought.errors import ConfigError
from forethought.losses import info_nce, pointwise
from forethought.nano.class_vectors import class_vectors
from forethought.nano.features import FeatureDataset, read_feature_dataset
from forethought.nano.frozen_baseline import write_head
from forethought.nano.frozen_encoders import (
    FrozenImageEncoder,
    FrozenTextEncoder,
    ImageEncoder,
    TextEncoder,
)
from forethought.types import OpenProgress, no_progress

FAR = 0.99
"""The share of drawings that are nearer to their mean than where ConSE has half its weight."""


@dataclass(frozen=True, slots=True)
class FrozenBaselineRecipe:
    """The settings of a run that fits the frozen baseline.

    Args:
        data: the folder of the built data set.
        name: names the folder under `runs`, unless another is given.
        dropout: the share of picture features that are zeroed at each step.
        pull: the weight of the cosine to a picture's own text beside InfoNCE.
        trainer: the import path by which `forethought train` finds `train_frozen_baseline`.

    Raises:
        ConfigError: if a number is out of range.
    """

    name: str = "frozen_baseline"
    data: Path = Path("data/glyphs")
    seed: int = 0
    epochs: int = 20
    batch: int = 512
    hidden: int = 1536
    rate: float = 1e-3
    decay: float = 0.3
    dropout: float = 0.7
    temperature: float = 0.05
    pull: float = 1.0
    trainer: str = "forethought.nano:train_frozen_baseline"

    def __post_init__(self) -> None:
        for name in ("epochs", "batch", "hidden", "rate", "temperature"):
            if getattr(self, name) <= 0:
                raise ConfigError(f"{name} must be positive, got {getattr(self, name)}")
        if not 0 <= self.dropout < 1:
            raise ConfigError(f"dropout must be from 0 to under 1, got {self.dropout}")


def fit_frozen_baseline(
    recipe: FrozenBaselineRecipe,
    folder: Path,
    *,
    pictures: ImageEncoder | None = None,
    texts: TextEncoder | None = None,
    classes: Float[Tensor, "C D"] | None = None,
    max_steps: int | None = None,
    open_progress: OpenProgress = no_progress,
) -> list[float]:
    """Fit a head and write its folder; returns the loss of each step.

    Features are cached beside the data: the first call takes minutes, others seconds.

    Args:
        pictures, texts: the frozen encoders; by default the published ones.
        classes: unit vectors of the classes that `pictures` knows; by default ImageNet's.
        max_steps: stop after so many steps.

    Raises:
        DataError: if the data set is not built, or pairs no picture with a text.
    """
    texts = texts or FrozenTextEncoder.published()
    classes = class_vectors(texts) if classes is None else classes
    dataset = read_feature_dataset(
        recipe.data,
        pictures=pictures or FrozenImageEncoder.published(),
        texts=texts,
        open_progress=open_progress,
    )
    head, losses = fit_head(
        dataset, recipe, classes, max_steps=max_steps, open_progress=open_progress
    )
    write_head(head, folder)
    return losses


def fit_head(
    dataset: FeatureDataset,
    recipe: FrozenBaselineRecipe,
    classes: Float[Tensor, "C D"],
    *,
    max_steps: int | None = None,
    open_progress: OpenProgress = no_progress,
) -> tuple[PictureHead, list[float]]:
    """Fit a head that maps a picture's features to the texts of its concept, without ConSE.

    Returns the head and the loss of each step.
    """
    generator = torch.Generator().manual_seed(recipe.seed)
    head = _new_head(dataset, recipe.hidden, classes, generator=generator)
    standardised = (dataset.features - head.mean) / head.spread
    head.far.copy_(distances(standardised).quantile(FAR))
    steps = recipe.epochs * -(-len(standardised) // recipe.batch)
    optimizer = torch.optim.AdamW(head.parameters(), lr=recipe.rate, weight_decay=recipe.decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=recipe.rate, total_steps=steps, pct_start=0.1
    )
    losses: list[float] = []
    with open_progress(f"fitting {recipe.name}") as progress:
        for rows in islice(_batches(len(standardised), recipe, generator), max_steps):
            inputs = standardised[rows]
            vectors = head.project(inputs * _dropout(inputs.shape, recipe.dropout, generator))
            captions = _captions(rows, dataset, generator)
            loss = _loss(vectors, rows, captions, dataset=dataset, recipe=recipe)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
            losses.append(loss.item())
            progress(len(losses), steps, f"loss {losses[-1]:.3f}")
    return head.eval(), losses


def _batches(
    num_rows: int, recipe: FrozenBaselineRecipe, generator: torch.Generator
) -> Iterator[Int[Tensor, " N"]]:
    """The rows of each step; every epoch draws an order of its own when it begins."""
    for _ in range(recipe.epochs):
        yield from torch.randperm(num_rows, generator=generator).split(recipe.batch)  # type: ignore[no-untyped-call]


def _new_head(
    dataset: FeatureDataset,
    hidden: int,
    classes: Float[Tensor, "C D"],
    *,
    generator: torch.Generator,
) -> PictureHead:
    features, texts = dataset.features, dataset.texts
    head = PictureHead(HeadSizes(features.shape[1], hidden, texts.shape[1], len(classes)))
    head.class_vectors.copy_(classes)
    for layer in (head.inside, head.outside):
        nn.init.kaiming_uniform_(layer.weight, a=5**0.5, generator=generator)
        nn.init.zeros_(layer.bias)
    head.mean.copy_(features.mean(0))
    # A feature that is always zero has no spread; the floor keeps it from being blown up.
    head.spread.copy_(features.std(0).clamp_min(1e-2))
    return head


def _dropout(shape: torch.Size, share: float, generator: torch.Generator) -> Float[Tensor, "N F"]:
    """Zero for a share of the features, and for the others the factor that preserves the mean."""
    mask = torch.full(shape, 1 - share).bernoulli(generator=generator)
    return mask / (1 - share)


def _captions(
    rows: Int[Tensor, " N"], dataset: FeatureDataset, generator: torch.Generator
) -> Int[Tensor, " N"]:
    """Draw one text of each picture's concept."""
    draws = torch.rand(len(rows), generator=generator).tolist()
    chosen = []
    for row, draw in zip(rows.tolist(), draws, strict=True):
        captions = dataset.captions[int(dataset.concepts[row])]
        chosen.append(captions[int(draw * len(captions))])
    return torch.tensor(chosen)


def _loss(
    vectors: Float[Tensor, "N D"],
    rows: Int[Tensor, " N"],
    captions: Int[Tensor, " N"],
    *,
    dataset: FeatureDataset,
    recipe: FrozenBaselineRecipe,
) -> Float[Tensor, ""]:
    """InfoNCE in both directions, and the cosine of each picture to its text."""
    texts = dataset.texts[captions]
    concepts = dataset.concepts[rows]
    ignored: Bool[Tensor, "N N"] = (concepts[:, None] == concepts) | (captions[:, None] == captions)
    positives = torch.arange(len(rows))
    to_pictures, to_texts = (
        info_nce(queries, pool, positives, temperature=recipe.temperature, ignored=ignored)
        for queries, pool in ((texts, vectors), (vectors, texts))
    )
    return (to_pictures + to_texts) / 2 + recipe.pull * pointwise(vectors, texts)
