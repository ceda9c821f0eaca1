"""A Qwen-VL checkpoint that can read a batch, go on writing, and be trained."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel
from transformers import DynamicCache

from forethought.backbones.batch import Batch, PlaceholderTokens
from forethought.backbones.decoder import DecodeCache, extend


@dataclass(frozen=True, slots=True, eq=False)
class QwenVL:
    """One stock network for conditional generation, spoken to in batches.

    Qwen2-VL, Qwen2.5-VL or Qwen3-VL. Every state it returns is the last layer's, after the
    final norm.
    """

    network: Any

    @property
    def device(self) -> torch.device:
        """Where the weights lie."""
        device: torch.device = next(self.network.parameters()).device
        return device

    @property
    def devices(self) -> frozenset[torch.device]:
        """All devices the weights lie on."""
        return frozenset(parameter.device for parameter in self.network.parameters())

    @property
    def dimension(self) -> int:
        """How long a state is."""
        return int(self.network.config.text_config.hidden_size)

    @property
    def vocabulary(self) -> int:
        """How many tokens are scored."""
        return int(self.network.config.text_config.vocab_size)

    @property
    def context(self) -> int:
        """The most tokens a sequence may have."""
        return int(self.network.config.text_config.max_position_embeddings)

    @property
    def cache_size(self) -> int:
        """How many numbers the keys and values of one token are."""
        config = self.network.config.text_config
        size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
        return 2 * int(config.num_hidden_layers * config.num_key_value_heads * size)

    @property
    def writes(self) -> bool:
        """Whether it has the part that scores next tokens; some embedders are published without."""
        return self.network.lm_head is not None

    @property
    def placeholders(self) -> PlaceholderTokens:
        """Which tokens stand for pictures and videos."""
        config = self.network.config
        return PlaceholderTokens(
            image_id=int(config.image_token_id),
            video_id=int(config.video_token_id),
            merge_size=int(config.vision_config.spatial_merge_size),
        )

    def read(self, batch: Batch, *, cache: DynamicCache | None = None) -> Float[Tensor, "B T H"]:
        """Run a whole batch; a `cache` is filled so that writing can go on from it."""
        images, videos = batch.images, batch.videos
        with attention_kernels(batch.token_ids.device):
            hidden: Tensor = self.network.model(
                input_ids=batch.token_ids,
                attention_mask=batch.mask,
                position_ids=batch.positions,
                mm_token_type_ids=batch.kinds,
                pixel_values=images and images.patches,
                image_grid_thw=images and images.grids,
                pixel_values_videos=videos and videos.patches,
                video_grid_thw=videos and videos.grids,
                past_key_values=cache,
                use_cache=cache is not None,
            ).last_hidden_state
        return hidden

    def see(
        self, patches: Float[Tensor, "N C"], grids: Int[Tensor, "I 3"], *, deeper: bool = False
    ) -> Float[Tensor, "M W"]:
        """Turn pictures alone into what the language model is shown, one vector a token.

        With `deeper`, what later layers are shown stands beside it, where any is (Qwen3-VL).
        """
        with attention_kernels(patches.device):
            seen = self.network.model.visual(patches, grid_thw=grids)
        beside = (getattr(seen, "deepstack_features", None) or []) if deeper else []
        return torch.cat([seen.pooler_output, *beside], dim=1)

    def extend(
        self, token_ids: Int[Tensor, "N T"], *, positions: Int[Tensor, " N"], cache: DecodeCache
    ) -> Float[Tensor, "N T H"]:
        """Feed each row its next tokens, from `positions` on; the cache says what each may see."""
        with attention_kernels(token_ids.device):
            return extend(self.network, token_ids, positions=positions, cache=cache)

    def logits(self, hidden: Float[Tensor, "N H"]) -> Float[Tensor, "N V"]:
        """Score every token of the vocabulary as the next one."""
        scores: Tensor = self.network.lm_head(hidden)
        return scores.to(hidden.device)


def attention_kernels(device: torch.device) -> AbstractContextManager[None]:
    """Let torch choose among the kernels that serve any shape.

    On Hopper it would prefer cuDNN's, which are built on the host for every number of rows and
    every length that a thread meets first: that takes longer than they save. Where gradients
    are asked for nothing is said, for a checkpointed layer runs once more outside.
    """
    if device.type != "cuda" or torch.is_grad_enabled():
        return nullcontext()
    kernels = [SDPBackend.FLASH_ATTENTION, SDPBackend.EFFICIENT_ATTENTION, SDPBackend.MATH]
    chosen: AbstractContextManager[None] = sdpa_kernel(kernels)
    return chosen
