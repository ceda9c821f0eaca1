"""Check that the chat template of a checkpoint gives the tokens of our renderer."""

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
"""Files that may contain the template, in the order in which transformers reads them."""

_IMAGE = re.compile(
    f"{re.escape(Tag.VISION_START)}(?:{re.escape(Tag.IMAGE)})+{re.escape(Tag.VISION_END)}"
)
_TOKENS_BEFORE, _TOKENS_AFTER = 3, 8
"""Tokens quoted before and after the first difference."""


def check_template(folder: Path, renderer: Renderer, *, sees: bool = True) -> Finding:
    """Render texts and, for a model that `sees`, a picture both ways, and compare the tokens."""
    if renderer.layout.token_id(Tag.START) not in renderer.render(fixtures.short_text()).token_ids:
        return ok("template", "this family uses plain text without a chat template")
    found = read_template(folder)
    if found is None:
        return warn(
            "template",
            f"no chat template in {' or '.join(FILES)} to compare ours with",
            "copy the file from the checkpoint it was made from, so that other software can use it",
        )
    file, template = found
    remedy = (
        f"take {file} from the checkpoint's own repository, or name the family it was trained "
        "as with --family; vectors here use our layout whatever the file contains"
    )
    for message in fixtures.every(sees=sees):
        prompt = renderer.render(message)
        try:
            expected = _template_ids(prompt, message, template=template, renderer=renderer)
        except Exception as error:  # noqa: BLE001 - a template may raise anything
            return fail("template", f"{file} cannot be rendered ({error})", remedy)
        difference = _first_difference(list(prompt.prefix_ids), expected, renderer)
        if difference:
            return fail("template", f"{file} differs from ours {difference}", remedy)
    also = " and for a picture" if sees else ""
    return ok("template", f"{file} gives the same tokens as ours, for text{also}")


def read_template(folder: Path) -> tuple[str, str] | None:
    """The file with the chat template and the template; None if there is none."""
    for file in FILES:
        try:
            text = (folder / file).read_text(encoding="utf-8")
            template = text if file.endswith(".jinja") else json.loads(text).get("chat_template")
            if isinstance(template, list):
                # An older format with several named templates.
                template = {each["name"]: each["template"] for each in template}.get("default")
        except (OSError, ValueError, AttributeError, KeyError, TypeError):
            continue
        if isinstance(template, str):
            return file, template
    return None


def to_chat(text: str, *, instruction: str) -> list[dict[str, Any]]:
    """Split a rendered prompt into the messages that a chat template takes.

    A system turn without the instruction is the default one, which the template adds itself.
    The last turn is the opening of the reply, which `add_generation_prompt` adds.
    """
    messages: list[dict[str, Any]] = []
    for turn in text.split(Tag.START)[1:-1]:
        role, _, body = turn.removesuffix("\n").removesuffix(Tag.END).partition("\n")
        role = role.strip()  # a tokenizer may decode a space behind a tag
        if role != "system":
            messages.append({"role": role, "content": _parts(body)})
        elif instruction in body:
            messages.append({"role": role, "content": body})
    return messages


def _parts(body: str) -> list[dict[str, str]]:
    parts: list[dict[str, str]] = []
    start = 0
    for image in _IMAGE.finditer(body):
        if body[start : image.start()]:
            parts.append({"type": "text", "text": body[start : image.start()]})
        parts.append({"type": "image"})
        start = image.end()
    return [*parts, {"type": "text", "text": body[start:]}] if body[start:] else parts


def _template_ids(
    prompt: Prompt, message: Message, *, template: str, renderer: Renderer
) -> list[int]:
    """Token ids of a message rendered with the template."""
    layout = renderer.layout
    text = layout.decode(prompt.prefix_ids)
    if isinstance(renderer, ForethoughtRenderer):
        # Its template adds this tag after every user turn.
        text = text.replace(Tag.DIRECT, "")
    tokenizer = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=layout.tokenizer, chat_template=template
    )
    rendered = tokenizer.apply_chat_template(
        to_chat(text, instruction=message.instruction), tokenize=False, add_generation_prompt=True
    )
    # Families that read the vector at the final special token let the tokenizer append it.
    add_special_tokens = renderer.completion_format is None
    ids = layout.tokenizer.encode(str(rendered), add_special_tokens=add_special_tokens).ids
    counts = [
        rows * columns // layout.patches_per_token
        for patches in prompt.pictures
        for _, rows, columns in patches.runs
    ]
    return _expand(ids, layout.token_id(Tag.IMAGE), counts)


def _expand(ids: Sequence[int], placeholder: int, counts: list[int]) -> list[int]:
    """Repeat the placeholder of each picture as often as it has tokens."""
    remaining = iter(counts)
    expanded: list[int] = []
    for token in ids:
        expanded += [token] * (next(remaining, 1) if token == placeholder else 1)
    return expanded


def _first_difference(ours: list[int], theirs: list[int], renderer: Renderer) -> str:
    """The first difference in words; empty if there is none."""
    if ours == theirs:
        return ""
    pairs = enumerate(zip(ours, theirs, strict=False))
    shorter = min(len(ours), len(theirs))
    start = next((index for index, (our, their) in pairs if our != their), shorter)
    window = slice(max(start - _TOKENS_BEFORE, 0), start + _TOKENS_AFTER)
    our_text, their_text = (renderer.layout.decode(ids[window]) for ids in (ours, theirs))
    return f"from token {start} on: the template gives {their_text!r}, ours {our_text!r}"
