"""From the name of a model on the command line to an encoder."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from forethought.errors import ConfigError

if TYPE_CHECKING:
    from forethought.encoders import Encoder

FROZEN_BASELINE = "frozen_baseline"
"""The family of the one shipped model that `forethought.load` does not read."""


def load_encoder(model: str | Path, **options: Any) -> "Encoder":  # noqa: ANN401 - those of `load`
    """Load a model with `forethought.load`, or the frozen baseline with its own loader.

    Raises:
        ConfigError: if the frozen baseline is combined with an engine that decodes.
        ModelError: if the model cannot be found or loaded.
    """
    from forethought.encoders import find_local, load, read_card

    folder = find_local(model)
    if folder is None or read_card(folder).get("family") != FROZEN_BASELINE:
        return load(model, **options)
    from forethought.nano import FrozenBaseline

    if options.get("engine", "local") != "local":
        raise ConfigError(
            f"--engine {options['engine']}: {folder} writes no rationales; leave the option out"
        )
    return FrozenBaseline.load(folder)
