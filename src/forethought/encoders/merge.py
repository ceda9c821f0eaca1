"""Average saved models into one: the same files as `save` writes, from checkpoints on disk."""

import json
import logging
import math
import shutil
from collections.abc import Sequence
from pathlib import Path

from tokenizers import Tokenizer

from forethought.backbones import ADAPTER, check_same_configs, merge_checkpoints, revision_of
from forethought.encoders.card import CARD, parse_card, read_card
from forethought.encoders.gate import load_gate
from forethought.encoders.load import read_tokenizer
from forethought.encoders.locate import find
from forethought.encoders.recognise import check_loader, recognise
from forethought.encoders.save import SETTINGS_FILES
from forethought.errors import ConfigError, ModelError
from forethought.files import atomic_folder, check_new_folder, write_text
from forethought.types import Progress, ignore_progress

_PROCESSORS = ("preprocessor_config.json", "video_preprocessor_config.json")
_log = logging.getLogger(__name__)


def merge(
    models: Sequence[str | Path],
    out: str | Path,
    *,
    weights: Sequence[float] | None = None,
    progress: Progress = ignore_progress,
) -> int:
    """Write a folder with the weighted average of the models; returns its number of tensors.

    The models are of one family and network, with one tokenizer and one card but for the name.
    Tensors are averaged as `backbones.merge_checkpoints` describes; all other files are the first
    model's. A gate belongs to the weights that it was fitted to, so it is left out. The card
    lists what was merged.

    Args:
        weights: of each model, divided by their sum; None for equal ones.
        progress: called with the tensors that are written, and their number.

    Raises:
        ConfigError: if there are fewer than two models, `out` holds files, or `weights` are of
            another number, negative, not finite or all zero.
        ModelError: if a model cannot be found or read, or differs from the first.
    """
    out = Path(out)
    if len(models) < 2:
        raise ConfigError(f"one model has no average, got {len(models)}; name at least two")
    shares = _shares(weights, count=len(models))
    check_new_folder(out)
    folders = [find(model) for model in models]
    family = _common_family(models, folders)
    _check_same_settings(folders)
    gated = [folder for folder in folders if load_gate(folder)]
    parents = [
        {"model": str(model), "revision": revision_of(folder), "weight": share}
        for model, folder, share in zip(models, folders, shares, strict=True)
    ]
    card = {**read_card(folders[0]), "family": family, "name": out.absolute().name}
    with atomic_folder(out) as temporary:
        count = merge_checkpoints(folders, temporary, weights=shares, progress=progress)
        for name in SETTINGS_FILES:
            if (folders[0] / name).is_file():
                shutil.copyfile(folders[0] / name, temporary / name)
        text = json.dumps({**card, "merged": parents}, indent=2, ensure_ascii=False)
        write_text(temporary / CARD, text + "\n")
    if gated:
        _log.info(
            "%s: has no gate, since gates are not averaged, so think=auto embeds directly; to fit "
            "one, train on from it with a recipe that has [gate]",
            out,
        )
    return count


def _shares(weights: Sequence[float] | None, *, count: int) -> list[float]:
    if weights is None:
        return [1 / count] * count
    if len(weights) != count:
        raise ConfigError(f"{count} models have {len(weights)} weights; give one for each")
    if not all(math.isfinite(weight) and weight >= 0 for weight in weights) or not any(weights):
        raise ConfigError(
            f"weights must be numbers from 0 up, and not all 0, got {', '.join(map(str, weights))}"
        )
    total = math.fsum(weights)
    return [weight / total for weight in weights]


def _common_family(models: Sequence[str | Path], folders: Sequence[Path]) -> str:
    """The family of all models; their tokenizers and networks are checked on the way."""
    for folder in folders:
        check_loader(folder)
        if (folder / ADAPTER).is_file():
            raise ModelError(
                f"{folder}: a LoRA adapter, whose average is not that of the models; write it "
                "merged with forethought.encoders.save, and name that folder"
            )
    check_same_configs(folders)
    tokenizers = [read_tokenizer(folder) for folder in folders]
    _check_same_tokenizers(folders, tokenizers)
    families = [
        recognise(folder, tokenizer, named=str(model)).family.name
        for model, folder, tokenizer in zip(models, folders, tokenizers, strict=True)
    ]
    for folder, family in zip(folders, families, strict=True):
        if family != families[0]:
            raise ModelError(
                f"{folder}: family is {family!r}, and {families[0]!r} in {folders[0]}; merge "
                "models that were trained as one family"
            )
    return families[0]


def _check_same_tokenizers(folders: Sequence[Path], tokenizers: Sequence[Tokenizer]) -> None:
    first = tokenizers[0]
    for folder, tokenizer in zip(folders, tokenizers, strict=True):
        if tokenizer.to_str() == first.to_str():
            continue
        ours, theirs = (set(each.get_vocab().items()) for each in (tokenizer, first))
        different = min(ours ^ theirs, key=lambda pair: (pair[1], pair[0]), default=None)
        what = "the tokenizer splits other than that"
        if different is not None:
            token, index = different
            holder = folder if different in ours else folders[0]
            what = f"token {token!r} is {index} in {holder} alone: another vocabulary than that"
        raise ModelError(f"{folder}: {what} of {folders[0]}; merge models of one tokenizer")


def _check_same_settings(folders: Sequence[Path]) -> None:
    """The card but for the name, and how pictures are cut into patches."""
    cards = [parse_card(folder) for folder in folders]
    for folder, card in zip(folders[1:], cards[1:], strict=True):
        for field in ("budget", "instructions", "settings"):
            if getattr(card, field) != getattr(cards[0], field):
                raise ModelError(
                    f"{folder}: {field} in {CARD} differ from those of {folders[0]}; make the "
                    "cards equal, or merge models that were trained alike"
                )
        for name in _PROCESSORS:
            if _read_json(folder / name) != _read_json(folders[0] / name):
                raise ModelError(
                    f"{folder}: {name} differs from that of {folders[0]}; merge models that see "
                    "pictures alike"
                )


def _read_json(path: Path) -> object:
    """The content of a JSON file; None without one."""
    if not path.is_file():
        return None
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{path}: cannot be read ({error}); copy it again") from None
