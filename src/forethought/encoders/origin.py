"""What an encoder was loaded from, by which other processes load it again."""

from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any

from forethought.backbones import LoadOptions
from forethought.encoders.options import EncodeOptions
from forethought.engines import Limits
from forethought.errors import ModelError


@dataclass(frozen=True, slots=True)
class Origin:
    """The arguments of the `load` that made an encoder; see there."""

    folder: Path
    family: str
    load_options: LoadOptions
    encode_options: EncodeOptions
    limits: Limits | None
    engine: str


def load_again(origin: Origin, revision: str, changes: dict[str, Any]) -> object:
    """The encoder that was pickled, with what was replaced since it was loaded.

    Raises:
        ModelError: if its folder is gone or has changed.
    """
    # By its name: `load` makes what this module defines.
    door: Any = import_module("forethought.encoders")
    encoder = door.load(
        origin.folder,
        family=origin.family,
        load_options=origin.load_options,
        encode_options=origin.encode_options,
        limits=origin.limits,
        engine=origin.engine,
    )
    if encoder.revision != revision:
        raise ModelError(
            f"{origin.folder} holds revision {encoder.revision}, the pickled encoder was "
            f"{revision}; pickle it again after loading that folder"
        )
    loaded: object = replace(encoder, **changes)
    return loaded
