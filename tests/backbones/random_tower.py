"""Random weights for a frozen tower, with a spread at which features depend on the picture."""

import numpy as np
import torch
from torch.nn import functional as F

from forethought.backbones.efficientnet import CLASSES, EfficientNetLite
from forethought.backbones.frozen_tower import FrozenTower, FrozenWeights
from forethought.backbones.picture_head import HeadSizes, PictureHead

CLASS_WIDTH, HEAD_HIDDEN = 12, 7
HIDDEN = 32


def frozen_weights(class_width=CLASS_WIDTH):
    """A net and its head, as a recipe's function returns them; bfloat16 holds them."""
    generator = torch.Generator().manual_seed(3)
    state = EfficientNetLite().state_dict()
    for name, weight in state.items():
        if name.endswith("weight"):
            fan_in = weight[0].numel()
            weight.normal_(std=(2 / fan_in) ** 0.5, generator=generator)
        else:
            weight.normal_(std=0.1, generator=generator)
    head = PictureHead(HeadSizes(hidden=HEAD_HIDDEN, dimension=class_width))
    for parameter in head.parameters():
        torch.nn.init.normal_(parameter, std=0.05, generator=generator)
    rows = F.normalize(torch.randn(CLASSES, class_width, generator=generator), dim=-1)
    head.class_vectors.copy_(rows)
    head.far.fill_(0.7)
    return FrozenWeights(
        {name: weight.bfloat16().float() for name, weight in state.items()},
        head.bfloat16().float().requires_grad_(requires_grad=False),
    )


def tower(spread=0.08, hidden=HIDDEN):
    """A tower with random frozen weights and initial learned ones."""
    made = FrozenTower(
        hidden=hidden, class_width=CLASS_WIDTH, head_hidden=HEAD_HIDDEN, spread=spread
    )
    made.fill(frozen_weights(), torch.Generator().manual_seed(5))
    return made.eval()


def picture(seed, height, width):
    """Random blocks of colour."""
    rng = np.random.default_rng(seed)
    return (
        rng.integers(0, 256, (height // 28, width // 28, 3))
        .astype(np.uint8)
        .repeat(28, 0)
        .repeat(28, 1)
    )
