"""Was the embed token's row ever trained? A new row is zeros, a mean or a copy until it is."""

from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor

from forethought.backbones import QwenVL
from forethought.doctor.finding import Finding, fail, ok, warn
from forethought.encoders import Family
from forethought.renderers import Renderer

NEAR_MEAN = 0.02
"""How far from the mean row a mean row is found after rounding, in lengths of the mean."""
USUAL = (0.1, 10.0)
"""Lengths of a trained row, in lengths of the median row."""

_TRAIN = "train the rows with `forethought train`, or take weights from after training"


def check_rows(backbone: QwenVL, renderer: Renderer, family: Family) -> Finding:
    """Whether the rows of the embed tokens look like trained ones, going in and coming out."""
    ids = {str(tag): renderer.layout.token_id(tag) for tag in family.embeds}
    if not ids:
        return ok("rows", "no row of its own: the vector is read at an ordinary token")
    network = backbone.network
    known = renderer.layout.tokenizer.get_vocab_size()
    ins = network.get_input_embeddings().weight.detach()[:known]
    told, fatal, odd = _told(ins, ids, where="")
    completion_format = renderer.completion_format
    if not network.config.tie_word_embeddings and completion_format is not None:
        written = {
            name: at
            for name, at in ids.items()
            if at in {completion_format.embed_id, *completion_format.start}
        }
        outs = network.get_output_embeddings().weight.detach()[:known]
        more = _told(outs, written, where=" in lm_head")
        told, fatal, odd = (mine + its for mine, its in zip((told, fatal, odd), more, strict=True))
    if fatal:
        return fail("rows", "; ".join(fatal + odd), _TRAIN)
    if odd:
        return warn("rows", "; ".join(odd), _TRAIN)
    return ok("rows", "; ".join(told))


def _told(
    rows: Float[Tensor, "V H"], ids: Mapping[str, int], *, where: str
) -> tuple[list[str], list[str], list[str]]:
    """What is said of each row; what no trained row can be; what a trained row hardly is."""
    others = torch.ones(len(rows), dtype=torch.bool, device=rows.device)
    others[list(ids.values())] = False
    usual = rows[others]
    mean = usual.float().mean(0)
    median = float(usual.float().norm(dim=-1).median())
    told, fatal, odd = [], [], []
    for name, at in ids.items():
        row = rows[at].float()
        length = float(row.norm()) / median
        told.append(f"{name}{where} {length:.2f} times the median row's length")
        if not torch.isfinite(row).all() or not row.any():
            fatal.append(f"{name}{where} is all zeros or not finite")
        elif (row - mean).norm() <= NEAR_MEAN * mean.norm():
            odd.append(f"{name}{where} is the mean of the other rows: never trained")
        elif (rows[others] == rows[at]).all(dim=-1).any():
            odd.append(f"{name}{where} is a copy of another token's row: never trained")
        elif not USUAL[0] <= length <= USUAL[1]:
            odd.append(told[-1])
    fatal += _alike(rows, ids, where)
    return told, fatal, odd


def _alike(rows: Float[Tensor, "V H"], ids: Mapping[str, int], where: str) -> list[str]:
    names = list(ids)
    return [
        f"{one} and {other}{where} are one and the same row"
        for place, one in enumerate(names)
        for other in names[:place]
        if torch.equal(rows[ids[one]], rows[ids[other]])
    ]
