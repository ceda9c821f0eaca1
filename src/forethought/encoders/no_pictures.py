"""What a model of text alone says to a picture."""

import json
from dataclasses import dataclass
from pathlib import Path

from forethought.backbones import NO_TOWER
from forethought.encoders.locate import shipped_folders
from forethought.encoders.reasoning import ReasoningEncoder
from forethought.errors import ContentError
from forethought.types import Image, Patches, Video


@dataclass(frozen=True, slots=True)
class NoPictures:
    """Stands where other models have their image processor; `name` is the model's."""

    name: str

    def __call__(self, media: Image | Video) -> Patches:
        """Refuse the picture or video.

        Raises:
            ContentError: always, with the `reason`.
        """
        raise ContentError(f"{media.source}: {self.reason}")

    @property
    def reason(self) -> str:
        """Why there is no vector, and the models of this installation that give one."""
        return (
            f"{self.name} sees no pictures: it is a model of text alone, without a vision encoder; "
            f"use {' or '.join(_seeing()) or 'a model with one'}"
        )


def check_sees(encoder: object) -> None:
    """Refuse a model of text alone for what needs pictures.

    Raises:
        ContentError: naming the models of this installation that take them.
    """
    if isinstance(encoder, ReasoningEncoder):
        processor = encoder.renderer.layout.image_processor
        if isinstance(processor, NoPictures):
            raise ContentError(processor.reason)


def _seeing() -> list[str]:
    """The shipped models that have a vision encoder."""
    return sorted({folder.name for folder in shipped_folders() if _sees(folder / "config.json")})


def _sees(config: Path) -> bool:
    try:
        return bool(json.loads(config.read_text())["vision_config"].get("tower") != NO_TOWER)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False
