"""Check that the embedding rows of the embed tokens were trained.

A new row is zeros, the mean of the other rows, or a copy of one, until it is trained.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor

from forethought.backbones import QwenVL
from forethought.doctor.finding import Finding, fail, ok, warn
from forethought.encoders import Family
from forethought.renderers import Renderer

MEAN_TOLERANCE = 0.02
"""Distance below which a row counts as the mean row, relative to the norm of the mean row."""
TYPICAL_NORMS = (0.1, 10.0)
"""Norms of a trained row, relative to the median norm."""

_REMEDY = "train the rows with `forethought train`, or take the weights from after training"


@dataclass(slots=True)
class _RowReport:
    """Norms of rows in words, with `faults` that no trained row has and `doubts` that few have."""

    norms: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)


def check_rows(backbone: QwenVL, renderer: Renderer, family: Family) -> Finding:
    """Whether the rows of the embed tokens look trained, in the input and output embeddings."""
    ids = {str(tag): renderer.layout.token_id(tag) for tag in family.embeds}
    if not ids:
        return ok("rows", "no embed token: the vector is read at an ordinary token")
    report = _RowReport()
    network = backbone.network
    vocabulary = renderer.layout.tokenizer.get_vocab_size()
    _inspect(network.get_input_embeddings().weight.detach()[:vocabulary], ids, report)
    completion_format = renderer.completion_format
    if not network.config.tie_word_embeddings and completion_format is not None:
        generated = {completion_format.embed_id, *completion_format.start}
        outputs = network.get_output_embeddings().weight.detach()[:vocabulary]
        generated_ids = {name: token for name, token in ids.items() if token in generated}
        _inspect(outputs, generated_ids, report, suffix=" in lm_head")
    if report.faults:
        return fail("rows", "; ".join(report.faults + report.doubts), _REMEDY)
    if report.doubts:
        return warn("rows", "; ".join(report.doubts), _REMEDY)
    return ok("rows", "; ".join(report.norms))


def _inspect(
    rows: Float[Tensor, "V H"], ids: Mapping[str, int], report: _RowReport, *, suffix: str = ""
) -> None:
    """Compare the rows of `ids` with all others, and add the result to the report."""
    is_other = torch.ones(len(rows), dtype=torch.bool, device=rows.device)
    is_other[list(ids.values())] = False
    others = rows[is_other]
    mean = others.float().mean(0)
    median_norm = float(others.float().norm(dim=-1).median())
    for name, token in ids.items():
        row = rows[token].float()
        norm = float(row.norm()) / median_norm
        report.norms.append(f"{name}{suffix} has {norm:.2f} times the median norm")
        if not torch.isfinite(row).all() or not row.any():
            report.faults.append(f"{name}{suffix} is all zeros or not finite")
        elif (row - mean).norm() <= MEAN_TOLERANCE * mean.norm():
            report.doubts.append(f"{name}{suffix} is the mean of the other rows: never trained")
        elif (others == rows[token]).all(dim=-1).any():
            report.doubts.append(f"{name}{suffix} is a copy of another token's row: never trained")
        elif not TYPICAL_NORMS[0] <= norm <= TYPICAL_NORMS[1]:
            report.doubts.append(report.norms[-1])
    report.faults += _equal_rows(rows, ids, suffix)


def _equal_rows(rows: Float[Tensor, "V H"], ids: Mapping[str, int], suffix: str) -> list[str]:
    names = list(ids)
    return [
        f"{name} and {other}{suffix} have the same row"
        for index, name in enumerate(names)
        for other in names[:index]
        if torch.equal(rows[ids[name]], rows[ids[other]])
    ]
