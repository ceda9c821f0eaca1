"""The roofline of decoding: the least time a machine's bandwidth and matmul rate allow."""

from dataclasses import dataclass

from forethought.backbones import QwenVL
from forethought.doctor.machine import MachineRates


@dataclass(frozen=True, slots=True)
class DecodeCost:
    """What one decoding step must move and compute.

    A step reads every weight of the language model once, and the KV cache of every row; it does
    `flops_per_token` operations for every row.
    """

    weight_bytes: int
    cache_bytes_per_token: int
    flops_per_token: int

    def step_bytes(self, *, rows: int, length: float) -> float:
        """Bytes that one step moves for `rows` rows, each with `length` tokens in its cache."""
        return self.weight_bytes + rows * length * self.cache_bytes_per_token

    def step_seconds(self, rates: MachineRates, *, rows: int, length: float) -> float:
        """The least time of a step: that of moving or of computing, whichever is longer."""
        moved = self.step_bytes(rows=rows, length=length) / rates.bandwidth
        return max(moved, rows * self.flops_per_token / rates.matmul)

    def least_seconds(
        self, rates: MachineRates, *, tokens: int, inputs: int, rows: int, prompt_tokens: float
    ) -> float:
        """The least time to decode `tokens` tokens in all for `inputs` inputs, `rows` at a time.

        Every step is counted at the mean length of a cache: the prompt's mean, `prompt_tokens`,
        and half of a mean completion. Steps are `tokens` over the rows of a full batch.
        """
        batch = min(rows, inputs)
        length = prompt_tokens + tokens / inputs / 2
        return tokens / batch * self.step_seconds(rates, rows=batch, length=length)


def decode_cost(backbone: QwenVL) -> DecodeCost:
    """Count a backbone's language model, its cache in the precision of its weights."""
    network = backbone.network
    # A tied head is the embedding: counted once, and read whole for the logits.
    weights = {id(p): p for p in network.model.language_model.parameters()}
    weights |= {id(p): p for p in network.lm_head.parameters()}
    size = next(network.parameters()).element_size()
    count = sum(p.numel() for p in weights.values())
    if not network.config.text_config.tie_word_embeddings:
        # An untied embedding is only looked up.
        count -= network.get_input_embeddings().weight.numel()
    return DecodeCost(count * size, backbone.kv_numel * size, 2 * count)
