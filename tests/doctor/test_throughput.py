import pytest

from forethought.doctor import (
    MachineRates,
    Times,
    measure_throughput,
    sample_inputs,
    throughput,
    timing,
)
from forethought.errors import ConfigError
from forethought.types import Image, Text
from tests import published
from tests.fakes import ColourEncoder


def test_direct_and_thought_are_measured_on_the_same_inputs(tiny_encoder):
    calls = []
    found = measure_throughput(
        tiny_encoder, sample_inputs(3), repeats=2, progress=lambda *call: calls.append(call)
    )
    assert (found.device, found.dtype, found.note) == ("cpu", "float32", "")
    assert found.thought is not None
    assert [len(one.times.seconds) for one in (found.direct, found.thought)] == [2, 2]
    assert (found.direct.inputs, found.direct.tokens) == (3, 0)
    assert found.thought.tokens >= 3
    assert found.thought.peak_bytes > 0
    # Two modes, each a warm-up and two rounds.
    assert calls[0] == (1, 6, "direct")
    assert calls[-1][:2] == (6, 6)


def test_the_share_of_the_roofline_by_hand(tiny_encoder, monkeypatch):
    monkeypatch.setattr(throughput, "measure_rates", lambda *_, **__: MachineRates(1e6, 1e15))
    monkeypatch.setattr(
        throughput,
        "interleave",
        lambda functions, **how: (
            timing.interleave(functions, **how)
            and {"never": Times((1.0, 3.0)), "always": Times((4.0, 10.0))}
        ),
    )
    inputs = [[Text("a red square")], [Text("a red square")]]
    found = measure_throughput(tiny_encoder, inputs, repeats=1, batch_size=7)
    assert found.thought is not None
    assert found.decode is not None
    # Medians of 2 and 7 s leave 5 s for decoding.
    assert found.direct.items_per_second == 1.0
    tokens = found.thought.tokens
    assert found.decode.tokens_per_second == tokens / 5
    # Steps of two rows: all weights, and two caches that hold the prompt and half of a completion.
    backbone = tiny_encoder.local.backbone
    weights = 4 * sum(p.numel() for p in backbone.network.model.language_model.parameters())
    prompt = len(tiny_encoder.renderer.render(_query(tiny_encoder, inputs[0])).token_ids)
    moved = weights + 2 * (prompt + tokens / 4) * 4 * backbone.kv_numel
    assert found.decode.roofline == pytest.approx(tokens / 2 * moved / 1e6 / 5)


def _query(encoder, contents):
    from forethought.encoders import as_message
    from forethought.types import Side

    return as_message(contents, side=Side.QUERY, instruction=encoder.instructions[Side.QUERY])


def test_a_thought_round_no_slower_than_a_direct_one_gives_no_decode_rate(
    tiny_encoder, monkeypatch
):
    measure = timing.interleave
    monkeypatch.setattr(
        throughput,
        "interleave",
        lambda functions, **how: (
            measure(functions, **how) and {"never": Times((2.0,)), "always": Times((2.0,))}
        ),
    )
    found = measure_throughput(tiny_encoder, sample_inputs(1), repeats=1)
    assert found.decode is None
    assert "no measurable time" in found.note


def test_a_family_that_never_thinks_is_measured_directly(tmp_path):
    encoder = published.loaded(published.make("vlm2vec", tmp_path / "vlm2vec"), family="vlm2vec")
    found = measure_throughput(encoder, sample_inputs(2), repeats=1)
    assert (found.thought, found.decode) == (None, None)
    assert found.note.endswith("never thinks: only direct vectors were measured")


def test_an_encoder_without_a_decoder_is_measured_directly():
    found = measure_throughput(ColourEncoder(), sample_inputs(2), repeats=1)
    assert found.thought is None
    assert found.note == "colour has no decoder: only direct vectors were measured"


def test_sample_inputs_are_texts_pictures_and_both():
    kinds = [tuple(type(part) for part in one) for one in sample_inputs(6)]
    assert kinds == [(Text,), (Image,), (Image, Text)] * 2


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"inputs": []}, "there is no input to measure with; give at least 1"),
        ({"repeats": 0}, "repeats is 0; it must be at least 1"),
        ({"batch_size": 0}, "batch_size is 0; it must be at least 1"),
    ],
)
def test_nothing_to_measure_is_refused(changed, message):
    options = {"inputs": ["red"], "repeats": 1, "batch_size": 2} | changed
    with pytest.raises(ConfigError, match=message):
        measure_throughput(ColourEncoder(), options.pop("inputs"), **options)
