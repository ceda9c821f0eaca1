"""A network with fresh weights: Qwen2-VL, or our own architecture."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from jaxtyping import Float
from torch import Tensor

from forethought.backbones.frozen_tower import (
    EFFICIENTNET_TOWER,
    NO_TOWER,
    FrozenWeights,
)
from forethought.backbones.picture_head import HeadSizes
from forethought.errors import ConfigError

if TYPE_CHECKING:
    from transformers import Qwen2VLForConditionalGeneration


@dataclass(frozen=True, slots=True)
class Shape:
    """The size of a network, and what it sees pictures with.

    That is a Qwen2-VL vision encoder of the sizes `vision_hidden`, `vision_layers` and
    `vision_heads`, which is trained; or a frozen one, where `tower` is the import path of a function
    without arguments that returns its `FrozenWeights`; or, with neither, nothing: text alone.

    Args:
        spread: standard deviation of the initial weights.

    Raises:
        ValueError: if the sizes do not fit together, or there are two vision encoders.
    """

    vocabulary: int
    hidden: int
    layers: int
    heads: int
    key_value_heads: int
    feed_forward: int
    context: int
    spread: float
    vision_hidden: int | None = None
    vision_layers: int | None = None
    vision_heads: int | None = None
    tower: str | None = None

    def __post_init__(self) -> None:
        if self.hidden % (2 * self.heads) or self.heads % self.key_value_heads:
            raise ValueError(
                f"hidden must be a multiple of 2 x heads, and heads one of key_value_heads, got "
                f"{self.hidden}, {self.heads} and {self.key_value_heads}"
            )
        given = [size is not None for size in self._vision_sizes]
        if any(given) and not all(given):
            raise ValueError(
                "vision_hidden, vision_layers and vision_heads belong together: give all three, or "
                "none of them"
            )
        if any(given) and self.tower is not None:
            raise ValueError(
                "a network has one vision encoder: give `tower`, which is frozen, or vision_hidden, "
                "vision_layers and vision_heads, which are trained"
            )

    @property
    def sees(self) -> bool:
        """Whether it has a vision encoder."""
        return self.tower is not None or self.is_stock

    @property
    def is_stock(self) -> bool:
        """Whether it is a Qwen2-VL network."""
        return None not in self._vision_sizes

    @property
    def _vision_sizes(self) -> tuple[int | None, ...]:
        return self.vision_hidden, self.vision_layers, self.vision_heads


def new_network(
    shape: Shape,
    *,
    token_ids: dict[str, int],
    generator: torch.Generator,
    frozen: FrozenWeights | None = None,
    embeddings: Float[Tensor, "V H"] | None = None,
) -> "Qwen2VLForConditionalGeneration":
    """Make a network with weights drawn by `generator`, which advances.

    Args:
        token_ids: with the keys `image`, `video`, `vision_start`, `vision_end`, `end` and `pad`.
        frozen: what the function that `shape.tower` names returned.
        embeddings: initial rows of all tokens.

    Raises:
        ConfigError: if `embeddings` are not of the shape's vocabulary and width, or the frozen
            weights not of the tower's.
    """
    if (frozen is None) is not (shape.tower is None):
        raise ConfigError(
            "frozen weights go with a shape that has a `tower`; give both, or neither"
        )
    if embeddings is not None and embeddings.shape != (shape.vocabulary, shape.hidden):
        raise ConfigError(
            f"the initial embeddings are {' x '.join(map(str, embeddings.shape))}, but the shape "
            f"has vocabulary x hidden = {shape.vocabulary} x {shape.hidden}; make the two agree"
        )
    spread = shape.spread if embeddings is None else float(embeddings.std())
    sizes = frozen.head.sizes if frozen is not None else None
    # The network initialises itself from the global generator, whose state is set meanwhile.
    with torch.random.fork_rng(devices=[]):
        torch.random.set_rng_state(generator.get_state())
        network = draw_network(shape, token_ids=token_ids, sizes=sizes, spread=spread)
        generator.set_state(torch.random.get_rng_state())
    if frozen is not None:
        network.model.visual.fill(frozen, generator)
    if embeddings is not None:
        with torch.no_grad():
            network.get_input_embeddings().weight.copy_(embeddings)
    made: Qwen2VLForConditionalGeneration = network
    return made


def draw_network(
    shape: Shape, *, token_ids: dict[str, int], sizes: HeadSizes | None, spread: float
) -> Any:  # noqa: ANN401 - transformers types it loosely
    """The network as its class draws it, by the global generator; `sizes` are a tower's head's."""
    vision = _stock_vision(shape) if shape.is_stock else _tower(shape, sizes, spread=spread)
    settings = {**_settings(shape, token_ids), "vision_config": vision}
    if shape.is_stock:
        import transformers  # noqa: PLC0415 - slow

        config = transformers.Qwen2VLConfig(**settings)
        return transformers.Qwen2VLForConditionalGeneration(config)
    from forethought.backbones.forethought_vl import (  # noqa: PLC0415 - slow
        ForethoughtVLConfig,
        ForethoughtVLForConditionalGeneration,
    )

    return ForethoughtVLForConditionalGeneration(ForethoughtVLConfig(**settings))


def _stock_vision(shape: Shape) -> dict[str, object]:
    return {
        "depth": shape.vision_layers,
        "embed_dim": shape.vision_hidden,
        "hidden_size": shape.hidden,
        "num_heads": shape.vision_heads,
        "mlp_ratio": 4,
        "initializer_range": shape.spread,
    }


def _tower(shape: Shape, sizes: HeadSizes | None, *, spread: float) -> dict[str, object]:
    """Its tokens get the spread of the embeddings that they stand among."""
    if sizes is None:
        return {"tower": NO_TOWER}
    return {
        "tower": EFFICIENTNET_TOWER,
        "hidden_size": shape.hidden,
        "class_width": sizes.dimension,
        "head_hidden": sizes.hidden,
        "spread": spread,
    }


def _settings(shape: Shape, token_ids: dict[str, int]) -> dict[str, Any]:
    """The settings of the text layers and of the tokens."""
    head = shape.hidden // shape.heads
    # M-RoPE's published split of half a head: a quarter for time, three eighths each for row
    # and column.
    sections = [head // 8, head * 3 // 16, head // 2 - head // 8 - head * 3 // 16]
    return {
        "text_config": {
            "vocab_size": shape.vocabulary,
            "hidden_size": shape.hidden,
            "intermediate_size": shape.feed_forward,
            "num_hidden_layers": shape.layers,
            "num_attention_heads": shape.heads,
            "num_key_value_heads": shape.key_value_heads,
            "max_position_embeddings": shape.context,
            "rope_parameters": {
                "rope_type": "default",
                "rope_theta": 10_000.0,
                "mrope_section": sections,
            },
            "tie_word_embeddings": True,
            "initializer_range": shape.spread,
            "bos_token_id": None,
            "eos_token_id": token_ids["end"],
            "pad_token_id": token_ids["pad"],
        },
        "image_token_id": token_ids["image"],
        "video_token_id": token_ids["video"],
        "vision_start_token_id": token_ids["vision_start"],
        "vision_end_token_id": token_ids["vision_end"],
        "tie_word_embeddings": True,
    }
