"""The text layers of a Qwen-VL network in plain torch; importing transformers takes seconds.

The modules have transformers' names: a checkpoint's tensors are loaded by name, and
`decoder.extend` runs these modules and the stock ones alike.
"""

from types import SimpleNamespace

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn


class TextNetwork(nn.Module):
    """The embeddings, layers and output layer that `decoder.extend` calls; it has no `forward`.

    `config` holds config.json, each table as an object. Weights are empty, on the meta device;
    `load_text_network` fills them.
    """

    def __init__(self, config: SimpleNamespace) -> None:
        super().__init__()
        self.config = config
        text = config.text_config
        with torch.device("meta"):
            self.model = nn.ModuleDict({"language_model": _TextModel(text)})
            self.lm_head: nn.Linear | None = nn.Linear(
                text.hidden_size, text.vocab_size, bias=False
            )


class _TextModel(nn.Module):
    def __init__(self, text: SimpleNamespace) -> None:
        super().__init__()
        # Not drawn at random: for that torch imports its compiler.
        weight = torch.empty(text.vocab_size, text.hidden_size)
        self.embed_tokens = nn.Embedding.from_pretrained(weight)  # type: ignore[no-untyped-call]
        self.layers = nn.ModuleList(_Layer(text) for _ in range(text.num_hidden_layers))
        self.norm = _RMSNorm(text.hidden_size, text.rms_norm_eps)
        self.rotary_emb = _Rotary(head_size(text), text.rope_parameters.rope_theta)


class _Layer(nn.Module):
    def __init__(self, text: SimpleNamespace) -> None:
        super().__init__()
        self.self_attn = _Attention(text)
        self.mlp = _FeedForward(text.hidden_size, text.intermediate_size)
        self.input_layernorm = _RMSNorm(text.hidden_size, text.rms_norm_eps)
        self.post_attention_layernorm = _RMSNorm(text.hidden_size, text.rms_norm_eps)


class _Attention(nn.Module):
    def __init__(self, text: SimpleNamespace) -> None:
        super().__init__()
        self.head_dim = head_size(text)
        queries = text.num_attention_heads * self.head_dim
        keys = text.num_key_value_heads * self.head_dim
        has_norms = text.model_type == "qwen3_vl_text"
        in_bias, out_bias = (text.attention_bias,) * 2 if has_norms else (True, False)
        self.q_proj = nn.Linear(text.hidden_size, queries, bias=in_bias)
        self.k_proj = nn.Linear(text.hidden_size, keys, bias=in_bias)
        self.v_proj = nn.Linear(text.hidden_size, keys, bias=in_bias)
        self.o_proj = nn.Linear(queries, text.hidden_size, bias=out_bias)
        if has_norms:
            self.q_norm = _RMSNorm(self.head_dim, text.rms_norm_eps)
            self.k_norm = _RMSNorm(self.head_dim, text.rms_norm_eps)


class _FeedForward(nn.Module):
    def __init__(self, hidden: int, inner: int) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(hidden, inner, bias=False)
        self.up_proj = nn.Linear(hidden, inner, bias=False)
        self.down_proj = nn.Linear(inner, hidden, bias=False)

    def forward(self, states: Float[Tensor, "*B H"]) -> Float[Tensor, "*B H"]:
        out: Tensor = self.down_proj(F.silu(self.gate_proj(states)) * self.up_proj(states))
        return out


class _RMSNorm(nn.Module):
    def __init__(self, size: int, eps: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(size))
        self.variance_epsilon = eps

    def forward(self, states: Float[Tensor, "*B H"]) -> Float[Tensor, "*B H"]:
        # The stock module's operations: `F.rms_norm` rounds differently.
        variance = states.pow(2).mean(-1, keepdim=True)
        return self.weight * (states * torch.rsqrt(variance + self.variance_epsilon))


class _Rotary(nn.Module):
    """The frequencies of plain RoPE, which M-RoPE is for text."""

    rope_type = "default"
    attention_scaling = 1.0

    def __init__(self, size: int, theta: float) -> None:
        super().__init__()
        exponents = torch.arange(0, size, 2, dtype=torch.float, device="cpu") / size
        self.register_buffer("inv_freq", 1.0 / (theta**exponents), persistent=False)


def head_size(text: SimpleNamespace) -> int:
    """The width of an attention head; Qwen2-VL and Qwen2.5-VL divide the hidden state evenly."""
    if text.model_type == "qwen3_vl_text":
        return int(text.head_dim)
    return int(text.hidden_size) // int(text.num_attention_heads)
