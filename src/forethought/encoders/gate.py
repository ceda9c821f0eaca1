"""Is a rationale worth its price here? Read from the same pass as the direct vector."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

import torch
import torch.nn.functional as F
from jaxtyping import Float
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from forethought.backbones import QwenVL
from forethought.engines import Prefill
from forethought.errors import ModelError


@runtime_checkable
class Gate(Protocol):
    """Reads a prefill; gives the probability that thinking pays for each of its rows."""

    @property
    def threshold(self) -> float:
        """The probability from which on an input is thought about."""
        ...

    def __call__(self, prefill: Prefill) -> Float[Tensor, " N"]: ...


@dataclass(frozen=True, slots=True, eq=False)
class LogisticGate:
    """A straight line through the direct space.

    An input is thought about where the probability reaches `threshold`. `fitted_on` says on
    what it was learned, for the reader of a model card.
    """

    weight: Float[Tensor, " D"]
    bias: float
    threshold: float
    fitted_on: str

    def __call__(self, prefill: Prefill) -> Float[Tensor, " N"]:
        """Give each row's probability, in [0, 1]."""
        vectors = F.normalize(prefill.direct.float(), dim=-1)
        return torch.sigmoid(vectors @ self.weight.to(vectors.device) + self.bias)

    def save(self, folder: Path) -> None:
        """Write `gate.safetensors` and what a person may want to read, `gate.json`."""
        save_file({"weight": self.weight.float().contiguous()}, folder / "gate.safetensors")
        told = {"bias": self.bias, "threshold": self.threshold, "fitted_on": self.fitted_on}
        (folder / "gate.json").write_text(json.dumps(told, indent=2) + "\n")


@dataclass(frozen=True, slots=True, eq=False)
class ActionGate:
    """The model's own first word: to think, or to embed at once (MMEmb-R1).

    The probability is that of `think_id` among the two actions alone.
    """

    backbone: QwenVL
    think_id: int
    embed_id: int
    threshold: float = 0.5

    @torch.inference_mode()
    def __call__(self, prefill: Prefill) -> Float[Tensor, " N"]:
        """Give each row's probability, in [0, 1]."""
        scores = self.backbone.logits(prefill.last).float()
        return torch.sigmoid(scores[:, self.think_id] - scores[:, self.embed_id])


def load_gate(folder: Path) -> LogisticGate | None:
    """Read a model folder's gate; None if it was never given one.

    Raises:
        ModelError: if its two files do not belong together.
    """
    if not (folder / "gate.json").exists():
        return None
    try:
        told = json.loads((folder / "gate.json").read_text())
        weight = load_file(folder / "gate.safetensors")["weight"]
        return LogisticGate(weight, told["bias"], told["threshold"], told["fitted_on"])
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise ModelError(
            f"{folder}: the gate cannot be read ({error}); fit it again with `forethought train`"
        ) from None
