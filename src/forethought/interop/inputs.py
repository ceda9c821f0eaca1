"""What Sentence Transformers takes as one input, in our nouns."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import torch
from sentence_transformers.base.modality import infer_modality, is_message_dict

from forethought.encoders import EncodeInput
from forethought.errors import ContentError
from forethought.types import Content, Image, Message, Side, Text, Video

MODALITIES = ("text", "image", "video", "message")
"""What is taken; "message" also says that one batch may mix the others."""


def as_shown(given: object, *, side: Side, instruction: str | None) -> EncodeInput:
    """Open one input; Sentence Transformers itself says of which kind it is.

    A dictionary's contents keep their order. A conversation becomes one message: what its
    system turns say is the instruction, and stands before `instruction`.

    Raises:
        ContentError: if it is of no kind that is known, or cannot be read.
    """
    if isinstance(given, Content | Message):
        return given
    kind = _kind(given)
    if kind == "message":
        turns = [given] if isinstance(given, Mapping) else given
        return _conversation(turns, side=side, instruction=instruction)
    if isinstance(given, Mapping) and "array" not in given:
        return [piece for name, value in given.items() for piece in _pieces(name, value)]
    return _piece(kind, given)


def _kind(given: object) -> str:
    try:
        return str(infer_modality(given, supported_modalities=list(MODALITIES)))
    except ValueError as error:
        raise ContentError(f"{_short(given)} cannot be embedded: {error}") from None


def _pieces(name: str, value: object) -> list[Content]:
    if not isinstance(value, list | tuple) or (name == "video" and _are_frames(value)):
        return [_piece(name, value)]
    return [_piece(name, one) for one in value]


def _are_frames(values: Sequence[object]) -> bool:
    try:
        return all(_kind(value) == "image" for value in values)
    except ContentError:
        return False


def _piece(name: str, value: Any) -> Content:  # noqa: ANN401 - told apart here, at the rim
    value = _plain(value)
    if isinstance(value, Content):
        return value
    if name == "text" and isinstance(value, str):
        return Text(value)
    if name == "image" and isinstance(value, str | Path | bytes | PIL.Image.Image | np.ndarray):
        return Image(value)
    if name == "video" and isinstance(value, str | Path | bytes):
        return Video(value)
    if name == "video" and isinstance(value, list | tuple | np.ndarray):
        return Video([_plain(frame) for frame in value])
    raise ContentError(
        f"{_short(value)} cannot be embedded as {name!r}; known: text (a string), image (a path, "
        "a Pillow picture, an array) and video (a path, or its frames)"
    )


def _plain(value: Any) -> Any:  # noqa: ANN401
    """A tensor as an array; an array of one picture as height x width x 3."""
    if isinstance(value, torch.Tensor):
        value = value.numpy(force=True)
    # Sentence Transformers takes both orders.
    if isinstance(value, np.ndarray) and value.ndim == 3 and value.shape[0] == 3 != value.shape[2]:
        return value.transpose(1, 2, 0)
    return value


def _conversation(turns: Any, *, side: Side, instruction: str | None) -> EncodeInput:  # noqa: ANN401
    """One message of all turns."""
    for turn in turns:
        if not is_message_dict(turn):
            raise ContentError(
                f"{_short(turn)} is no turn of a conversation: give role and content"
            )
    said = [piece for turn in turns if turn["role"] == "system" for piece in _contents(turn)]
    shown = tuple(piece for turn in turns if turn["role"] != "system" for piece in _contents(turn))
    words = [piece.words for piece in said if isinstance(piece, Text)]
    if len(words) < len(said):
        raise ContentError("a system turn is the instruction and holds words alone; move its image")
    if not words:
        return list(shown)
    return Message(shown, " ".join([*words, *filter(None, [instruction])]), side)


def _contents(turn: Mapping[str, Any]) -> list[Content]:
    content = turn["content"]
    if isinstance(content, str):
        return [Text(content)]
    return [_piece(str(part.get("type")), part.get(part.get("type"))) for part in content]


def _short(value: object) -> str:
    said = repr(value)
    return said if len(said) <= 60 else f"{said[:57]}..."
