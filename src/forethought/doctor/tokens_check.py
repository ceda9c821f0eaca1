"""Check that every tag is one token, and that tokenizer and config agree on its id."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from forethought.doctor.finding import Finding, fail, ok
from forethought.encoders import Family
from forethought.renderers import CHAT_TAGS, Tag

_CONFIG_KEYS = {
    "image_token_id": Tag.IMAGE,
    "video_token_id": Tag.VIDEO,
    "vision_start_token_id": Tag.VISION_START,
    "vision_end_token_id": Tag.VISION_END,
}


def check_single(tokenizer: Tokenizer, family: Family) -> Finding:
    """Whether each tag of the family is one token, and no two tags share one."""
    tags = (*CHAT_TAGS, *family.embeds)
    faults = [fault for tag in tags if (fault := _token_fault(tokenizer, tag))]
    tags_by_id: dict[int, list[Tag]] = {}
    for tag in tags:
        if (token := tokenizer.token_to_id(tag.value)) is not None:
            tags_by_id.setdefault(token, []).append(tag)
    faults += [
        f"{' and '.join(shared)} have the same id, {token}"
        for token, shared in tags_by_id.items()
        if len(shared) > 1
    ]
    if faults:
        return fail(
            "tokens",
            "; ".join(faults),
            "take the tokenizer that the checkpoint was trained with, name the family it was "
            "trained as with --family, or add the token and train its row with `forethought train`",
        )
    if not family.embeds:
        return ok(
            "tokens", f"all {len(tags)} chat tags are single tokens; no embed token is needed"
        )
    ids = ", ".join(f"{tag} {tokenizer.token_to_id(tag.value)}" for tag in family.embeds)
    return ok("tokens", f"{ids}; all {len(tags)} tags are single tokens")


def check_ids(tokenizer: Tokenizer, family: Family, *, config: Any, folder: Path) -> Finding:  # noqa: ANN401 - any of transformers' configs
    """Whether the ids in every file are those of the tokenizer."""
    faults = []
    for source, tag, declared in (*_config_ids(config, family), *_file_ids(folder, family.embeds)):
        actual = tokenizer.token_to_id(tag)
        if actual is not None and declared != actual:
            other = tokenizer.id_to_token(declared)
            faults.append(f"{source} has {declared} ({other}) for {tag}, which is {actual}")
    if faults:
        return fail(
            "ids",
            f"swapped or outdated: {'; '.join(faults)}",
            "take config and tokenizer files from the same revision, or correct the id in the "
            "file that is wrong",
        )
    num_rows = int(config.text_config.vocab_size)
    ids = {tag: tokenizer.token_to_id(tag.value) for tag in (*CHAT_TAGS, *family.embeds)}
    outside = [
        f"{tag} is {token}" for tag, token in ids.items() if token is not None and token >= num_rows
    ]
    if outside:
        return fail(
            "ids",
            f"{', '.join(outside)}, but the network has {num_rows} rows",
            "resize the embeddings (resize_token_embeddings) and train the new rows, or take the "
            "tokenizer of these weights",
        )
    return ok("ids", f"config and tokenizer agree; all ids are below the {num_rows:,} rows")


def missing_tags(tokenizer: Tokenizer, families: Iterable[Family]) -> str:
    """The embed tokens of each family that the tokenizer lacks, in words."""
    needs = []
    for family in families:
        missing = [tag for tag in family.embeds if tokenizer.token_to_id(tag.value) is None]
        if missing:
            needs.append(f"{family.name} needs {' and '.join(missing)}")
    return "; ".join(needs)


def _token_fault(tokenizer: Tokenizer, tag: Tag) -> str:
    """Why a tag is not one token inside a text; empty if it is."""
    token = tokenizer.token_to_id(tag.value)
    # Between text: a token may be set to strip spaces beside it, or to match whole words only.
    ids = tokenizer.encode(f"x{tag.value} x", add_special_tokens=False).ids
    before = tokenizer.encode("x", add_special_tokens=False).ids
    after = tokenizer.encode(" x", add_special_tokens=False).ids
    if token is not None and ids == [*before, token, *after]:
        return ""
    num_pieces = len(ids) - len(before) - len(after)
    if token is None:
        return f"{tag} is missing (it is split into {num_pieces} tokens)"
    if num_pieces > 1:
        return f"{tag} has id {token}, but inside a text it is split into {num_pieces} tokens"
    return f"{tag} has id {token}, but it strips the text beside it"


def _config_ids(config: Any, family: Family) -> Iterator[tuple[str, str, int]]:  # noqa: ANN401
    """Source, tag and id of every tag id in config.json."""
    embed_keys = {f"{tag.value.strip('<>/|')}_token_id": tag for tag in family.embeds}
    for key, tag in (_CONFIG_KEYS | embed_keys).items():
        declared = getattr(config, key, None)
        if isinstance(declared, int):
            yield f"config.json: {key}", tag.value, declared


def _file_ids(folder: Path, embeds: Iterable[Tag]) -> Iterator[tuple[str, str, int]]:
    """Source, tag and id in the tokenizer's files, with older formats that other software reads."""
    names = {tag.value for tag in (*CHAT_TAGS, *embeds)}
    # Where ids have gaps or duplicates, the tokenizers library renumbers them without a warning.
    added = _read_json(folder / "tokenizer.json").get("added_tokens")
    for token in added if isinstance(added, list) else ():
        if token.get("content") in names and isinstance(token.get("id"), int):
            yield "tokenizer.json", token["content"], token["id"]
    for name, declared in sorted(_read_json(folder / "added_tokens.json").items()):
        if name in names and isinstance(declared, int):
            yield "added_tokens.json", name, declared
    decoder = _read_json(folder / "tokenizer_config.json").get("added_tokens_decoder")
    for key, token in sorted(decoder.items() if isinstance(decoder, dict) else ()):
        content = token.get("content") if isinstance(token, dict) else None
        if isinstance(content, str) and content in names and key.isdecimal():
            yield "tokenizer_config.json", content, int(key)


def _read_json(path: Path) -> dict[str, Any]:
    """A JSON object; empty if the file is missing or has another format."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
