"""A frozen image classifier as vision encoder, and the learned layers that project its features."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from forethought.backbones.conse import conse
from forethought.backbones.efficientnet import (
    EFFICIENTNET_FEATURES,
    EfficientNetLite,
    picture_batch,
)
from forethought.backbones.image_processor import ImageProcessor
from forethought.backbones.picture_head import HeadSizes, PictureHead
from forethought.errors import ConfigError

if TYPE_CHECKING:
    from transformers.modeling_outputs import BaseModelOutputWithPooling

OWN_ARCHITECTURE = "forethought_vl"
"""The `model_type` of networks with a frozen tower, or without any; see `forethought_vl.py`."""
EFFICIENTNET_TOWER = "efficientnet_lite0"
NO_TOWER = "none"
"""What `tower` is in the config of a network that takes text alone."""
PATCH_SIZE = 56
TEMPORAL_PATCH_SIZE = 2
TOWER_PIXELS = 224**2
"""Of a picture, as in the training of the weights: a square one has 4 x 4 places."""
_UNSCALED_SPREAD = 2.1
"""Standard deviation of tokens from initial weights: three terms of variance 1, then a residual."""


@dataclass(frozen=True, slots=True, eq=False)
class FrozenWeights:
    """The state of an `EfficientNetLite`, and a head that was fitted on its features."""

    net: Mapping[str, Tensor]
    head: PictureHead


class FrozenTower(nn.Module):
    """EfficientNet-Lite0, which is never trained, and a learned projection of its features.

    It takes the place of a stock vision encoder, and makes a token of every patch of 56 x 56
    pixels. Its frozen weights are buffers, so neither an optimizer nor `requires_grad_` reaches
    them.

    Args:
        hidden: the width of a token.
        class_width: the width of a class vector.
        head_hidden: the width of the head's hidden layer.
        spread: standard deviation of the tokens that the initial weights give, about.
    """

    spatial_merge_size = 1

    def __init__(self, *, hidden: int, class_width: int, head_hidden: int, spread: float) -> None:
        super().__init__()
        self.net = EfficientNetLite()
        self.head = PictureHead(HeadSizes(hidden=head_hidden, dimension=class_width))
        _weights_to_buffers(self.net)
        _weights_to_buffers(self.head)
        self.projector = TowerProjector(hidden, class_width=class_width, spread=spread)

    @property
    def dtype(self) -> torch.dtype:
        """The precision of the learned weights, which a stock network converts its inputs to."""
        return self.projector.places.weight.dtype

    @property
    def class_vectors(self) -> Float[Tensor, "K D"]:
        """Unit vectors of the names of the classifier's classes."""
        return self.head.class_vectors

    @property
    def feature_width(self) -> int:
        """The number of features of a place: the net's, two vectors, and a probability."""
        return EFFICIENTNET_FEATURES + 2 * self.class_vectors.shape[1] + 1

    @torch.no_grad()
    def features(
        self, patches: Float[Tensor, "N C"], grids: Int[Tensor, "I 3"]
    ) -> Float[Tensor, "N F"]:
        """What the frozen weights say about every place, in the order of the patches.

        The net's features there, then the mean of the likeliest classes' vectors there (ConSE,
        arXiv 1312.5650), then the head's vector of the whole picture, then the probability of
        its likeliest class: how far the classes can be trusted. A picture is run at its own aspect
        ratio; of a video's two frames in one temporal patch, the mean is run.
        """
        pictures = list(_pictures(patches.to(self.class_vectors.dtype), grids))
        by_size: dict[torch.Size, list[int]] = defaultdict(list)
        for index, picture in enumerate(pictures):
            by_size[picture.shape].append(index)
        found = [patches] * len(pictures)
        # Rounding to bfloat16 would make these features differ from cached ones.
        with torch.autocast(patches.device.type, enabled=False):
            for same in by_size.values():
                size = picture_batch(patches.device)
                for start in range(0, len(same), size):
                    group = same[start : start + size]
                    rows = self._features_of(torch.stack([pictures[index] for index in group]))
                    for index, row in zip(group, rows, strict=True):
                        found[index] = row
        return torch.cat(found)

    @torch.no_grad()
    def fill(self, weights: FrozenWeights, generator: torch.Generator) -> None:
        """Set the frozen weights, as float16 holds them, and draw the learned ones.

        They are saved in float16; without rounding now, the features that a model was trained
        with would not be those of the saved model. (In bfloat16, which has three bits less, the
        cosine between what rounded and exact weights say of a place falls to 0.91.)

        Raises:
            ConfigError: if a tensor is missing, or of another shape.
        """
        head = weights.head.state_dict()
        try:
            self.net.load_state_dict({name: value.half() for name, value in weights.net.items()})
            self.head.load_state_dict({name: value.half() for name, value in head.items()})
        except RuntimeError as error:
            raise ConfigError(
                f"the frozen weights do not fit EfficientNet-Lite0 and its head ({error}); check the function that the recipe's `tower` names"
            ) from None
        self.projector.draw(generator)

    def forward(
        self,
        pixel_values: Float[Tensor, "N C"],
        grid_thw: Int[Tensor, "I 3"],
        **_: object,
    ) -> "BaseModelOutputWithPooling":
        """One token for each patch, as a stock vision encoder of this `spatial_merge_size` returns.

        `pixel_values` as wide as `feature_width` are features, computed before by `features`:
        only the projection is run.
        """
        from transformers.modeling_outputs import (  # noqa: PLC0415 - slow
            BaseModelOutputWithPooling,
        )

        is_features = pixel_values.shape[1] == self.feature_width
        features = pixel_values if is_features else self.features(pixel_values, grid_thw)
        tokens = self.projector(features.to(self.dtype))
        return BaseModelOutputWithPooling(last_hidden_state=tokens, pooler_output=tokens)

    def _features_of(self, pixels: Float[Tensor, "B 3 H W"]) -> Float[Tensor, "B P F"]:
        """The features of pictures of one size, whose sides are whole numbers of patches."""
        grid = (pixels.shape[2] // PATCH_SIZE, pixels.shape[3] // PATCH_SIZE)
        maps = self.net(pixels.contiguous(memory_format=torch.channels_last))
        places = F.adaptive_avg_pool2d(maps, grid).flatten(2).transpose(1, 2)
        named = conse(self._probabilities(places), self.class_vectors)
        return torch.cat([places, named, self._whole(maps.mean((2, 3)), grid)], dim=2)

    def _whole(
        self, features: Float[Tensor, "B F"], grid: tuple[int, int]
    ) -> Float[Tensor, "B P W"]:
        """The head's vector and the largest probability, for every place alike."""
        probabilities = self._probabilities(features)
        vectors = self.head(features, probabilities)
        found = torch.cat([vectors, probabilities.amax(-1, keepdim=True)], dim=-1)
        return found[:, None].expand(-1, grid[0] * grid[1], -1)

    def _probabilities(self, features: Float[Tensor, "*B F"]) -> Float[Tensor, "*B C"]:
        found: Tensor = self.net.classifier(features).softmax(-1)
        return found


class TowerProjector(nn.Module):
    """Projects the features of a frozen tower to tokens of a language model."""

    def __init__(self, hidden: int, *, class_width: int, spread: float) -> None:
        super().__init__()
        self.places = nn.Linear(EFFICIENTNET_FEATURES, hidden)
        self.place_classes = nn.Linear(class_width, hidden, bias=False)
        self.picture = nn.Linear(class_width + 1, hidden, bias=False)
        self.mix = nn.Linear(hidden, hidden)
        self._scale = spread / _UNSCALED_SPREAD

    def forward(self, features: Float[Tensor, "N F"]) -> Float[Tensor, "N H"]:
        """One token for each row of features."""
        width = self.place_classes.in_features
        places, place, picture = torch.split(features, [EFFICIENTNET_FEATURES, width, width + 1], 1)
        hidden = (
            self.places(F.layer_norm(places, places.shape[1:]))
            # Unit vectors as long as the normalised features.
            + self.place_classes(place * width**0.5)
            + self.picture(picture * width**0.5)
        )
        out: Tensor = (hidden + self.mix(F.gelu(hidden))) * self._scale
        return out

    @torch.no_grad()
    def draw(self, generator: torch.Generator) -> None:
        """Draw initial weights that keep the variance of their inputs."""
        for layer in (self.places, self.place_classes, self.picture, self.mix):
            nn.init.normal_(layer.weight, std=layer.in_features**-0.5, generator=generator)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


def tower_image_processor(*, pixels: int = TOWER_PIXELS) -> ImageProcessor:
    """The image processor of a frozen tower: pictures of about `pixels` pixels, sides of patches."""
    return ImageProcessor(
        min_pixels=pixels,
        max_pixels=pixels,
        patch_size=PATCH_SIZE,
        merge_size=1,
        temporal_patch_size=TEMPORAL_PATCH_SIZE,
        # The published weights take (value - 127) / 128.
        mean=(127 / 255,) * 3,
        std=(128 / 255,) * 3,
    )


def _pictures(
    patches: Float[Tensor, "N C"], grids: Int[Tensor, "I 3"]
) -> Iterator[Float[Tensor, "3 H W"]]:
    """Put every temporal patch together; a picture is its own mean over two equal frames."""
    sizes = [tuple(grid) for grid in grids.tolist()]
    counts = [times * rows * columns for times, rows, columns in sizes]
    for part, (times, rows, columns) in zip(torch.split(patches, counts), sizes, strict=True):
        blocks = part.view(times, rows, columns, 3, TEMPORAL_PATCH_SIZE, PATCH_SIZE, PATCH_SIZE)
        frames = blocks.mean(4).permute(0, 3, 1, 4, 2, 5)
        yield from frames.reshape(times, 3, rows * PATCH_SIZE, columns * PATCH_SIZE)


def _weights_to_buffers(module: nn.Module) -> None:
    for part in module.modules():
        for name, weight in list(part.named_parameters(recurse=False)):
            delattr(part, name)
            part.register_buffer(name, weight.detach())
