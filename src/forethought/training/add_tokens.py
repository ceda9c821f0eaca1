"""A chat model with the tokens of an embedding format, which it has never read."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from tokenizers import AddedToken

from forethought.backbones import LoadOptions, load_checkpoint, save_checkpoint
from forethought.encoders import CARD, SETTINGS_FILES, Family, find, read_tokenizer
from forethought.files import write_text


def add_tokens(checkpoint: str, family: Family, *, name: str, folder: Path) -> None:
    """Write a checkpoint whose tokenizer and embeddings have every token of a family's format.

    The embedding of a new token is that of the token which the family names for it, and else the
    mean of all others, as is its row of the layer that scores next tokens where that is a layer of
    its own. New tokens are not special ones, so that they are part of a decoded text: the rewards of
    UME-R1's published code look for them there. The card is written last: a folder that has one is
    whole.

    Raises:
        ModelError: if the checkpoint cannot be loaded.
    """
    source = find(checkpoint)
    tokenizer = read_tokenizer(source)
    new = [tag.value for tag in family.tags if tokenizer.token_to_id(tag.value) is None]
    known = tokenizer.get_vocab_size(with_added_tokens=True)
    tokenizer.add_tokens([AddedToken(tag, normalized=False, special=False) for tag in new])
    network = load_checkpoint(source, LoadOptions(dtype="auto", packed=False)).network
    _grow(network, known=known, size=tokenizer.get_vocab_size(with_added_tokens=True))
    ids = tokenizer.get_vocab(with_added_tokens=True)
    copied = {ids[tag.value]: ids.get(other) for tag, other in family.initial if tag.value in new}
    _copy_rows(network, copied)
    shutil.rmtree(folder, ignore_errors=True)
    save_checkpoint(network, folder, dtype=network.dtype)
    for file in SETTINGS_FILES:
        if (source / file).is_file():
            shutil.copyfile(source / file, folder / file)
    write_text(folder / "tokenizer.json", tokenizer.to_str(pretty=True))
    card = json.dumps({"family": family.name, "name": name}, indent=2)
    write_text(folder / CARD, f"{card}\n")


def _grow(network: Any, *, known: int, size: int) -> None:  # noqa: ANN401 - transformers types it loosely
    """Give every token up to `size` a row; those from `known` on are the mean of the others.

    Qwen's embeddings have more rows than its tokenizer has tokens: only some networks grow.
    """
    if size > len(network.get_input_embeddings().weight):
        network.resize_token_embeddings(size, mean_resizing=False)
    layers = [network.get_input_embeddings(), network.get_output_embeddings()]
    with torch.no_grad():
        for weight in {id(layer.weight): layer.weight for layer in layers if layer}.values():
            mean = weight[:known].float().mean(0)
            weight[known:size] = mean.to(weight.dtype)


def _copy_rows(network: Any, others: Mapping[int, int | None]) -> None:  # noqa: ANN401 - as above
    """Give tokens the input embeddings of others, where there are such."""
    rows = network.get_input_embeddings().weight
    with torch.no_grad():
        for token_id, other in others.items():
            if other is not None:
                rows[token_id] = rows[other]
