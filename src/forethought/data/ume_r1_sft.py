"""The published data of UME-R1's first stage, `zhibinlan/UME-sft-train`.

    {"dataset_name": "MSCOCO_t2i",
     "qry": {"image": "images/blank.jpg",
             "conversations": [{"from": "human", "value": "<image>..."},
                               {"from": "gpt", "value": "..."}]},
     "pos": {"video": ["frames/7/1.jpg", "frames/7/2.jpg"], "conversations": [...]}}

Established by the published loader: these keys; one JSON array, or JSON Lines; `image` is a path or
a list, `video` a list of frames; `<image>` and `<video>` in the human's turn stand for the media;
paths are relative to the folder of MMEB-train; `images/blank.jpg` is the picture of a side that has
none. The human's turn is the task, the direct tag and the think instruction; the assistant's is the
rationale. Every published record has both tags.

Choices of this reader: the task's text has no white space around it (the published loader keeps
what follows a placeholder); the blank picture is left out, since the renderer of UME-R1 adds it and
others need none; the marks that the teacher model left in answers stay.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from forethought.data.data_files import find_files
from forethought.data.example_line import DocumentLine, ExampleLine, QueryLine, RationaleLine
from forethought.data.part_line import PartLine
from forethought.data.published_rows import open_rows
from forethought.data.row_source import FolderSource
from forethought.data.row_table import RowTable
from forethought.data.row_values import image_and_text, string, strings, video
from forethought.errors import DataError
from forethought.renderers import read_ume_r1_completion, read_ume_r1_prompt

BLANK = "images/blank.jpg"
_PLACEHOLDERS = ("<image>", "<video>")
_HUMAN, _ASSISTANT = "human", "gpt"


@dataclass(frozen=True)
class UmeR1Sft(FolderSource):
    """Pairs with a rationale on both sides, in tasks by `dataset_name`.

    `media` is the folder of MMEB-train.
    """

    @cached_property
    def rows(self) -> RowTable:
        """The records."""
        return open_rows(find_files(self.path, frozenset({".json", ".jsonl", ".parquet"})))

    def parse(self, values: Mapping[str, object], file: Path) -> ExampleLine:
        """Make an example of a record; see `RowSource.parse`."""
        del file
        content, rationale = _side(values, "qry")
        document, document_rationale = _side(values, "pos")
        return ExampleLine(
            query=QueryLine(content, rationale=rationale),
            positives=(DocumentLine(document, rationale=document_rationale),),
            task=string(values, "dataset_name") or "default",
        )


def _side(values: Mapping[str, object], key: str) -> tuple[tuple[PartLine, ...], RationaleLine]:
    side = values.get(key)
    if not isinstance(side, dict):
        raise DataError(f'no {key}; a record is {{"dataset_name": ..., "qry": ..., "pos": ...}}')
    turns = _turns(side, key)
    text = read_ume_r1_prompt(turns[_HUMAN])
    for placeholder in _PLACEHOLDERS:
        text = text.replace(placeholder, "")
    images = [name for name in strings(side, "image") if name != BLANK]
    read = read_ume_r1_completion(turns[_ASSISTANT])
    return (*video(strings(side, "video")), *image_and_text(images, text)), RationaleLine(
        read.thinking, read.answer
    )


def _turns(side: Mapping[str, object], key: str) -> dict[str, str]:
    conversations = side.get("conversations")
    turns = conversations if isinstance(conversations, list) else []
    if not all(isinstance(turn, dict) for turn in turns):
        raise DataError(f'{key}.conversations: a turn is {{"from": ..., "value": ...}}')
    found = {string(turn, "from"): string(turn, "value") for turn in turns}
    if found.keys() != {_HUMAN, _ASSISTANT} or len(turns) != len(found):
        raise DataError(
            f"{key}.conversations: one turn of {_HUMAN!r} and one of {_ASSISTANT!r} are read, got "
            f"{', '.join(string(turn, 'from') for turn in turns) or 'none'}"
        )
    return found
