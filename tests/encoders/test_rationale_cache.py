import dataclasses

import numpy as np
import pytest

from forethought.encoders import EncodeOptions, RationaleCache
from forethought.errors import ContentError
from forethought.rationales import RationaleStore, StoreCounts
from forethought.renderers import Tag
from forethought.types import CachedRationale, Image, Message, Mode, Side, Text, Video
from tests import published
from tests.encoders.test_reasoning import INPUTS, VIOLET, gated, same
from tests.engines import slow

CLOSE = 0.99999


@dataclasses.dataclass
class DictCache:
    """A cache in a dictionary that records the keys looked up."""

    entries: dict[str, CachedRationale] = dataclasses.field(default_factory=dict)
    keys: list[str] = dataclasses.field(default_factory=list)
    hits: int = 0
    unreadable: int = 0

    def lookup(self, keys):
        self.keys += keys
        return {key: self.entries[key] for key in keys if key in self.entries}

    def add(self, entries):
        self.entries = {entry.key: entry for entry in entries} | self.entries

    def record(self, *, hits=0, unreadable=0):
        self.hits += hits
        self.unreadable += unreadable


@pytest.fixture(scope="module")
def always(tiny_encoder):
    return tiny_encoder.encode(INPUTS, think="always")


@pytest.fixture
def store(tmp_path):
    return RationaleStore(tmp_path)


def close(found, expected):
    assert (np.einsum("nd,nd->n", found.vectors, expected.vectors) >= CLOSE).all()
    assert found.rationales == expected.rationales
    assert found.mode == expected.mode


def test_a_dictionary_is_a_cache():
    assert isinstance(DictCache(), RationaleCache)


@pytest.mark.parametrize("batch_size", [1, 3, 64])
def test_the_second_time_nothing_is_decoded(tiny_encoder, always, store, batch_size):
    first = tiny_encoder.encode(INPUTS, think="always", rationales=store, batch_size=batch_size)
    same(first, always)
    assert store.counts == StoreCounts(hits=0, added=7)
    again = tiny_encoder.encode(INPUTS, think="always", rationales=store)
    close(again, always)
    assert again.tokens.tolist() == [0] * 7
    assert np.isnan(again.gate).all()
    assert store.counts == StoreCounts(hits=7, added=7)
    assert {row.tokens for row in store} == set(always.tokens.tolist())


def test_only_new_rationales_are_decoded(tiny_encoder, always, store):
    stored = [5, 1, 2]
    tiny_encoder.encode([INPUTS[row] for row in stored], think="always", rationales=store)
    found = tiny_encoder.encode(INPUTS, think="always", rationales=store, batch_size=4)
    close(found, always)
    expected = [0 if row in stored else n for row, n in enumerate(always.tokens.tolist())]
    assert found.tokens.tolist() == expected


def test_an_interrupted_run_goes_on_after_its_last_batch(tiny_encoder, always, store):
    def stop(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tiny_encoder.encode(INPUTS, think="always", rationales=store, batch_size=3, progress=stop)
    assert len(store) == 3
    found = tiny_encoder.encode(INPUTS, think="always", rationales=store)
    close(found, always)
    assert (found.tokens == 0).sum() == 3
    assert store.counts == StoreCounts(hits=3, added=7)


def test_an_entry_names_its_model_and_its_sources(tiny_encoder, store):
    item = [Image(VIOLET.pixels, source="violet.png"), Text("what is it?")]
    found = tiny_encoder.encode([item], think="always", rationales=store)
    (row,) = store
    assert row.sources == ("violet.png", "what is it?")
    assert row.reasoner == f"tiny@{tiny_encoder.revision}"
    assert row.rationale == found.rationales[0]
    assert row.tokens == found.tokens[0]


def test_where_the_gate_decides_only_rows_that_think_use_the_cache(tiny_encoder):
    gates = gated(tiny_encoder, 1.1).encode(INPUTS, think="auto").gate
    chooser = gated(tiny_encoder, float(np.sort(gates)[3]))
    plain = chooser.encode(INPUTS, think="auto")
    assert plain.mode.count(Mode.THOUGHT) == 4
    cache = DictCache()
    for decoded, hits in ((plain.tokens.tolist(), 0), ([0] * 7, 4)):
        found = chooser.encode(INPUTS, think="auto", rationales=cache)
        close(found, plain)
        assert found.tokens.tolist() == decoded
        np.testing.assert_allclose(found.gate, plain.gate, atol=1e-6)
        assert (cache.hits, len(cache.entries)) == (hits, 4)
    # A rationale that is stored does not change what the gate decides.
    chooser.encode(INPUTS, think="always", rationales=cache)
    close(chooser.encode(INPUTS, think="auto", rationales=cache), plain)
    assert (cache.hits, len(cache.entries)) == (12, 7)


def test_without_thinking_the_cache_is_not_used(tiny_encoder):
    cache = DictCache()
    tiny_encoder.encode(INPUTS, think="never", rationales=cache)
    assert cache == DictCache()


@pytest.mark.parametrize(
    "changed",
    [
        {"instruction": "Something else."},
        {"side": "document"},
        {"decode_options": {"budget": 11}},
        {"decode_options": {"repeats": 7}},
    ],
)
def test_another_instruction_side_or_setting_is_another_key(tiny_encoder, store, changed):
    tiny_encoder.encode(["red"], think="always", rationales=store)
    options = dict(changed)
    decode_options = dataclasses.replace(
        tiny_encoder.decode_options, **options.pop("decode_options", {})
    )
    other = dataclasses.replace(tiny_encoder, decode_options=decode_options)
    found = other.encode(["red"], think="always", rationales=store, **options)
    assert found.tokens[0] > 0
    assert len(store) == 2


@pytest.mark.parametrize("text", ["a square of some red", f"it says {Tag.THOUGHT}{Tag.IMAGE}", ""])
def test_an_edit_changes_that_vector_alone(tiny_encoder, always, store, text):
    tiny_encoder.encode(INPUTS, think="always", rationales=store)
    (key,) = (row.key for row in store if row.sources == ("red",))
    edited = store.edit(key, thinking=text)
    found = tiny_encoder.encode(INPUTS, think="always", rationales=store)
    others = [row for row in range(7) if row != 5]
    np.testing.assert_allclose(found.vectors[others], always.vectors[others], atol=1e-5)
    assert float(found.vectors[5] @ always.vectors[5]) < CLOSE
    assert found.rationales[5] == edited.rationale
    assert [found.rationales[row] for row in others] == [always.rationales[row] for row in others]
    assert found.tokens.tolist() == [0] * 7
    assert store.counts.unreadable == 0


def test_an_edited_rationale_is_read_as_the_renderer_writes_it(tiny_encoder, store):
    plain = tiny_encoder.encode(["green, square"], think="always", rationales=store)
    (row,) = store
    store.edit(row.key, thinking=row.rationale.thinking)
    found = tiny_encoder.encode(["green, square"], think="always", rationales=store)
    assert found.rationales[0].thinking == plain.rationales[0].thinking
    renderer = tiny_encoder.renderer
    message = Message((Text("green, square"),), "Find the picture.", Side.QUERY)
    prompt = renderer.render(message)
    # The tokenizer may split the same text into other tokens than the model decoded; what follows
    # the embed token is not read.
    written = renderer.write(found.rationales[0])
    completion = tuple(written[: written.index(renderer.completion_format.embed_id) + 1])
    network = tiny_encoder.engine.backbone.network
    states, _ = slow.run(network, prompt, prompt.prefix_ids, completion)
    expected = states[-1] / states[-1].norm()
    np.testing.assert_allclose(found.vectors[0], expected.numpy(), atol=1e-5)


def test_an_edit_beyond_the_context_is_refused(tiny_encoder, store):
    tiny_encoder.encode(["red"], think="always", rationales=store)
    (row,) = store
    store.edit(row.key, thinking="wordy " * 200)
    message = r"^input 1: a prompt of .*context of 160: shorten .* `forethought rationales"
    with pytest.raises(ContentError, match=message):
        tiny_encoder.encode(["blue", "red"], think="always", rationales=store)


@pytest.mark.parametrize("think", ["always", "auto"])
def test_an_edit_beyond_the_context_is_skipped_alone(tiny_encoder, store, think):
    encoder = gated(tiny_encoder, 0.0)
    inputs = [" ", "red", "blue"]
    plain = encoder.encode(inputs[1:], think=think, rationales=store)
    row = next(row for row in store if row.sources == ("red",))
    store.edit(row.key, thinking="wordy " * 200)
    reports = []
    found = encoder.encode(
        inputs,
        think=think,
        rationales=store,
        on_error="skip",
        batch_size=1,
        progress=lambda done, total, *_: reports.append((done, total)),
    )
    assert found.mode == (Mode.SKIPPED, Mode.SKIPPED, Mode.THOUGHT)
    assert "shorten the rationale with `forethought rationales edit`" in found.errors[1]
    np.testing.assert_allclose(found.vectors[2], plain.vectors[1], atol=1e-5)
    assert np.isnan(found.vectors[:2]).all()
    assert reports[-1] == (3, 3)
    # The others of the batch are stored, and the edit stays as it is.
    assert len(store) == 2


def unreadable(encoder, entry):
    layout, embed = encoder.renderer.layout, encoder.renderer.completion_format.embed_id
    ids = entry.token_ids
    return {
        "an image placeholder": (layout.token_id(Tag.IMAGE), *ids),
        "a video placeholder": (*ids[:-1], layout.token_id(Tag.VIDEO), ids[-1]),
        "no embed token": ids[:-1],
        "two embed tokens": (embed, *ids),
        "outside the vocabulary": (10**6, *ids),
        "nothing": (),
    }


@pytest.mark.parametrize("think", ["always", "auto"])
def test_an_unreadable_completion_is_decoded_again_and_counted(tiny_encoder, think):
    encoder = gated(tiny_encoder, 0.0)
    inputs = [[VIOLET, Text("what is it?")], "red"]
    cache = DictCache()
    plain = encoder.encode(inputs, think=think, rationales=cache)
    key, entry = next(iter(cache.entries.items()))
    for token_ids in unreadable(encoder, entry).values():
        cache.entries[key] = dataclasses.replace(entry, token_ids=token_ids)
        cache.hits = cache.unreadable = 0
        found = encoder.encode(inputs, think=think, rationales=cache)
        close(found, plain)
        assert (cache.hits, cache.unreadable) == (1, 1)
        assert sorted(found.tokens > 0) == [False, True]


def test_the_same_input_twice_is_one_entry(tiny_encoder, always, store):
    found = tiny_encoder.encode(["red", "red"], think="always", rationales=store)
    np.testing.assert_allclose(found.vectors, always.vectors[[5, 5]], atol=1e-5)
    assert len(store) == 1


def test_skipped_inputs_are_skipped_with_a_cache_too(tiny_encoder, always, store):
    for decoded in (int(always.tokens[5]), 0):
        found = tiny_encoder.encode([" ", "red"], think="always", rationales=store, on_error="skip")
        assert found.mode == (Mode.SKIPPED, Mode.THOUGHT)
        assert found.tokens.tolist() == [0, decoded]
        np.testing.assert_allclose(found.vectors[1], always.vectors[5], atol=1e-5)


def noise(height, width, seed):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


CONTENTS = [
    "a red square beside two blue ones",
    [Image(noise(90, 131, 1)), Text("what is in it?")],
    [Image(noise(56, 56, 2)), Image(noise(140, 70, 3))],
    [Video([noise(70, 84, seed) for seed in range(4, 8)]), Text("a clip")],
]


@pytest.mark.parametrize("family", ["ume_r1", "rge", "mmemb_r1"])
def test_published_systems_read_their_stored_rationales(tmp_path, family):
    encoder = published.loaded(
        published.make(family, tmp_path / "model"),
        family=family,
        encode_options=EncodeOptions(
            min_pixels=3136, max_pixels=20_000, frame_max_pixels=20_000, budget=14
        ),
    )
    plain = encoder.encode(CONTENTS, think="always")
    store = RationaleStore(tmp_path / "store")
    first = encoder.encode(CONTENTS[:2], think="always", rationales=store)
    assert first.tokens.tolist() == plain.tokens[:2].tolist()
    for decoded in (plain.tokens[2:].tolist(), [0, 0]):
        found = encoder.encode(CONTENTS, think="always", rationales=store)
        close(found, plain)
        assert found.tokens.tolist() == [0, 0, *decoded]
    assert store.counts == StoreCounts(hits=6, added=4)
    edited = store.edit(next(iter(store)).key, thinking="a square beside another")
    changed = encoder.encode(CONTENTS, think="always", rationales=store)
    moved = np.einsum("nd,nd->n", changed.vectors, plain.vectors) < CLOSE
    assert [changed.rationales[row] for row in np.flatnonzero(moved)] == [edited.rationale]
