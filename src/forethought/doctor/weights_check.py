"""Check that the weight files are present and complete, from their headers alone."""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from forethought.backbones import ADAPTER, ADAPTER_PICKLE, ADAPTER_WEIGHTS, base_folder
from forethought.doctor.finding import Finding, fail, ok, warn

SINGLE = "model.safetensors"
INDEX = "model.safetensors.index.json"
_PICKLES = "pytorch_model*.bin"
_MAX_HEADER_BYTES = 100 * 2**20
_LFS_POINTER = b"version "


@dataclass(frozen=True, slots=True)
class WeightFiles:
    """The weight files of a checkpoint: number and dtypes of parameters, and faults in words.

    `num_adapter_tensors` counts the tensors of a LoRA adapter; 0 if it is none.
    """

    files: tuple[Path, ...]
    num_parameters: int
    dtypes: tuple[str, ...]
    faults: tuple[str, ...]
    num_adapter_tensors: int = 0

    @property
    def loadable(self) -> bool:
        """Whether there are files and none has a fault."""
        return bool(self.files) and not self.faults


def inspect_weights(folder: Path) -> WeightFiles:
    """Read the header of every weight file; those of an adapter's base are included."""
    faults: list[str] = []
    files = tuple(_files(folder, faults))
    num_parameters, num_adapter_tensors, dtypes = 0, 0, set()
    for path in files:
        try:
            count, file_dtypes, num_tensors = _read_header(path)
        except ValueError as error:
            faults.append(f"{path.name} {error}")
        else:
            num_parameters += count
            dtypes |= file_dtypes
            num_adapter_tensors += num_tensors if path.name == ADAPTER_WEIGHTS else 0
    return WeightFiles(
        files, num_parameters, tuple(sorted(dtypes)), tuple(faults), num_adapter_tensors
    )


def check_weights(folder: Path, weights: WeightFiles, *, loaded: bool = False) -> Finding:
    """Whether every listed file is present, and as long as its header requires.

    `loaded` says that the network took the weights, and with them each of the adapter's tensors.
    """
    remedy = "copy the files again: hf download, or git lfs pull in a clone"
    if weights.faults:
        return fail("weights", "; ".join(weights.faults), remedy)
    if not weights.files:
        if any(folder.glob(_PICKLES)):
            return fail(
                "weights",
                "only pickles (pytorch_model.bin), which are never opened: they can run code",
                "convert them with transformers' save_pretrained, or take another revision",
            )
        return warn("weights", "weights absent: only config and tokenizer are examined", remedy)
    files = f"{len(weights.files)} file{'s' * (len(weights.files) > 1)}"
    dtypes = ", ".join(weights.dtypes)
    message = f"{files}, {weights.num_parameters:,} parameters ({dtypes}), complete"
    if weights.num_adapter_tensors:
        landed = f"{weights.num_adapter_tensors} of " if loaded else ""
        took = "found their place" if loaded else "not applied yet"
        message += f"; {landed}{weights.num_adapter_tensors} adapter tensors {took}"
    return ok("weights", message)


def _files(folder: Path, faults: list[str]) -> Iterator[Path]:
    """The weight files that exist; adds to `faults` what is missing."""
    base = base_folder(folder)
    if (folder / ADAPTER).is_file():
        if (folder / ADAPTER_WEIGHTS).is_file():
            yield folder / ADAPTER_WEIGHTS
        elif (folder / ADAPTER_PICKLE).is_file():
            faults.append(f"only a pickle ({ADAPTER_PICKLE}), which is never opened")
        else:
            faults.append(f"{ADAPTER_WEIGHTS} is missing")
    if (base / SINGLE).is_file():
        yield base / SINGLE
        return
    if not (base / INDEX).is_file():
        return
    try:
        shards = sorted(
            {str(name) for name in json.loads((base / INDEX).read_text())["weight_map"].values()}
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        faults.append(f"{INDEX} cannot be read ({error})")
        return
    missing = [name for name in shards if not (base / name).is_file()]
    # Without any shard, the weights were left out on purpose.
    if missing and len(missing) < len(shards):
        faults.append(f"{len(missing)} of {len(shards)} shards are missing, first {missing[0]}")
    yield from (base / name for name in shards if name not in missing)


def _read_header(path: Path) -> tuple[int, set[str], int]:
    """Number of parameters in a safetensors file, their dtypes, and number of tensors.

    Raises:
        ValueError: with the fault of the file.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(8)
        if start == _LFS_POINTER:
            raise ValueError("is a git-lfs pointer, not the weights")
        length = int.from_bytes(start, "little")
        if len(start) < 8 or length > _MAX_HEADER_BYTES:
            raise ValueError(f"is not a safetensors file ({size:,} bytes)")
        try:
            tensors = json.loads(file.read(length))
            tensors.pop("__metadata__", None)
            end = max(tensor["data_offsets"][1] for tensor in tensors.values())
            count = sum(math.prod(tensor["shape"]) for tensor in tensors.values())
            dtypes = {str(tensor["dtype"]) for tensor in tensors.values()}
        except (ValueError, KeyError, TypeError, AttributeError):
            raise ValueError(f"has no readable header ({size:,} bytes)") from None
    if size != 8 + length + end:
        raise ValueError(f"is truncated: {size:,} of {8 + length + end:,} bytes")
    return count, dtypes, len(tensors)
