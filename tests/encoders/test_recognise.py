import json

import pytest
from safetensors.torch import load_file, save_file

from forethought.backbones import load_image_processor
from forethought.encoders import CARD, FAMILIES, EncodeOptions, find, read_tokenizer, recognise
from forethought.encoders.encoder import pieces_of
from forethought.errors import ContentError, ModelError
from forethought.renderers import Renderer, Tag
from forethought.types import Message, Side, Text
from tests import published


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    home = tmp_path_factory.mktemp("families")
    return {family: published.make(family, home / family) for family in published.MADE}


def told(folder, **how):
    return recognise(folder, read_tokenizer(folder), **how)


@pytest.mark.parametrize(
    ("family", "why"),
    [
        ("ume_r1", "qwen2_vl whose tokenizer holds <disc_emb> and <gen_emb>"),
        ("rge", "qwen2_5_vl whose tokenizer holds <emb>"),
        ("mmemb_r1", "qwen3_vl whose tokenizer holds <think> and <emb>"),
    ],
)
def test_a_system_is_recognised_by_its_tokens(folders, family, why):
    found = told(folders[family])
    assert (found.family.name, found.why) == (family, why)


def test_a_repositorys_name_says_which_it_is(folders):
    for family in FAMILIES.values():
        for name in family.repositories:
            found = told(folders["vlm2vec"], named=name)
            assert found.family is family
            assert name in found.why


def test_the_caller_knows_best(folders):
    assert told(folders["ume_r1"], family="vlm2vec").family is FAMILIES["vlm2vec"]


def test_a_plain_embedder_is_not_guessed(folders):
    with pytest.raises(
        ModelError,
        match=r"qwen3_vl of no family that its tokens tell \(mmemb_r1 lacks <think>, <emb>; "
        r"qwen3_vl_embedding has no mark\); .*family=\.\.\..*`forethought train`",
    ):
        told(folders["qwen3_vl_embedding"])


def test_a_family_nobody_knows_is_refused(folders):
    with pytest.raises(ModelError, match="family is 'bert'; known: forethought, mmemb_r1"):
        told(folders["rge"], family="bert")


def test_an_embed_token_that_is_not_one_token_is_refused(folders):
    with pytest.raises(
        ModelError, match=r"tokenizer lacks <emb>: each tag of rge .*falls into \d+\); load"
    ):
        published.loaded(folders["vlm2vec"], family="rge")


def test_every_renderer_keeps_the_promise(folders):
    for family, folder in folders.items():
        encoder = published.loaded(folder, family=family)
        assert isinstance(encoder.renderer, Renderer)
        assert encoder.family.name == family
        assert (encoder.renderer.completion_format is None) == (not encoder.family.thinks)


def test_the_published_settings_hold_unless_others_are_given(folders):
    published_one = published.loaded(folders["ume_r1"])
    image_processor = published_one.renderer.layout.image_processor
    assert (image_processor.min_pixels, image_processor.max_pixels) == (784, 2_359_296)
    assert image_processor.video.frames.count == 8
    assert published_one.decode_options.budget == 8192
    chosen = published.loaded(
        folders["ume_r1"], reading=EncodeOptions(max_pixels=9000, budget=7, blank=False)
    )
    assert chosen.renderer.layout.image_processor.max_pixels == 9000
    assert (chosen.decode_options.budget, chosen.renderer.blank) == (7, False)


def test_a_document_of_rge_cannot_think(folders):
    encoder = published.loaded(folders["rge"])
    with pytest.raises(ModelError, match=r"cannot think on the document side, only on query side"):
        encoder.encode(["red"], side="document", think="always")


def test_a_plain_embedder_cannot_think(folders):
    encoder = published.loaded(folders["vlm2vec"], family="vlm2vec")
    with pytest.raises(ModelError, match=r"cannot think on the query side, only on no side"):
        encoder.encode(["red"], think="always")
    assert encoder.encode(["red"], think="auto").mode == ("direct",)


def test_a_system_without_a_gate_cannot_choose(folders):
    with pytest.raises(ModelError, match="has no gate"):
        published.loaded(folders["ume_r1"]).encode(["red"], think="auto")


@pytest.mark.parametrize(("threshold", "mode"), [(0.0, "thought"), (1.5, "direct")])
def test_the_threshold_of_mmemb_r1_is_the_callers(folders, threshold, mode):
    reading = EncodeOptions(threshold=threshold, budget=5)
    encoder = published.loaded(folders["mmemb_r1"], reading=reading)
    assert set(encoder.encode(["red", "a blue square"]).mode) == {mode}


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        (b"bytes", "a bytes is no input: wrap it as"),
        (None, "a NoneType is no input"),
        (["red", 3], "a int is no input"),
    ],
)
def test_what_is_no_input_is_told_what_would_be(shown, said):
    # Asked one door further in: the front door's types are checked here, and nowhere else.
    with pytest.raises(ContentError, match=said):
        pieces_of(shown)


def test_words_among_pictures_may_be_plain(folders):
    encoder = published.loaded(folders["rge"])
    plain = encoder.encode([["red", "blue"]], think="never").vectors
    assert (
        abs(plain - encoder.encode([[Text("red"), Text("blue")]], think="never").vectors).max()
        < 1e-6
    )


def test_an_embedder_without_its_head_embeds_and_a_writer_is_refused(tmp_path):
    for family in ("qwen3_vl_embedding", "mmemb_r1"):
        folder = published.make(family, tmp_path / family)
        path = folder / "model.safetensors"
        kept = {name: value for name, value in load_file(path).items() if name != "lm_head.weight"}
        save_file(kept, path, metadata={"format": "pt"})
    encoder = published.loaded(tmp_path / "qwen3_vl_embedding", family="qwen3_vl_embedding")
    assert encoder.encode(["red"]).vectors.shape == (1, 48)
    with pytest.raises(ModelError, match=r"the weights lack lm_head.weight, with which MMEmb-R1"):
        published.loaded(tmp_path / "mmemb_r1")


def test_settings_saved_by_a_newer_processor_are_read(tmp_path):
    folder = published.make("rge", tmp_path / "rge")
    before = load_image_processor(folder)
    own = folder / "preprocessor_config.json"
    whole = {"image_processor": json.loads(own.read_text())}
    (folder / "processor_config.json").write_text(json.dumps(whole))
    own.unlink()
    assert load_image_processor(folder) == before


@pytest.mark.parametrize("batch_size", [0, -1])
def test_a_batch_of_nothing_is_refused(folders, batch_size):
    with pytest.raises(ModelError, match=f"batch_size must be at least 1, got {batch_size}"):
        published.loaded(folders["rge"]).encode(["red"], think="never", batch_size=batch_size)


def test_many_inputs_are_laid_out_some_at_a_time_and_come_back_in_order(folders):
    encoder = published.loaded(folders["rge"])
    inputs = [f"{number} blue squares" for number in range(20)]
    few = encoder.encode(inputs, think="never", batch_size=1)
    assert abs(few.vectors - encoder.encode(inputs, think="never").vectors).max() < 1e-5


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ({"max_pixels": 0}, "max_pixels must be at least 1, got 0"),
        ({"budget": -3}, "budget must be at least 1, got -3"),
        ({"threshold": 3.0}, r"threshold must be in \[0, 2\]"),
        ({"min_pixels": 90, "max_pixels": 80}, "min_pixels 90 is over max_pixels 80: swap them"),
    ],
)
def test_settings_out_of_their_range_are_refused(setting, said):
    with pytest.raises(ModelError, match=said):
        EncodeOptions(**setting)


def test_what_cannot_be_had_from_the_hub_is_told(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError, match=r"zhibinlan/UME-R1-2B: neither a folder here nor"):
        find("zhibinlan/UME-R1-2B")


def test_a_card_goes_before_the_tokens(tmp_path):
    folder = published.make("rge", tmp_path / "carded")
    (folder / CARD).write_text(json.dumps({"family": "vlm2vec"}))
    assert told(folder).family.name == "vlm2vec"


def test_what_is_skipped_says_why_and_the_rest_goes_on(folders, tmp_path):
    encoder = published.loaded(folders["rge"], reading=EncodeOptions(budget=4))
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "cut.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    shown = ["red", tmp_path / "empty.mp4", "blue", tmp_path / "cut.png", tmp_path / "gone.pdf"]
    found = encoder.encode(shown, think="never", on_error="skip")
    assert [error is None for error in found.errors] == [True, False, True, False, False]
    assert "empty.mp4" in (found.errors[1] or "")
    assert found.mode == ("direct", "skipped", "direct", "skipped", "skipped")
    alone = encoder.encode(["red", "blue"], think="never").vectors
    assert abs(found.vectors[[0, 2]] - alone).max() < 1e-5
    with pytest.raises(ValueError, match=r"input 1: .*empty.mp4"):
        encoder.encode(shown, think="never")


def test_a_prompt_longer_than_the_context_names_its_input(folders):
    encoder = published.loaded(folders["rge"])
    with pytest.raises(ValueError, match=r"input 1: message takes \d+ tokens, .* holds 1024"):
        encoder.encode(["red", "blue " * 2000], think="never")


def test_a_text_that_spells_a_tag_is_read_as_words(folders):
    encoder = published.loaded(folders["rge"])
    prompts = [
        encoder.renderer.render(encoder_message(words)) for words in ("red", "red<emb><|im_end|>")
    ]
    counts = [
        [prompt.token_ids.count(encoder.renderer.layout.token_id(tag)) for prompt in prompts]
        for tag in (Tag.EMBED, Tag.END)
    ]
    assert counts == [[1, 1], [2, 2]]


def encoder_message(words):
    return Message((Text(words),), "", Side.QUERY)


def test_a_model_of_our_own_sees_frames_as_it_sees_pictures(tiny_encoder):
    image_processor = tiny_encoder.renderer.layout.image_processor
    assert (image_processor.video.min_pixels, image_processor.video.max_pixels) == (
        image_processor.min_pixels,
        image_processor.max_pixels,
    )
    assert image_processor.video.frames.count == 8
