"""A weighted average of checkpoints of one architecture, tensor by tensor."""

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import torch
from jaxtyping import Shaped
from safetensors import SafetensorError, safe_open
from torch import Tensor

from forethought.backbones.load_text_network import weight_files
from forethought.errors import ModelError
from forethought.types import Progress, ignore_progress

_INDEX = "model.safetensors.index.json"
_HEADER_LENGTH = 8
"""Bytes of a safetensors file before its header: the header's length, little-endian."""
_OF_THE_WRITER = {"transformers_version", "_name_or_path", "dtype", "torch_dtype", "use_cache"}
"""Keys of a config that change nothing in the network; the average has the first's precision."""


@dataclass(frozen=True, slots=True, eq=False)
class _OpenCheckpoint:
    """The weight files of a folder, opened; `tensors` has each tensor's file by its name."""

    folder: Path
    files: tuple[Path, ...]
    tensors: Mapping[str, Any]

    def read(self, name: str) -> Shaped[Tensor, "..."]:
        """One tensor, into memory."""
        found: Tensor = self.tensors[name].get_tensor(name)
        return found

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of a tensor, from the header."""
        return tuple(self.tensors[name].get_slice(name).get_shape())


def merge_checkpoints(
    folders: Sequence[Path],
    out: Path,
    *,
    weights: Sequence[float],
    progress: Progress = ignore_progress,
) -> int:
    """Write config and averaged safetensors into the folder `out`; returns the number of tensors.

    Floating-point tensors are averaged in float32 and written in the first checkpoint's precision
    and files; all others must be equal. Of each checkpoint one tensor is in memory at a time.
    Where all checkpoints have the same tensor, it is written unchanged, bit by bit.
    (Model soups: Wortsman et al. 2022, arXiv 2203.05482.)

    Args:
        weights: of each checkpoint, not negative, with a sum of 1.
        progress: called with the tensors that are written, and their number.

    Raises:
        ModelError: if configs, names or shapes of tensors, or tensors that are no floating-point
            numbers differ, or an average is not finite; nothing but `out` was written then.
    """
    check_same_configs(folders)
    with ExitStack() as stack:
        opened = [_open(folder, stack) for folder in folders]
        for other in opened[1:]:
            _check_same_tensors(opened[0], other)
        total = len(opened[0].tensors)
        done = 0
        for path in opened[0].files:
            with path.open("rb") as first, (out / path.name).open("wb") as merged:
                for name in _copy_header(first, merged):
                    merged.write(_to_bytes(_average(name, opened, weights)))
                    done += 1
                    progress(done, total)
    for file in ("config.json", _INDEX):
        if (folders[0] / file).is_file():
            shutil.copyfile(folders[0] / file, out / file)
    return total


def check_same_configs(folders: Sequence[Path]) -> None:
    """Check that every config.json describes the network of the first.

    Raises:
        ModelError: naming the first key that differs, or a config that cannot be read.
    """
    first, *others = [dict(_flat(_read_config(folder))) for folder in folders]
    for folder, other in zip(folders[1:], others, strict=True):
        for key in sorted(first.keys() | other.keys()):
            if first.get(key) != other.get(key):
                raise ModelError(
                    f"{folder}: {key} is {other.get(key)!r} in config.json, and "
                    f"{first.get(key)!r} in {folders[0]}; merge checkpoints of one network"
                )


def _read_config(folder: Path) -> Mapping[str, object]:
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        return dict(config)
    except (OSError, ValueError, TypeError) as error:
        raise ModelError(
            f"{folder}: no readable config.json ({error}); name a folder that "
            "`forethought train` or `save_pretrained` wrote"
        ) from None


def _flat(table: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    for key, value in table.items():
        if key in _OF_THE_WRITER:
            continue
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _open(folder: Path, stack: ExitStack) -> _OpenCheckpoint:
    try:
        files = _files_inside(folder)
        opened = [stack.enter_context(safe_open(path, framework="pt")) for path in files]
        names = {name: file for file in opened for name in file.keys()}  # noqa: SIM118 - no mapping
        return _OpenCheckpoint(folder, tuple(files), names)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, SafetensorError) as error:
        raise ModelError(
            f"{folder}: the weights cannot be read ({error}); copy or train them again, as "
            "safetensors"
        ) from None


def _files_inside(folder: Path) -> list[Path]:
    """The weight files; their names, which an index may hold as paths, are written to as well."""
    files = weight_files(folder)
    outside = [path for path in files if path.parent != folder]
    if outside:
        raise ValueError(f"{_INDEX} names {outside[0]}, a file of another folder")
    return files


def _check_same_tensors(first: _OpenCheckpoint, other: _OpenCheckpoint) -> None:
    missing = sorted(first.tensors.keys() - other.tensors.keys())
    extra = sorted(other.tensors.keys() - first.tensors.keys())
    for names, holder, lacking in ((missing, first, other), (extra, other, first)):
        if names:
            raise ModelError(
                f"{lacking.folder}: lacks {len(names)} tensors that {holder.folder} has, first "
                f"{names[0]}; merge checkpoints of one network"
            )
    for name in sorted(first.tensors):
        if first.shape(name) != other.shape(name):
            raise ModelError(
                f"{other.folder}: {name} has shape {other.shape(name)}, and {first.shape(name)} "
                f"in {first.folder}; merge checkpoints of one network"
            )


def _copy_header(source: IO[bytes], target: IO[bytes]) -> list[str]:
    """Copy the header of a safetensors file; returns its tensors in the order of their bytes."""
    start = source.read(_HEADER_LENGTH)
    header = source.read(int.from_bytes(start, "little"))
    target.write(start + header)
    spans = {
        name: tensor["data_offsets"]
        for name, tensor in json.loads(header).items()
        if name != "__metadata__"
    }
    return sorted(spans, key=lambda name: (spans[name], name))


def _average(
    name: str, opened: Sequence[_OpenCheckpoint], weights: Sequence[float]
) -> Shaped[Tensor, "..."]:
    """The average of one tensor, in the precision of the first checkpoint."""
    # Counted from the heaviest: equal tensors, and one of weight 1, lose no bit.
    heaviest = max(range(len(weights)), key=lambda index: weights[index])
    base = opened[heaviest].read(name)
    average = base
    for checkpoint, weight in zip(opened, weights, strict=True):
        other = checkpoint.read(name)
        if other.dtype == base.dtype and torch.equal(other, base):
            continue
        if not (base.is_floating_point() and other.is_floating_point()):
            raise ModelError(
                f"{checkpoint.folder}: {name} ({other.dtype}) differs from that of "
                f"{opened[heaviest].folder} ({base.dtype}), and only floating-point numbers "
                "have an average; merge checkpoints that share it"
            )
        average = average.float().add(other.float() - base.float(), alpha=weight)
    if average is not base and not bool(average.isfinite().all()):
        raise ModelError(
            f"{name}: the average is not finite; find the checkpoint whose weights are not with "
            "`forethought doctor`, and leave it out"
        )
    return average.to(opened[0].read(name).dtype)


def _to_bytes(tensor: Shaped[Tensor, "..."]) -> bytes:
    return tensor.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()
