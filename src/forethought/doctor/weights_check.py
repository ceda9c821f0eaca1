"""Are the weights there and whole? Read from the headers of the files alone."""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from forethought.backbones import base_folder
from forethought.doctor.finding import Finding, fail, ok, warn

SINGLE = "model.safetensors"
INDEX = "model.safetensors.index.json"
_PICKLES = "pytorch_model*.bin"
_LONGEST_HEADER = 100 * 2**20
_POINTER = b"version "


@dataclass(frozen=True, slots=True)
class Weights:
    """What the headers say: how many numbers of which types, and what is wrong with the files."""

    files: tuple[Path, ...]
    parameters: int
    types: tuple[str, ...]
    faults: tuple[str, ...]

    @property
    def usable(self) -> bool:
        """Whether it is worth loading them."""
        return bool(self.files) and not self.faults


def inspect_weights(folder: Path) -> Weights:
    """Look at every weights file of a checkpoint; an adapter's base counts as well."""
    faults: list[str] = []
    files = tuple(_files(folder, faults))
    parameters, types = 0, set()
    for path in files:
        try:
            count, held = _header(path)
        except ValueError as error:
            faults.append(f"{path.name} {error}")
        else:
            parameters += count
            types |= held
    return Weights(files, parameters, tuple(sorted(types)), tuple(faults))


def check_weights(folder: Path, weights: Weights) -> Finding:
    """Whether every file that is named is there, and as long as its header says."""
    again = "copy the files again: hf download, or git lfs pull in a clone"
    if weights.faults:
        return fail("weights", "; ".join(weights.faults), again)
    if not weights.files:
        if any(folder.glob(_PICKLES)):
            return fail(
                "weights",
                "only pickles (pytorch_model.bin), which are never opened: they can run code",
                "convert them with transformers' save_pretrained, or take another revision",
            )
        return warn("weights", "weights absent: only config and tokenizer are examined", again)
    files = f"{len(weights.files)} file{'s' * (len(weights.files) > 1)}"
    types = ", ".join(weights.types)
    return ok("weights", f"{files}, {weights.parameters:,} parameters ({types}), whole")


def _files(folder: Path, faults: list[str]) -> Iterator[Path]:
    base = base_folder(folder)
    if base != folder:
        yield from folder.glob("adapter_model.safetensors")
    if (base / SINGLE).is_file():
        yield base / SINGLE
        return
    if not (base / INDEX).is_file():
        return
    try:
        named = sorted(
            {str(name) for name in json.loads((base / INDEX).read_text())["weight_map"].values()}
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        faults.append(f"{INDEX} cannot be read ({error})")
        return
    missing = [name for name in named if not (base / name).is_file()]
    # No shard at all is a checkpoint whose weights were left behind on purpose.
    if missing and len(missing) < len(named):
        faults.append(f"{len(missing)} of {len(named)} shards are missing, the first {missing[0]}")
    yield from (base / name for name in named if name not in missing)


def _header(path: Path) -> tuple[int, set[str]]:
    """How many numbers a file holds, and of which types.

    Raises:
        ValueError: saying what is wrong with the file.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(8)
        if start == _POINTER:
            raise ValueError("is a git-lfs pointer, not the weights")
        length = int.from_bytes(start, "little")
        if len(start) < 8 or length > _LONGEST_HEADER:
            raise ValueError(f"is no safetensors file ({size:,} bytes)")
        try:
            tensors = json.loads(file.read(length))
            tensors.pop("__metadata__", None)
            end = max(tensor["data_offsets"][1] for tensor in tensors.values())
            count = sum(math.prod(tensor["shape"]) for tensor in tensors.values())
            types = {str(tensor["dtype"]) for tensor in tensors.values()}
        except (ValueError, KeyError, TypeError, AttributeError):
            raise ValueError(f"has no readable header ({size:,} bytes)") from None
    if size != 8 + length + end:
        raise ValueError(f"is truncated: {size:,} of {8 + length + end:,} bytes")
    return count, types
