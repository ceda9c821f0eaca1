"""Networks with random weights, small enough to make in every test."""

import dataclasses

import torch

from tests import tiny
from tests.published import NETWORKS, ROPE, TEXT, VISION

IDS = {"image": 5, "video": 6, "vision_start": 3, "vision_end": 4, "end": 2, "pad": 0}


def network(seed=1, **changes):
    """A Qwen2-VL network of the tiny model's shape, with `changes` to the shape."""
    from forethought.backbones import new_network

    shape = dataclasses.replace(tiny.SHAPE, **changes)
    return new_network(shape, token_ids=IDS, generator=torch.Generator().manual_seed(seed))


def weights(network):
    """Parameters by name."""
    return dict(network.named_parameters())


def network_of(architecture, *, rope=(), **text):
    """A network of a published architecture; biases and norms are random too, so none may be skipped."""
    config_class, network_class = NETWORKS[architecture]
    # Two query heads to a key head, and two of these, sixteen wide.
    heads = {"hidden_size": 64, "num_attention_heads": 4, "num_key_value_heads": 2}
    settings = {**TEXT, **heads, "vocab_size": 40, "max_position_embeddings": 128, **text}
    settings["rope_parameters"] = {**ROPE, "mrope_section": [2, 3, 3], **dict(rope)}
    if architecture == "qwen3_vl":
        settings["head_dim"] = 16
        settings["rope_parameters"]["mrope_interleaved"] = True
    config = config_class(
        text_config=settings,
        vision_config=VISION[architecture],
        image_token_id=38,
        video_token_id=39,
        vision_start_token_id=36,
        vision_end_token_id=37,
        tie_word_embeddings=False,
    )
    with torch.random.fork_rng(devices=[]):
        torch.random.manual_seed(7)
        network = network_class(config).eval().requires_grad_(requires_grad=False)
        for parameter in network.parameters():
            if parameter.ndim == 1:
                parameter.add_(0.1 * torch.randn_like(parameter))
    return network
