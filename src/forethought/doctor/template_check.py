"""Does the checkpoint's own chat template say what our renderer says?"""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from transformers import PreTrainedTokenizerFast

from forethought.doctor import fixtures
from forethought.doctor.finding import Finding, fail, ok, warn
from forethought.renderers import ForethoughtRenderer, Renderer, Tag
from forethought.types import Message, Prompt

FILES = ("chat_template.jinja", "chat_template.json", "tokenizer_config.json")
"""Where a checkpoint may keep its template, in the order in which transformers looks."""

_PICTURE = re.compile(
    f"{re.escape(Tag.VISION_START)}(?:{re.escape(Tag.IMAGE)})+{re.escape(Tag.VISION_END)}"
)
_BESIDE, _AHEAD = 3, 8
"""How many tokens of a difference are shown before and after its place."""


def check_template(folder: Path, renderer: Renderer) -> Finding:
    """Render messages both ways, as words and as a picture, and compare the tokens."""
    if renderer.layout.token_id(Tag.START) not in renderer.render(fixtures.words()).token_ids:
        return ok("template", "this family lays out plain text: no chat template is used")
    found = read_template(folder)
    if found is None:
        return warn(
            "template",
            f"no chat template in {' or '.join(FILES)}; ours is used, and there is nothing to "
            "compare it with",
            "copy the file from the checkpoint it was made from, so that other software can use it",
        )
    file, template = found
    again = (
        f"take {file} from the checkpoint's own repository, or name the family it was trained "
        "as with --family; vectors here come from our own layout, whatever the file says"
    )
    for message in (fixtures.words(), fixtures.picture()):
        prompt = renderer.render(message)
        try:
            theirs = _spelled(prompt, message, template=template, renderer=renderer)
        except Exception as error:  # noqa: BLE001 - a template may raise anything
            return fail("template", f"{file} cannot be rendered ({error})", again)
        difference = _difference(list(prompt.prefix_ids), theirs, renderer)
        if difference:
            return fail("template", f"{file} differs from ours {difference}", again)
    return ok("template", f"{file} gives the same tokens as ours, for words and for a picture")


def read_template(folder: Path) -> tuple[str, str] | None:
    """A checkpoint's template and the file it is in; None if it has none."""
    for file in FILES:
        try:
            text = (folder / file).read_text(encoding="utf-8")
            found = text if file.endswith(".jinja") else json.loads(text).get("chat_template")
            if isinstance(found, list):
                # An older layout keeps several by name.
                found = {one["name"]: one["template"] for one in found}.get("default")
        except (OSError, ValueError, AttributeError, KeyError, TypeError):
            continue
        if isinstance(found, str):
            return file, found
    return None


def turns(said: str, *, instruction: str) -> list[dict[str, Any]]:
    """Take a rendered prompt apart into the messages that a chat template is given.

    A system turn without the instruction in it is a default, and the template's to write.
    The last turn is the open one, which `add_generation_prompt` writes.
    """
    made: list[dict[str, Any]] = []
    for turn in said.split(Tag.START)[1:-1]:
        role, _, body = turn.removesuffix("\n").removesuffix(Tag.END).partition("\n")
        if role == "system" and instruction not in body:
            continue
        if role == "system":
            made.append({"role": role, "content": body})
            continue
        made.append({"role": role, "content": _parts(body)})
    return made


def _parts(body: str) -> list[dict[str, str]]:
    parts: list[dict[str, str]] = []
    at = 0
    for place in _PICTURE.finditer(body):
        if body[at : place.start()]:
            parts.append({"type": "text", "text": body[at : place.start()]})
        parts.append({"type": "image"})
        at = place.end()
    return [*parts, {"type": "text", "text": body[at:]}] if body[at:] else parts


def _spelled(prompt: Prompt, message: Message, *, template: str, renderer: Renderer) -> list[int]:
    """The tokens of a message as the template has it."""
    layout = renderer.layout
    said = layout.decode(prompt.prefix_ids)
    if isinstance(renderer, ForethoughtRenderer):
        # Its template writes this tag itself, behind every user turn.
        said = said.replace(Tag.DIRECT, "")
    stock = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=layout.tokenizer, chat_template=template
    )
    text = stock.apply_chat_template(
        turns(said, instruction=message.instruction), tokenize=False, add_generation_prompt=True
    )
    # What a tokenizer puts behind every text belongs to the families that read there.
    closed = renderer.completion_format is None
    ids = layout.tokenizer.encode(str(text), add_special_tokens=closed).ids
    counts = [
        rows * columns // layout.patches_per_token
        for patches in prompt.pictures
        for _, rows, columns in patches.runs
    ]
    return _spread(ids, layout.token_id(Tag.IMAGE), counts)


def _spread(ids: Sequence[int], mark: int, counts: list[int]) -> list[int]:
    """Repeat each picture's placeholder as often as it has tokens."""
    left = iter(counts)
    return [each for one in ids for each in ([one] * (next(left, 1) if one == mark else 1))]


def _difference(ours: list[int], theirs: list[int], renderer: Renderer) -> str:
    """Where the two part, in words; nothing if they do not."""
    if ours == theirs:
        return ""
    both = zip(ours, theirs, strict=False)
    at = next(
        (i for i, (one, other) in enumerate(both) if one != other), min(len(ours), len(theirs))
    )
    window = slice(max(at - _BESIDE, 0), at + _AHEAD)
    mine, its = (renderer.layout.decode(ids[window]) for ids in (ours, theirs))
    return f"from token {at} on: the template says {its!r}, we say {mine!r}"
