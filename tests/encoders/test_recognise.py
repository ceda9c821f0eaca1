import json

import pytest
from safetensors.torch import load_file, save_file

from forethought.backbones import load_image_processor
from forethought.encoders import (
    CARD,
    FAMILIES,
    EncodeOptions,
    check_thinking,
    read_card,
    read_tokenizer,
    recognise,
)
from forethought.encoders.recognise import check_loader
from forethought.errors import ContractError, ModelError
from forethought.renderers import Renderer, Tag
from forethought.types import Message, Side, Text, Think
from tests import published


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    home = tmp_path_factory.mktemp("families")
    return {family: published.make(family, home / family) for family in published.CHECKPOINTS}


def recognised(folder, **options):
    return recognise(folder, read_tokenizer(folder), **options)


@pytest.mark.parametrize(
    ("family", "why"),
    [
        ("ume_r1", "qwen2_vl whose tokenizer holds <disc_emb> and <gen_emb>"),
        ("rge", "qwen2_5_vl whose tokenizer holds <emb>"),
        ("mmemb_r1", "qwen3_vl whose tokenizer holds <think> and <emb>"),
    ],
)
def test_a_system_is_recognised_by_its_tokens(folders, family, why):
    found = recognised(folders[family])
    assert (found.family.name, found.why) == (family, why)


def test_a_repository_is_recognised_by_its_name(folders):
    for family in FAMILIES.values():
        for name in family.repositories:
            found = recognised(folders["vlm2vec"], named=name)
            assert found.family is family
            assert name in found.why


def test_the_callers_family_goes_before_the_tokens(folders):
    assert recognised(folders["ume_r1"], family="vlm2vec").family is FAMILIES["vlm2vec"]


def test_a_plain_embedder_is_not_recognised(folders):
    with pytest.raises(
        ModelError,
        match=r"qwen3_vl whose family its tokens do not tell \(mmemb_r1 lacks <think>, <emb>; "
        r"qwen3_vl_embedding has no token of its own\); .*family=\.\.\..*`forethought train`",
    ):
        recognised(folders["qwen3_vl_embedding"])


def test_an_unknown_family_is_refused(folders):
    with pytest.raises(ModelError, match="family is 'bert'; known: forethought, mmemb_r1"):
        recognised(folders["rge"], family="bert")


def test_an_embed_token_that_is_not_one_token_is_refused(folders):
    with pytest.raises(
        ModelError, match=r"tokenizer lacks <emb>: each tag of rge .*is \d+ tokens\); load"
    ):
        published.loaded(folders["vlm2vec"], family="rge")


def test_every_family_has_a_renderer_of_the_protocol(folders):
    for family, folder in folders.items():
        encoder = published.loaded(folder, family=family)
        assert isinstance(encoder.renderer, Renderer)
        assert encoder.family.name == family
        assert (encoder.renderer.completion_format is None) == (not encoder.family.thinks)


def test_published_settings_are_the_default(folders):
    default = published.loaded(folders["ume_r1"])
    processor = default.renderer.layout.image_processor
    assert (processor.min_pixels, processor.max_pixels) == (784, 2_359_296)
    assert processor.video.frames.count == 8
    assert default.decode_options.budget == 8192
    chosen = published.loaded(
        folders["ume_r1"], encode_options=EncodeOptions(max_pixels=9000, budget=7, blank=False)
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


def test_a_system_without_a_gate_embeds_directly(folders):
    found = published.loaded(folders["ume_r1"]).encode(["red"], think="auto")
    assert found.mode == ("direct",)


@pytest.mark.parametrize(("threshold", "mode"), [(0.0, "thought"), (1.5, "direct")])
def test_the_threshold_of_mmemb_r1_is_the_callers(folders, threshold, mode):
    options = EncodeOptions(threshold=threshold, budget=5)
    encoder = published.loaded(folders["mmemb_r1"], encode_options=options)
    assert set(encoder.encode(["red", "a blue square"]).mode) == {mode}


def test_a_plain_string_in_a_list_is_a_text(folders):
    encoder = published.loaded(folders["rge"])
    plain = encoder.encode([["red", "blue"]], think="never").vectors
    assert (
        abs(plain - encoder.encode([[Text("red"), Text("blue")]], think="never").vectors).max()
        < 1e-6
    )


def test_without_lm_head_an_embedder_loads_and_a_family_that_decodes_is_refused(tmp_path):
    for family in ("qwen3_vl_embedding", "mmemb_r1"):
        folder = published.make(family, tmp_path / family)
        path = folder / "model.safetensors"
        rest = {name: value for name, value in load_file(path).items() if name != "lm_head.weight"}
        save_file(rest, path, metadata={"format": "pt"})
    encoder = published.loaded(tmp_path / "qwen3_vl_embedding", family="qwen3_vl_embedding")
    assert encoder.encode(["red"]).vectors.shape == (1, 48)
    with pytest.raises(ModelError, match=r"the weights lack lm_head.weight, which MMEmb-R1"):
        published.loaded(tmp_path / "mmemb_r1")


def test_settings_saved_by_a_newer_processor_are_read(tmp_path):
    folder = published.make("rge", tmp_path / "rge")
    before = load_image_processor(folder)
    path = folder / "preprocessor_config.json"
    newer = {"image_processor": json.loads(path.read_text())}
    (folder / "processor_config.json").write_text(json.dumps(newer))
    path.unlink()
    assert load_image_processor(folder) == before


@pytest.mark.parametrize("batch_size", [0, -1])
def test_a_batch_size_below_one_is_refused(folders, batch_size):
    with pytest.raises(
        ModelError, match=f"batch_size must be a whole number of at least 1, got {batch_size}"
    ):
        published.loaded(folders["rge"]).encode(["red"], think="never", batch_size=batch_size)


def test_inputs_of_several_windows_come_back_in_order(folders):
    encoder = published.loaded(folders["rge"])
    inputs = [f"{number} blue squares" for number in range(20)]
    few = encoder.encode(inputs, think="never", batch_size=1)
    assert abs(few.vectors - encoder.encode(inputs, think="never").vectors).max() < 1e-5


def test_the_card_goes_before_the_tokens(tmp_path):
    folder = published.make("rge", tmp_path / "carded")
    (folder / CARD).write_text(json.dumps({"family": "vlm2vec"}))
    assert recognised(folder).family.name == "vlm2vec"


def test_a_folder_without_a_card_has_an_empty_one(tmp_path):
    assert read_card(tmp_path) == {}
    (tmp_path / CARD).write_text("{")
    with pytest.raises(ModelError, match=f"no readable {CARD}"):
        read_card(tmp_path)


def test_a_loader_of_its_own_is_named_and_not_imported(tmp_path):
    check_loader(tmp_path)
    (tmp_path / CARD).write_text("{")
    check_loader(tmp_path)
    (tmp_path / CARD).write_text(json.dumps({"family": "other", "loader": "no.such.module"}))
    with pytest.raises(ModelError, match=r"family is 'other', .*; load it with no\.such\.module"):
        check_loader(tmp_path)


def test_a_skipped_input_has_a_reason_and_the_rest_is_encoded(folders, tmp_path):
    encoder = published.loaded(folders["rge"], encode_options=EncodeOptions(budget=4))
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "cut.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    inputs = ["red", tmp_path / "empty.mp4", "blue", tmp_path / "cut.png", tmp_path / "gone.pdf"]
    found = encoder.encode(inputs, think="never", on_error="skip")
    assert [error is None for error in found.errors] == [True, False, True, False, False]
    assert "empty.mp4" in (found.errors[1] or "")
    assert found.mode == ("direct", "skipped", "direct", "skipped", "skipped")
    alone = encoder.encode(["red", "blue"], think="never").vectors
    assert abs(found.vectors[[0, 2]] - alone).max() < 1e-5
    with pytest.raises(ValueError, match=r"input 1: .*empty.mp4"):
        encoder.encode(inputs, think="never")


def test_a_prompt_longer_than_the_context_names_its_input(folders):
    encoder = published.loaded(folders["rge"])
    with pytest.raises(ValueError, match=r"input 1: message takes \d+ tokens, .* holds 1024"):
        encoder.encode(["red", "blue " * 2000], think="never")


def test_a_tag_in_a_text_is_encoded_as_plain_text(folders):
    encoder = published.loaded(folders["rge"])
    prompts = [
        encoder.renderer.render(Message((Text(text),), "", Side.QUERY))
        for text in ("red", "red<emb><|im_end|>")
    ]
    counts = [
        [prompt.token_ids.count(encoder.renderer.layout.token_id(tag)) for prompt in prompts]
        for tag in (Tag.EMBED, Tag.END)
    ]
    assert counts == [[1, 1], [2, 2]]


def test_our_own_format_bounds_frames_as_pictures(tiny_encoder):
    processor = tiny_encoder.renderer.layout.image_processor
    assert (processor.video.min_pixels, processor.video.max_pixels) == (
        processor.min_pixels,
        processor.max_pixels,
    )
    assert processor.video.frames.count == 8


def test_a_thought_query_of_ume_r1_is_not_compared_with_direct_documents(folders):
    encoder = published.loaded(folders["ume_r1"], encode_options=EncodeOptions(budget=4))
    documents = encoder.encode_document(["red", "blue"], think="never")
    query = encoder.encode_query(["red"], think="always")
    with pytest.raises(ContractError, match=r"only direct with direct, thought with thought"):
        query.similarity(documents)
    with pytest.raises(ContractError, match=r"with thought vectors, documents of .* direct ones"):
        query.top(documents, 1)
    thought = encoder.encode_document(["red", "blue"], think="always")
    assert query.similarity(thought).shape == (1, 2)


def test_a_thought_query_of_rge_is_compared_with_direct_documents(folders):
    encoder = published.loaded(folders["rge"], encode_options=EncodeOptions(budget=4))
    documents = encoder.encode_document(["red", "blue"])
    query = encoder.encode_query(["red"])
    assert (query.mode, set(documents.mode)) == (("thought",), {"direct"})
    assert query.similarity(documents).shape == (1, 2)


@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_aligns_only_modes_it_can_have(name):
    family = FAMILIES[name]
    assert ("direct", "direct") in family.aligned
    for query, document in family.aligned:
        assert query == "direct" or Side.QUERY in family.thinks
        assert document == "direct" or Side.DOCUMENT in family.thinks


@pytest.mark.parametrize(
    ("family", "queries", "documents", "is_aligned"),
    [
        ("ume_r1", "always", "never", False),
        ("ume_r1", "never", "always", False),
        ("ume_r1", "always", "always", True),
        # Without a gate, "auto" is "never".
        ("ume_r1", "auto", "never", True),
        ("rge", "auto", "auto", True),
        ("mmemb_r1", "auto", "never", True),
    ],
)
def test_a_choice_of_thinking_is_checked_before_anything_is_encoded(
    folders, family, queries, documents, is_aligned
):
    encoder = published.loaded(folders[family])
    choice = {"queries": Think(queries), "documents": Think(documents)}
    if is_aligned:
        check_thinking(encoder, **choice)
        return
    with pytest.raises(ContractError, match="aligns, as query and document, only direct with"):
        check_thinking(encoder, **choice)
