"""From the name of a model on the command line to an encoder."""

from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forethought.errors import ConfigError
from forethought.types import FramePolicy

if TYPE_CHECKING:
    from forethought.encoders import Encoder

FROZEN_BASELINE = "frozen_baseline"
"""The family of the one shipped model that `forethought.load` does not read."""
_OF_NETWORKS = {
    "device": "--device",
    "family": "--family",
    "load_options": "--dtype",
    "encode_options": "--fps or --frames",
}
"""Options of `load` that the frozen baseline does not have, and their names here."""


def load_encoder(model: str | Path, **options: Any) -> "Encoder":  # noqa: ANN401 - those of `load`
    """Load a model with `forethought.load`, or the frozen baseline with its own loader.

    Raises:
        ConfigError: if the frozen baseline is combined with an option that it does not have.
        ModelError: if the model cannot be found or loaded.
    """
    from forethought.encoders import find_local, load, read_card

    folder = find_local(model)
    if folder is None or read_card(folder).get("family") != FROZEN_BASELINE:
        return load(model, **options)
    from forethought.nano import FrozenBaseline

    for name, option in _OF_NETWORKS.items():
        if options.get(name):
            raise ConfigError(
                f"{option}: {folder} runs on the CPU in float32 and reads no videos; leave the "
                "option out"
            )
    if options.get("engine", "local") != "local":
        raise ConfigError(
            f"--engine {options['engine']}: {folder} writes no rationales; leave the option out"
        )
    return FrozenBaseline.load(folder)


def settings(
    *,
    device: str = "",
    family: str = "",
    dtype: str = "",
    fps: float | None = None,
    frames: int | None = None,
) -> dict[str, Any]:
    """The options of `load_encoder` for those of a command; what was not given is left out.

    Raises:
        ConfigError: if the frames of a video are given twice, or out of range.
        ModelError: if `dtype` is unknown.
    """
    found: dict[str, Any] = {}
    if device:
        found["device"] = device
    if family:
        found["family"] = family
    if dtype:
        from forethought.backbones import LoadOptions

        found["load_options"] = LoadOptions(dtype=dtype)
    if fps is not None and frames is not None:
        raise ConfigError(f"--fps {fps} and --frames {frames}: give one of them")
    if fps is not None and not 0 < fps < inf:
        raise ConfigError(f"--fps is {fps}; it must be a positive number, such as 2")
    if frames is not None and frames < 1:
        raise ConfigError(f"--frames is {frames}; it must be at least 1")
    if fps is not None or frames is not None:
        from forethought.encoders import EncodeOptions

        found["encode_options"] = EncodeOptions(frames=FramePolicy(count=frames, fps=fps))
    return found
