"""The most bytes that tensors take while a function runs, beyond those there were before."""

from collections.abc import Callable
from weakref import finalize

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from forethought.doctor import peak_memory, reset_peak_memory, synchronize


def peak_bytes(run: Callable[[], object], device: torch.device) -> int:
    """On a GPU by torch's allocator; on a CPU the storages of tensors, without a kernel's own."""
    if device.type == "cpu":
        with LiveBytes() as live:
            run()
        peak: int = live.peak
        return peak
    synchronize(device)
    before = torch.cuda.memory_allocated(device)
    reset_peak_memory(device)
    run()
    synchronize(device)
    return peak_memory(device) - before


class LiveBytes(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the bytes of storages that operators made and that are still in use.

    What is saved for a backward pass is among them, also where a checkpoint saves it or computes
    it again: hooks on saved tensors, which checkpoints replace, do not see that.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.bytes = self.peak = 0
        self._sizes: dict[int, int] = {}

    def __torch_dispatch__(  # noqa: PLR0917 - as the base class has it
        self,
        func: Callable[..., object],
        types: object,
        args: tuple[object, ...] = (),
        kwargs: dict[str, object] | None = None,
    ) -> object:
        output = func(*args, **(kwargs or {}))
        known = {tensor.untyped_storage().data_ptr() for tensor in _tensors((args, kwargs))}
        for tensor in _tensors(output):
            if tensor.untyped_storage().data_ptr() not in known:
                self._add(tensor.untyped_storage())
        return output

    def _add(self, storage: torch.UntypedStorage) -> None:
        address, size = storage.data_ptr(), storage.nbytes()
        if not address or address in self._sizes:
            return
        self._sizes[address] = size
        self.bytes += size
        self.peak = max(self.peak, self.bytes)
        finalize(storage, self._remove, address)

    def _remove(self, address: int) -> None:
        self.bytes -= self._sizes.pop(address)


def _tensors(values: object) -> list[Tensor]:
    return [leaf for leaf in tree_leaves(values) if isinstance(leaf, Tensor)]
