"""What an encoder was loaded from, by which other processes load it again."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from forethought.backbones import LoadOptions
from forethought.encoders.options import EncodeOptions
from forethought.engines import Limits

if TYPE_CHECKING:
    from forethought.encoders.reasoning import ReasoningEncoder


@dataclass(frozen=True, slots=True)
class Origin:
    """The arguments of the `load` that made an encoder; see there."""

    folder: Path
    family: str
    load_options: LoadOptions
    encode_options: EncodeOptions
    limits: Limits | None
    engine: str

    def load(self) -> "ReasoningEncoder":
        """Load the encoder once more.

        Raises:
            ModelError: as `forethought.load` does.
        """
        from forethought.encoders.load import load  # noqa: PLC0415 - it makes what this is a part of

        return load(
            self.folder,
            family=self.family,
            load_options=self.load_options,
            encode_options=self.encode_options,
            limits=self.limits,
            engine=self.engine,
        )
