"""Gates: whether a rationale is worth its tokens, decided from the prefill alone."""

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
from forethought.files import atomic, write_text


@runtime_checkable
class Gate(Protocol):
    """Gives each row of a prefill the probability that a rationale pays."""

    @property
    def threshold(self) -> float:
        """Probability from which on a rationale is written."""
        ...

    def __call__(self, prefill: Prefill) -> Float[Tensor, " N"]: ...


@dataclass(frozen=True, slots=True, eq=False)
class LogisticGate:
    """Logistic regression on the unit-length direct vector.

    A rationale is written where the probability reaches `threshold`. `fitted_on` describes the
    data it was fitted to, for the model card.
    """

    weight: Float[Tensor, " D"]
    bias: float
    threshold: float
    fitted_on: str

    def __call__(self, prefill: Prefill) -> Float[Tensor, " N"]:
        """Probability of each row, in [0, 1]."""
        vectors = F.normalize(prefill.direct.float(), dim=-1)
        return torch.sigmoid(vectors @ self.weight.to(vectors.device) + self.bias)

    def save(self, folder: Path) -> None:
        """Write `gate.safetensors` (weight) and `gate.json` (bias, threshold, fitted_on)."""
        with atomic(folder / "gate.safetensors") as temporary:
            save_file({"weight": self.weight.float().contiguous()}, temporary)
        settings = {"bias": self.bias, "threshold": self.threshold, "fitted_on": self.fitted_on}
        write_text(folder / "gate.json", json.dumps(settings, indent=2) + "\n")


@dataclass(frozen=True, slots=True, eq=False)
class ActionGate:
    """The model's choice of its first token: `think_id` or `embed_id` (MMEmb-R1).

    The probability is that of `think_id` between the two.
    """

    backbone: QwenVL
    think_id: int
    embed_id: int
    threshold: float = 0.5

    @torch.inference_mode()
    def __call__(self, prefill: Prefill) -> Float[Tensor, " N"]:
        """Probability of each row, in [0, 1]."""
        scores = self.backbone.logits(prefill.last).float()
        return torch.sigmoid(scores[:, self.think_id] - scores[:, self.embed_id])


def load_gate(folder: str | Path) -> LogisticGate | None:
    """The gate of a model folder; None if it has none.

    Raises:
        ModelError: if one of its two files is missing or damaged.
    """
    folder = Path(folder)
    if not (folder / "gate.json").exists():
        return None
    try:
        settings = json.loads((folder / "gate.json").read_text(encoding="utf-8"))
        weight = _finite(load_file(folder / "gate.safetensors")["weight"])
        return LogisticGate(weight, settings["bias"], settings["threshold"], settings["fitted_on"])
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise ModelError(
            f"{folder}: the gate cannot be read ({error}); fit it again with `forethought train`"
        ) from None


def _finite(weight: Float[Tensor, " D"]) -> Float[Tensor, " D"]:
    if not bool(weight.isfinite().all()):
        raise ValueError("a weight is not finite")
    return weight
