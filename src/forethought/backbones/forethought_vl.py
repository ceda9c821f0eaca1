"""Our own architecture: the text layers of Qwen2-VL behind a frozen vision encoder, or behind none.

Imported with transformers alone.
"""

from typing import Any

from torch import nn
from transformers import PreTrainedConfig, Qwen2VLConfig, Qwen2VLForConditionalGeneration
from transformers.models.qwen2_vl.configuration_qwen2_vl import Qwen2VLTextConfig
from transformers.models.qwen2_vl.modeling_qwen2_vl import (
    Qwen2VLModel,
    Qwen2VLPreTrainedModel,
    Qwen2VLTextModel,
)

from forethought.backbones.frozen_tower import (
    EFFICIENTNET_TOWER,
    NO_TOWER,
    PATCH_SIZE,
    TEMPORAL_PATCH_SIZE,
    FrozenTower,
)
from forethought.errors import ModelError


class TowerConfig(PreTrainedConfig):  # type: ignore[no-untyped-call]
    """The sizes of a frozen vision encoder; `tower` "none" is a network of text alone.

    `hidden_size` is the width of its tokens, `spread` that of the initial ones; see `FrozenTower`.
    """

    model_type = "forethought_tower"
    base_config_key = "vision_config"

    def __init__(
        self,
        *,
        tower: str = NO_TOWER,
        hidden_size: int = 0,
        class_width: int = 0,
        head_hidden: int = 0,
        spread: float = 0.0,
        **others: Any,  # noqa: ANN401 - of the base class
    ) -> None:
        self.tower = tower
        self.hidden_size = hidden_size
        self.class_width = class_width
        self.head_hidden = head_hidden
        self.spread = spread
        self.patch_size = PATCH_SIZE
        self.spatial_merge_size = FrozenTower.spatial_merge_size
        self.temporal_patch_size = TEMPORAL_PATCH_SIZE
        super().__init__(**others)


_PARTS: Any = {"vision_config": TowerConfig, "text_config": Qwen2VLTextConfig}


class ForethoughtVLConfig(Qwen2VLConfig):  # type: ignore[no-untyped-call]
    """Qwen2-VL's settings with those of another vision encoder.

    The `model_type` is none of transformers', which would draw a stock vision encoder at random.
    """

    model_type = "forethought_vl"
    # Newer transformers read the second name, older ones the first.
    sub_configs = _PARTS
    sub_configs_defaults = _PARTS

    def __init__(self, **settings: Any) -> None:  # noqa: ANN401 - of the base class
        super().__init__(**settings)


class ForethoughtVLModel(Qwen2VLModel):  # type: ignore[no-untyped-call]
    """Qwen2-VL's inner model, made with another `visual`."""

    def __init__(self, config: Any) -> None:  # noqa: ANN401 - transformers types its parts loosely
        # Not the stock constructor, which makes the stock vision encoder.
        Qwen2VLPreTrainedModel.__init__(self, config)
        self.visual = _tower(config.vision_config)
        self.language_model = Qwen2VLTextModel._from_config(config.text_config)  # type: ignore[no-untyped-call]  # noqa: SLF001 - as the stock one
        self.rope_deltas = None
        self.post_init()  # type: ignore[no-untyped-call]


class ForethoughtVLForConditionalGeneration(  # type: ignore[no-untyped-call]
    Qwen2VLForConditionalGeneration
):
    """The network of our own models; `load_checkpoint` reads it, stock transformers does not."""

    config_class = ForethoughtVLConfig
    # What the frozen vision encoder says must not depend on the precision of the rest.
    _keep_in_fp32_modules_strict = ["net", "head"]  # noqa: RUF012 - as the base class has it

    def __init__(self, config: Any) -> None:  # noqa: ANN401 - as above
        Qwen2VLPreTrainedModel.__init__(self, config)
        self.model = ForethoughtVLModel(config)
        text = config.text_config
        self.lm_head = nn.Linear(text.hidden_size, text.vocab_size, bias=False)
        self.post_init()  # type: ignore[no-untyped-call]


def _tower(config: TowerConfig) -> FrozenTower | None:
    if config.tower == NO_TOWER:
        return None
    if config.tower != EFFICIENTNET_TOWER:
        raise ModelError(
            f"vision_config names the tower {config.tower!r}; known: {EFFICIENTNET_TOWER}, "
            f"{NO_TOWER}; install a newer forethought, or train the model again"
        )
    return FrozenTower(
        hidden=config.hidden_size,
        class_width=config.class_width,
        head_hidden=config.head_hidden,
        spread=config.spread,
    )
