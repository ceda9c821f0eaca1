"""What an encoder was loaded from, by which other processes load it again."""

from dataclasses import dataclass
from pathlib import Path

from forethought.backbones import LoadOptions
from forethought.encoders.options import EncodeOptions
from forethought.engines import Limits


@dataclass(frozen=True, slots=True)
class Origin:
    """The arguments of the `load` that made an encoder; see there."""

    folder: Path
    family: str
    load_options: LoadOptions
    encode_options: EncodeOptions
    limits: Limits | None
    engine: str
