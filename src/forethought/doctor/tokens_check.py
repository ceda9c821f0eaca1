"""Does every tag stand for one token, and do tokenizer and config agree on which?"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from forethought.doctor.finding import Finding, fail, ok
from forethought.encoders import Family
from forethought.renderers import CHAT_TAGS, Tag

_MARKS = {
    "image_token_id": Tag.IMAGE,
    "video_token_id": Tag.VIDEO,
    "vision_start_token_id": Tag.VISION_START,
    "vision_end_token_id": Tag.VISION_END,
}
"""What a config calls the tokens of a picture's place."""


def check_single(tokenizer: Tokenizer, family: Family) -> Finding:
    """Whether each tag of the family is one token, and each token one tag."""
    tags = (*CHAT_TAGS, *family.embeds)
    faults = [fault for tag in tags if (fault := _apart(tokenizer, tag))]
    held: dict[int, list[Tag]] = {}
    for tag in tags:
        if (found := tokenizer.token_to_id(tag.value)) is not None:
            held.setdefault(found, []).append(tag)
    faults += [
        f"{' and '.join(both)} are one id, {at}" for at, both in held.items() if len(both) > 1
    ]
    if faults:
        return fail(
            "tokens",
            "; ".join(faults),
            "take the tokenizer that the checkpoint was trained with, name the family it was "
            "trained as with --family, or add the token and train its row with `forethought train`",
        )
    said = ", ".join(f"{tag} {tokenizer.token_to_id(tag.value)}" for tag in family.embeds)
    if not said:
        return ok(
            "tokens", f"all {len(tags)} chat tags are single tokens; no embed token is needed"
        )
    return ok("tokens", f"{said}; all {len(tags)} tags are single tokens")


def check_ids(tokenizer: Tokenizer, family: Family, *, config: Any, folder: Path) -> Finding:  # noqa: ANN401 - any of transformers' configs
    """Whether every file that names an id names the tokenizer's."""
    faults = []
    for place, tag, declared in (*_in_config(config, family), *_in_files(folder, family.embeds)):
        found = tokenizer.token_to_id(tag)
        if found is not None and declared != found:
            other = tokenizer.id_to_token(declared)
            faults.append(f"{place} says {declared} ({other}), and {tag} is {found}")
    if faults:
        return fail(
            "ids",
            f"swapped or stale: {'; '.join(faults)}",
            "take config and tokenizer files from one and the same revision, or correct the id "
            "in the file that is wrong",
        )
    rows = int(config.text_config.vocab_size)
    ids = {tag: tokenizer.token_to_id(tag.value) for tag in (*CHAT_TAGS, *family.embeds)}
    outside = [f"{tag} is {at}" for tag, at in ids.items() if at is not None and at >= rows]
    if outside:
        return fail(
            "ids",
            f"{', '.join(outside)}, and the network has {rows} rows",
            "resize the embeddings (resize_token_embeddings) and train the new rows, or take the "
            "tokenizer that belongs to these weights",
        )
    return ok("ids", f"config and tokenizer agree; all are below the {rows:,} rows")


def lacking(tokenizer: Tokenizer, families: Iterable[Family]) -> str:
    """What the tokenizer lacks of each family that has embed tokens."""
    said = []
    for family in families:
        missing = [tag for tag in family.embeds if tokenizer.token_to_id(tag.value) is None]
        if missing:
            said.append(f"{family.name} needs {' and '.join(missing)}")
    return "; ".join(said)


def _apart(tokenizer: Tokenizer, tag: Tag) -> str:
    """What is wrong with a tag as a token; nothing if it is one wherever it stands."""
    found = tokenizer.token_to_id(tag.value)
    # Amid words: a token may be set to swallow blanks, or to match only as a word of its own.
    ids = tokenizer.encode(f"x{tag.value} x", add_special_tokens=False).ids
    beside = tokenizer.encode("x", add_special_tokens=False).ids
    behind = tokenizer.encode(" x", add_special_tokens=False).ids
    if found is not None and ids == [*beside, found, *behind]:
        return ""
    pieces = len(ids) - len(beside) - len(behind)
    if found is None:
        return f"{tag} is missing (it falls into {pieces} tokens)"
    if pieces > 1:
        return f"{tag} has id {found}, but in a text it falls into {pieces} tokens"
    return f"{tag} has id {found}, but it swallows what stands beside it in a text"


def _in_config(config: Any, family: Family) -> Iterator[tuple[str, str, int]]:  # noqa: ANN401
    own = {f"{tag.value.strip('<>/|')}_token_id": tag for tag in family.embeds}
    for key, tag in (_MARKS | own).items():
        declared = getattr(config, key, None)
        if isinstance(declared, int):
            yield f"config.json: {key}", tag.value, declared


def _in_files(folder: Path, embeds: Iterable[Tag]) -> Iterator[tuple[str, str, int]]:
    """What a tokenizer's files say, the older ones among them, which other software reads."""
    names = {tag.value for tag in (*CHAT_TAGS, *embeds)}
    # Where the numbers have a gap or a double, the library counts on by itself, and says nothing.
    listed = _table(folder / "tokenizer.json").get("added_tokens")
    for token in listed if isinstance(listed, list) else ():
        if token.get("content") in names and isinstance(token.get("id"), int):
            yield "tokenizer.json", token["content"], token["id"]
    for name, declared in sorted(_table(folder / "added_tokens.json").items()):
        if name in names and isinstance(declared, int):
            yield "added_tokens.json", name, declared
    decoder = _table(folder / "tokenizer_config.json").get("added_tokens_decoder")
    for at, token in sorted(decoder.items() if isinstance(decoder, dict) else ()):
        content = token.get("content") if isinstance(token, dict) else None
        if isinstance(content, str) and content in names and at.isdecimal():
            yield "tokenizer_config.json", content, int(at)


def _table(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
