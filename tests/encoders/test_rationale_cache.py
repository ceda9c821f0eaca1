import dataclasses

import numpy as np
import pytest

from forethought.encoders import EncodeOptions, RationaleCache
from forethought.errors import ModelError
from forethought.rationales import Counts, RationaleStore
from forethought.renderers import Tag
from forethought.types import CachedRationale, Image, Message, Mode, Side, Text, Video
from tests import published
from tests.encoders.test_reasoning import INPUTS, VIOLET, gated, same
from tests.engines import slow

CLOSE = 0.99999


@dataclasses.dataclass
class Notes:
    """A memory in a dictionary that notes what it was asked."""

    rows: dict[str, CachedRationale] = dataclasses.field(default_factory=dict)
    asked: list[str] = dataclasses.field(default_factory=list)
    refused: list[str] = dataclasses.field(default_factory=list)

    def recall(self, keys):
        self.asked += keys
        return {key: self.rows[key] for key in keys if key in self.rows}

    def keep(self, rows):
        self.rows = {row.key: row for row in rows} | self.rows

    def refuse(self, keys):
        self.refused += keys


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


def test_notes_are_a_memory():
    assert isinstance(Notes(), RationaleCache)


@pytest.mark.parametrize("batch_size", [1, 3, 64])
def test_the_second_time_nothing_is_decoded(tiny_encoder, always, store, batch_size):
    first = tiny_encoder.encode(INPUTS, think="always", rationales=store, batch_size=batch_size)
    same(first, always)
    assert store.counts == Counts(recalled=0, added=7)
    again = tiny_encoder.encode(INPUTS, think="always", rationales=store)
    close(again, always)
    assert again.tokens.tolist() == [0] * 7
    assert np.isnan(again.gate).all()
    assert store.counts == Counts(recalled=7, added=7)
    assert {row.tokens for row in store} == set(always.tokens.tolist())


def test_only_what_is_new_is_thought_about(tiny_encoder, always, store):
    known = [5, 1, 2]
    tiny_encoder.encode([INPUTS[row] for row in known], think="always", rationales=store)
    found = tiny_encoder.encode(INPUTS, think="always", rationales=store, batch_size=4)
    close(found, always)
    expected = [0 if row in known else n for row, n in enumerate(always.tokens.tolist())]
    assert found.tokens.tolist() == expected


def test_a_run_cut_short_goes_on_after_its_last_batch(tiny_encoder, always, store):
    def stop(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tiny_encoder.encode(INPUTS, think="always", rationales=store, batch_size=3, progress=stop)
    assert len(store) == 3
    found = tiny_encoder.encode(INPUTS, think="always", rationales=store)
    close(found, always)
    assert (found.tokens == 0).sum() == 3
    assert store.counts == Counts(recalled=3, added=7)


def test_a_row_tells_what_it_is_of(tiny_encoder, store):
    shown = [Image(VIOLET.pixels, source="violet.png"), Text("what is it?")]
    found = tiny_encoder.encode([shown], think="always", rationales=store)
    (row,) = store
    assert row.sources == ("violet.png", "what is it?")
    assert row.reasoner == f"tiny@{tiny_encoder.revision}"
    assert row.rationale == found.rationales[0]
    assert row.tokens == found.tokens[0]


def test_the_gate_decides_before_anything_is_looked_up(tiny_encoder):
    uniform_draws = gated(tiny_encoder, 1.1).encode(INPUTS, think="auto").gate
    chooser = gated(tiny_encoder, float(np.sort(uniform_draws)[3]))
    plain = chooser.encode(INPUTS, think="auto")
    notes = Notes()
    for decoded in (plain.tokens.tolist(), [0] * 7):
        notes.asked.clear()
        found = chooser.encode(INPUTS, think="auto", rationales=notes)
        close(found, plain)
        assert found.tokens.tolist() == decoded
        np.testing.assert_allclose(found.gate, plain.gate, atol=1e-6)
        assert len(notes.asked) == plain.mode.count(Mode.THOUGHT) == 4
    assert set(notes.asked) == set(notes.rows)


def test_never_thinking_asks_no_memory(tiny_encoder):
    notes = Notes()
    tiny_encoder.encode(INPUTS, think="never", rationales=notes)
    assert notes == Notes()


@pytest.mark.parametrize(
    "changed",
    [
        {"instruction": "Something else."},
        {"side": "document"},
        {"decode_options": {"budget": 11}},
        {"decode_options": {"repeats": 7}},
    ],
)
def test_another_question_is_thought_about_anew(tiny_encoder, store, changed):
    tiny_encoder.encode(["red"], think="always", rationales=store)
    asked = dict(changed)
    decode_options = dataclasses.replace(
        tiny_encoder.decode_options, **asked.pop("decode_options", {})
    )
    other = dataclasses.replace(tiny_encoder, decode_options=decode_options)
    found = other.encode(["red"], think="always", rationales=store, **asked)
    assert found.tokens[0] > 0
    assert len(store) == 2


@pytest.mark.parametrize("words", ["a square of some red", f"it says {Tag.THOUGHT}{Tag.IMAGE}", ""])
def test_an_edit_changes_that_vector_alone(tiny_encoder, always, store, words):
    tiny_encoder.encode(INPUTS, think="always", rationales=store)
    (key,) = (row.key for row in store if row.sources == ("red",))
    edited = store.edit(key, thinking=words)
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
    message = Message((Text("green, square"),), tiny_encoder.instructions[Side.QUERY], Side.QUERY)
    prompt = renderer.render(message)
    # The tokenizer may split the same words otherwise than the model did; what stands behind the
    # embed token is not read.
    written = renderer.write(found.rationales[0])
    completion = tuple(written[: written.index(renderer.completion_format.embed_id) + 1])
    network = tiny_encoder.engine.backbone.network
    states, _ = slow.read(network, prompt, prompt.prefix_ids, completion)
    expected = states[-1] / states[-1].norm()
    np.testing.assert_allclose(found.vectors[0], expected.numpy(), atol=1e-5)


def test_an_edit_beyond_the_context_is_refused(tiny_encoder, store):
    tiny_encoder.encode(["red"], think="always", rationales=store)
    (row,) = store
    store.edit(row.key, thinking="wordy " * 200)
    with pytest.raises(ModelError, match=r"context of 160: shorten .* `forethought rationales"):
        tiny_encoder.encode(["red"], think="always", rationales=store)


def spoilt(encoder, row):
    layout, embed = encoder.renderer.layout, encoder.renderer.completion_format.embed_id
    ids = row.token_ids
    return {
        "a picture's placeholder": (layout.token_id(Tag.IMAGE), *ids),
        "a video's placeholder": (*ids[:-1], layout.token_id(Tag.VIDEO), ids[-1]),
        "no embed token": ids[:-1],
        "two embed tokens": (embed, *ids),
        "outside the vocabulary": (10**6, *ids),
        "nothing": (),
    }


@pytest.mark.parametrize("think", ["always", "auto"])
def test_a_completion_that_cannot_be_read_is_thought_anew_and_counted(tiny_encoder, think):
    encoder = gated(tiny_encoder, 0.0)
    shown = [[VIOLET, Text("what is it?")], "red"]
    notes = Notes()
    plain = encoder.encode(shown, think=think, rationales=notes)
    (key, row), (other, _) = notes.rows.items()
    for token_ids in spoilt(encoder, row).values():
        notes.rows[key] = dataclasses.replace(row, token_ids=token_ids)
        notes.refused.clear()
        found = encoder.encode(shown, think=think, rationales=notes)
        close(found, plain)
        assert notes.refused == [key]
        assert sorted(found.tokens > 0) == [False, True]
    assert other not in notes.refused


def test_the_same_input_twice_is_one_row(tiny_encoder, always, store):
    found = tiny_encoder.encode(["red", "red"], think="always", rationales=store)
    np.testing.assert_allclose(found.vectors, always.vectors[[5, 5]], atol=1e-5)
    assert len(store) == 1


def test_inputs_that_cannot_be_read_are_passed_over_as_ever(tiny_encoder, always, store):
    for decoded in (int(always.tokens[5]), 0):
        found = tiny_encoder.encode([" ", "red"], think="always", rationales=store, on_error="skip")
        assert found.mode == (Mode.SKIPPED, Mode.THOUGHT)
        assert found.tokens.tolist() == [0, decoded]
        np.testing.assert_allclose(found.vectors[1], always.vectors[5], atol=1e-5)


def noise(height, width, seed):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


SHOWN = [
    "a red square beside two blue ones",
    [Image(noise(90, 131, 1)), Text("what is in it?")],
    [Image(noise(56, 56, 2)), Image(noise(140, 70, 3))],
    [Video([noise(70, 84, seed) for seed in range(4, 8)]), Text("a clip")],
]


@pytest.mark.parametrize("family", ["ume_r1", "rge", "mmemb_r1"])
def test_published_systems_read_back_what_they_thought(tmp_path, family):
    encoder = published.loaded(
        published.make(family, tmp_path / "model"),
        family=family,
        reading=EncodeOptions(
            min_pixels=3136, max_pixels=20_000, frame_max_pixels=20_000, budget=14
        ),
    )
    plain = encoder.encode(SHOWN, think="always")
    store = RationaleStore(tmp_path / "store")
    first = encoder.encode(SHOWN[:2], think="always", rationales=store)
    assert first.tokens.tolist() == plain.tokens[:2].tolist()
    for decoded in (plain.tokens[2:].tolist(), [0, 0]):
        found = encoder.encode(SHOWN, think="always", rationales=store)
        close(found, plain)
        assert found.tokens.tolist() == [0, 0, *decoded]
    assert store.counts == Counts(recalled=6, added=4)
    edited = store.edit(next(iter(store)).key, thinking="a square beside another")
    changed = encoder.encode(SHOWN, think="always", rationales=store)
    moved = np.einsum("nd,nd->n", changed.vectors, plain.vectors) < CLOSE
    assert [changed.rationales[row] for row in np.flatnonzero(moved)] == [edited.rationale]
