"""Pictures in training as features of the frozen tower, computed once: training is text-sized."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch.nn import functional as F

from forethought.backbones import FrozenTower, tower_image_processor
from forethought.encoders import ReasoningEncoder
from forethought.errors import ConfigError, ContentError
from forethought.nano.glyphs.nouns import PSEUDO
from forethought.nano.noun_vectors import noun_vectors
from forethought.nano.tower_features import TowerFeatures, tower_features
from forethought.types import Document, Example, Image, Message, OpenProgress, Patches, Video

GRID = (1, 4, 4)
PLACES = 16
_SEPARATOR = "@"


@dataclass(frozen=True, slots=True)
class PictureFeatures:
    """A recipe's `pictures`: features of the frozen tower in place of pixels.

    A picture of the built data in `data` is a row of the cache beside them. A pseudo-picture is
    the vector of its noun, with noise, where the tower says what it sees; text-only captioning
    does so with CLIP's vectors (arXiv 2211.00575).

    Args:
        noise: the longest noise that is added to a noun's unit vector.
        hidden_share: how often the features of a drawing's places are zero, so that what its
            classes say must be used as well.

    Raises:
        ValueError: if a number is out of its range.
    """

    data: Path
    noise: float = 0.5
    hidden_share: float = 0.25

    def __post_init__(self) -> None:
        if self.noise < 0 or not 0 <= self.hidden_share <= 1:
            raise ValueError(
                "noise must be 0 or more and hidden_share from 0 to 1, got "
                f"{self.noise} and {self.hidden_share}"
            )

    def bind(self, encoder: ReasoningEncoder, open_progress: OpenProgress) -> "FeatureProcessor":
        """Compute the features, unless they are stored beside the data.

        Raises:
            ConfigError: if the encoder has no frozen tower.
            DataError: if the data are not built.
        """
        tower = encoder.local.backbone.network.model.visual
        if not isinstance(tower, FrozenTower):
            raise ConfigError(
                f"{encoder.name}: features are a frozen tower's, and it has none; leave `pictures` "
                "out of the recipe, or give [scratch] a tower"
            )
        return FeatureProcessor(
            drawn=tower_features(
                self.data, tower, tower_image_processor(), open_progress=open_progress
            ),
            nouns=noun_vectors(self.data, open_progress=open_progress),
            settings=self,
        )


@dataclass(frozen=True, slots=True, eq=False)
class FeatureProcessor:
    """Looks up the features of a picture by its source.

    The source is the id of a picture, or one with "@" and a seed for its version and its noise,
    as `vary_pictures` writes it.
    """

    drawn: TowerFeatures
    nouns: Mapping[str, Float[np.ndarray, " D"]]
    settings: PictureFeatures

    def __call__(self, media: Image | Video) -> Patches:
        """The features of a picture, as wide patches.

        Raises:
            ContentError: if there are none.
        """
        name, _, seed = media.source.partition(_SEPARATOR)
        rng = np.random.default_rng(int(seed or 0))
        if name.startswith(PSEUDO) and name in self.nouns:
            return Patches(self._noun(self.nouns[name], rng), GRID)
        if name not in self.drawn.rows:
            raise ContentError(
                f"{media.source}: no features of it are stored; build the data again"
            )
        variant = int(rng.integers(self.drawn.variants)) if seed else 0
        values = self.drawn.of(name, variant)
        if seed and rng.random() < self.settings.hidden_share:
            values[:, : self._width_of_places] = 0
        return Patches(values, GRID)

    @property
    def _width_of_places(self) -> int:
        return self.drawn.width - 2 * self.drawn.class_width - 1

    def _noun(
        self, vector: Float[np.ndarray, " D"], rng: np.random.Generator
    ) -> Float[np.ndarray, "16 F"]:
        """No place has features; what each and the whole are said to be is noisy."""
        noise = rng.standard_normal((PLACES + 1, len(vector)))
        noise *= self.settings.noise * rng.random((PLACES + 1, 1)) / len(vector) ** 0.5
        classes = F.normalize(torch.from_numpy(vector + noise), dim=-1).numpy()
        values = np.zeros((PLACES, self.drawn.width), np.float32)
        first, last = self._width_of_places, self.drawn.width - 1
        values[:, first : first + len(vector)] = classes[:PLACES]
        values[:, first + len(vector) : last] = classes[PLACES]
        values[:, last] = rng.uniform(0.2, 1.0)
        return values


def vary_pictures(example: Example, rng: np.random.Generator) -> Example:
    """Name another version of every picture, with noise of its own."""

    def varied(message: Message) -> Message:
        content = tuple(
            Image(part.pixels, source=f"{part.source}{_SEPARATOR}{rng.integers(1, 1 << 31)}")
            if isinstance(part, Image)
            else part
            for part in message.content
        )
        return replace(message, content=content)

    def document(plain: Document) -> Document:
        return replace(plain, message=varied(plain.message))

    return replace(
        example,
        query=varied(example.query),
        positives=tuple(map(document, example.positives)),
        negatives=tuple(map(document, example.negatives)),
    )
