"""Inputs of Sentence Transformers as inputs of our encoders."""

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
"""Supported modalities; "message" also allows batches that mix the others."""


def to_encode_input(item: object, *, side: Side, instruction: str | None) -> EncodeInput:
    """Convert one input, whose modality Sentence Transformers infers.

    The contents of a dictionary keep their order. A conversation becomes one message: its
    system turns are the instruction, followed by `instruction`.

    Raises:
        ContentError: if the modality is not supported, or the input cannot be read.
    """
    if isinstance(item, Content | Message):
        return item
    modality = _modality(item)
    if modality == "message":
        turns = [item] if isinstance(item, Mapping) else item
        return _conversation(turns, side=side, instruction=instruction)
    if isinstance(item, Mapping) and "array" not in item:
        return [part for name, value in item.items() for part in _contents(name, value)]
    return _content(modality, item)


def _modality(item: object) -> str:
    try:
        return str(infer_modality(item, supported_modalities=list(MODALITIES)))
    except ValueError as error:
        raise ContentError(f"{_short(item)} cannot be embedded: {error}") from None


def _contents(modality: str, value: object) -> list[Content]:
    if not isinstance(value, list | tuple) or (modality == "video" and _are_frames(value)):
        return [_content(modality, value)]
    return [_content(modality, one) for one in value]


def _are_frames(values: Sequence[object]) -> bool:
    try:
        return all(_modality(value) == "image" for value in values)
    except ContentError:
        return False


def _content(modality: str, value: Any) -> Content:  # noqa: ANN401 - its type is checked here
    value = _as_array(value)
    if isinstance(value, Content):
        return value
    if modality == "text" and isinstance(value, str):
        return Text(value)
    if modality == "image" and isinstance(value, str | Path | bytes | PIL.Image.Image | np.ndarray):
        return Image(value)
    if modality == "video" and isinstance(value, str | Path | bytes):
        return Video(value)
    if modality == "video" and isinstance(value, list | tuple | np.ndarray):
        return Video([_as_array(frame) for frame in value])
    raise ContentError(
        f"{_short(value)} cannot be embedded as {modality!r}; supported: text (a string), image "
        "(a path, a Pillow picture, an array) and video (a path, or its frames)"
    )


def _as_array(value: Any) -> Any:  # noqa: ANN401
    """A tensor as an array; an array of one picture as height x width x 3."""
    if isinstance(value, torch.Tensor):
        value = value.numpy(force=True)
    # Sentence Transformers accepts both orders of the axes.
    if isinstance(value, np.ndarray) and value.ndim == 3 and value.shape[0] == 3 != value.shape[2]:
        return value.transpose(1, 2, 0)
    return value


def _conversation(turns: Any, *, side: Side, instruction: str | None) -> EncodeInput:  # noqa: ANN401
    """One message of all turns."""
    for turn in turns:
        if not is_message_dict(turn):
            raise ContentError(
                f"{_short(turn)} is not a turn of a conversation: give role and content"
            )
    system = [part for turn in turns if turn["role"] == "system" for part in _parts(turn)]
    content = tuple(part for turn in turns if turn["role"] != "system" for part in _parts(turn))
    texts = [part.words for part in system if isinstance(part, Text)]
    if len(texts) < len(system):
        raise ContentError(
            "a system turn is the instruction and may hold text alone; move its image or video"
        )
    if not texts:
        return list(content)
    return Message(content, " ".join([*texts, *filter(None, [instruction])]), side)


def _parts(turn: Mapping[str, Any]) -> list[Content]:
    content = turn["content"]
    if isinstance(content, str):
        return [Text(content)]
    return [_content(str(part.get("type")), part.get(part.get("type"))) for part in content]


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
