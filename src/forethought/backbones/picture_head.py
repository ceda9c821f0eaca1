"""From a frozen classifier's features of a picture to a vector in a space of texts."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from forethought.backbones.conse import conse
from forethought.backbones.efficientnet import CLASSES, EFFICIENTNET_FEATURES

CONSE_WEIGHT = 1.5
"""The weight of ConSE beside the head for a picture that is far from any drawing."""
SLOPE = 0.3
"""Over how many standard deviations that weight grows from a quarter to three quarters, about."""


@dataclass(frozen=True, slots=True)
class HeadSizes:
    """The widths of the head's layers (features, hidden, text space) and its number of classes."""

    features: int = EFFICIENTNET_FEATURES
    hidden: int = 1024
    dimension: int = 384
    classes: int = CLASSES


class PictureHead(nn.Module):
    """Two linear layers over standardised features, beside ConSE (arXiv 1312.5650).

    ConSE finds photographs, whose classes the network knows; the layers are fitted on drawings.
    The vector is the sum of both, where ConSE weighs more the farther a picture's features lie
    from those of the drawings.
    """

    mean: Tensor
    spread: Tensor
    class_vectors: Tensor
    far: Tensor
    """The distance from the drawings at which ConSE has half its weight, in standard deviations."""

    def __init__(self, sizes: HeadSizes) -> None:
        super().__init__()
        self.sizes = sizes
        self.register_buffer("mean", torch.zeros(sizes.features))
        self.register_buffer("spread", torch.ones(sizes.features))
        self.register_buffer("class_vectors", torch.zeros(sizes.classes, sizes.dimension))
        self.register_buffer("far", torch.tensor(0.0))
        self.inside = nn.Linear(sizes.features, sizes.hidden)
        self.outside = nn.Linear(sizes.hidden, sizes.dimension)

    def forward(
        self, features: Float[Tensor, "N F"], probabilities: Float[Tensor, "N C"]
    ) -> Float[Tensor, "N D"]:
        """Compute unit vectors in the text space from features and the classes' probabilities."""
        standardised = (features - self.mean) / self.spread
        trust = torch.sigmoid((distances(standardised) - self.far) / SLOPE)[:, None]
        named = conse(probabilities, self.class_vectors)
        return F.normalize(self.project(standardised) + CONSE_WEIGHT * trust * named, dim=-1)

    def project(self, standardised: Float[Tensor, "N F"]) -> Float[Tensor, "N D"]:
        """Compute unit vectors of features that are standardised already."""
        return F.normalize(self.outside(F.gelu(self.inside(standardised))), dim=-1)


def distances(standardised: Float[Tensor, "N F"]) -> Float[Tensor, " N"]:
    """The distance of pictures' features from the mean, in standard deviations of a feature."""
    return standardised.square().mean(-1).sqrt()
