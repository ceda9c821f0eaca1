"""A Qwen-VL network that runs a prefill, decodes, and can be trained."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from threading import Lock
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel

from forethought.backbones.batch import Batch, PlaceholderTokens
from forethought.backbones.decoder import DecodeCache, extend
from forethought.backbones.frozen_tower import NO_TOWER
from forethought.backbones.prefill_cache import PrefillCache, WholePass
from forethought.backbones.text_network import TextNetwork

_LOADING = Lock()


class QwenVL:
    """One `ForConditionalGeneration` network: Qwen2-VL, Qwen2.5-VL, Qwen3-VL, or our own.

    Or its text layers, until something else is needed: then `load_stock` loads the stock network,
    which takes their place. Every hidden state it returns is the last layer's, after the final norm.
    """

    def __init__(self, network: Any, *, load_stock: Callable[[], Any] | None = None) -> None:  # noqa: ANN401 - transformers types it loosely
        self._network = network
        self._load_stock = load_stock

    @property
    def network(self) -> Any:  # noqa: ANN401
        """The stock network; the first call may load it.

        Raises:
            ModelError: if it cannot be loaded.
        """
        with _LOADING:
            if isinstance(self._network, TextNetwork) and self._load_stock:
                # Not under inference mode, whose tensors could never be trained.
                with torch.inference_mode(mode=False):
                    self._network = self._load_stock()
        return self._network

    @property
    def text_network(self) -> Any:  # noqa: ANN401
        """The network whose text layers and config are in use: the stock one once it is loaded."""
        return self._network

    @property
    def device(self) -> torch.device:
        """The device of the first weight; inputs go there."""
        device: torch.device = next(self._network.parameters()).device
        return device

    @property
    def dtype(self) -> torch.dtype:
        """The precision of the first weight."""
        dtype: torch.dtype = next(self._network.parameters()).dtype
        return dtype

    @property
    def devices(self) -> frozenset[torch.device]:
        """All devices that hold weights."""
        return frozenset(parameter.device for parameter in self._network.parameters())

    @property
    def hidden_size(self) -> int:
        """Length of a hidden state."""
        return int(self._network.config.text_config.hidden_size)

    @property
    def vocab_size(self) -> int:
        """Number of logits."""
        return int(self._network.config.text_config.vocab_size)

    @property
    def context_length(self) -> int:
        """Maximum number of tokens in a sequence."""
        return int(self._network.config.text_config.max_position_embeddings)

    @property
    def num_layers(self) -> int:
        """Number of layers that keep keys and values."""
        return int(self._network.config.text_config.num_hidden_layers)

    @property
    def kv_numel(self) -> int:
        """How many numbers one token's keys and values are, over all layers."""
        config = self._network.config.text_config
        size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
        return 2 * int(config.num_hidden_layers * config.num_key_value_heads * size)

    @property
    def has_lm_head(self) -> bool:
        """Whether it can score next tokens; some embedders are published without that layer."""
        return self._network.lm_head is not None

    @property
    def sees(self) -> bool:
        """Whether it has a vision encoder; a network of text alone takes no pictures and videos."""
        return getattr(self._network.config.vision_config, "tower", "") != NO_TOWER

    @property
    def placeholders(self) -> PlaceholderTokens:
        """The tokens that image and video features replace."""
        config = self._network.config
        return PlaceholderTokens(
            image_id=int(config.image_token_id),
            video_id=int(config.video_token_id),
            merge_size=int(config.vision_config.spatial_merge_size),
        )

    def hidden_states(
        self, batch: Batch, *, cache: PrefillCache | None = None
    ) -> Float[Tensor, "B T H"]:
        """Run a whole batch; an empty `cache` is filled with its keys and values."""
        if self._runs_text(batch):
            return extend(
                self._network,
                batch.token_ids,
                # Text counts up from 0 behind the padding.
                positions=-batch.mask.argmax(dim=1),
                cache=WholePass(batch.mask, cache),
            )
        return self._stock_states(batch, cache)

    def encode_images(
        self, patches: Float[Tensor, "N C"], grids: Int[Tensor, "I 3"], *, deepstack: bool = False
    ) -> Float[Tensor, "M W"]:
        """Run the vision encoder alone; one row for each placeholder token.

        With `deepstack`, the features that deeper layers take (Qwen3-VL) are appended to each row.
        """
        with attention_kernels(patches.device):
            output = self.network.model.visual(patches, grid_thw=grids)
        deeper = (getattr(output, "deepstack_features", None) or []) if deepstack else []
        return torch.cat([output.pooler_output, *deeper], dim=1)

    def extend(
        self, token_ids: Int[Tensor, "N T"], *, positions: Int[Tensor, " N"], cache: DecodeCache
    ) -> Float[Tensor, "N T H"]:
        """Run each row's next tokens, the first of them at M-RoPE position `positions`."""
        with attention_kernels(token_ids.device):
            return extend(self._network, token_ids, positions=positions, cache=cache)

    def logits(self, hidden: Float[Tensor, "N H"]) -> Float[Tensor, "N V"]:
        """Score every token of the vocabulary as the next one."""
        scores: Tensor = self._network.lm_head(hidden)
        return scores.to(hidden.device)

    def _runs_text(self, batch: Batch) -> bool:
        """Whether a batch runs through the text layers alone.

        The same before and after the stock network was loaded, so that the vector of a text does
        not depend on what else was embedded.
        """
        is_text = batch.images is None and batch.videos is None
        device = batch.token_ids.device.type
        is_exact = not torch.is_grad_enabled() and not torch.is_autocast_enabled(device)
        return self._load_stock is not None and is_text and is_exact

    def _stock_states(self, batch: Batch, cache: PrefillCache | None) -> Float[Tensor, "B T H"]:
        model = self.network.model
        images, videos = batch.images, batch.videos
        filled: dict[str, Any] = {}
        if cache is not None:
            from forethought.backbones.stock_cache import (  # noqa: PLC0415 - slow
                cache_argument,
                stock_cache,
            )

            filled = {cache_argument(model): stock_cache(self.num_layers)}
        with attention_kernels(batch.token_ids.device):
            hidden: Tensor = model(
                input_ids=batch.token_ids,
                attention_mask=batch.mask,
                position_ids=batch.positions,
                mm_token_type_ids=batch.token_types,
                pixel_values=images and images.patches,
                image_grid_thw=images and images.grids,
                pixel_values_videos=videos and videos.patches,
                video_grid_thw=videos and videos.grids,
                use_cache=cache is not None,
                **filled,
            ).last_hidden_state
        if cache is not None:
            (stored,) = filled.values()
            cache.layers.extend((layer.keys, layer.values) for layer in stored.layers)
        return hidden


def attention_kernels(device: torch.device) -> AbstractContextManager[None]:
    """Exclude cuDNN's attention on a GPU.

    On Hopper torch prefers it, but it compiles on the host for every new number of rows and
    every new length in each thread, which takes longer than it saves. Where gradients are
    enabled nothing is changed: a checkpointed layer runs once more outside this context.
    """
    if device.type != "cuda" or torch.is_grad_enabled():
        return nullcontext()
    kernels = [SDPBackend.FLASH_ATTENTION, SDPBackend.EFFICIENT_ATTENTION, SDPBackend.MATH]
    chosen: AbstractContextManager[None] = sdpa_kernel(kernels)
    return chosen
