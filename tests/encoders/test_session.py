from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from forethought.encoders.encode_row import EncodeRow
from forethought.encoders.rationale_cache import RationaleCacheView
from forethought.encoders.session import EncodeSession
from forethought.encoders.stored_completion import StoredCompletion
from forethought.engines import RequestOutput
from forethought.types import CachedRationale, Ending, Message, Rationale, Side, Text, Think
from tests.encoders.test_rationale_cache import DictCache
from tests.encoders.test_reasoning import gated

TEXTS = ["red", "green, square", "blue", "black, square", "yellow"]


@dataclass
class DirectOnly:
    """An engine that keeps no keys and values, and decodes nothing, in groups of two."""

    local: Any

    def __post_init__(self) -> None:
        # Attributes of its own: from Python 3.12 on a protocol looks past `__getattr__`.
        self.backbone, self.pad_id = self.local.backbone, self.local.pad_id
        self.completion_format, self.limits = self.local.completion_format, self.local.limits

    def run(self, prompts, *, decide, decode_options, rows=None, **_: Any) -> Iterator[Any]:
        del decode_options, rows
        for first in range(0, len(prompts), 2):
            group = range(len(prompts))[first : first + 2]
            prefill = self.local.prefill([prompts[i] for i in group], keep_cache=False)
            decoded, gates = decide(prefill, group)
            assert not decoded
            for row, index in enumerate(group):
                yield RequestOutput(index, prefill.direct[row], gates[row], (), ())


def rows_of(encoder):
    prompts = [
        encoder.renderer.render(Message((Text(text),), "Find it.", Side.QUERY)) for text in TEXTS
    ]
    empty = Rationale("", "", Ending.MALFORMED)
    return [
        EncodeRow(3 * i, prompt, CachedRationale(f"key {i}", empty, ()))
        for i, prompt in enumerate(prompts)
    ]


def session(encoder, cache, *, think, engine=None, batch_size=2):
    def completion(stored):
        return StoredCompletion(stored.rationale, stored.token_ids)

    return EncodeSession(
        engine or encoder.engine,
        encoder.renderer,
        encoder.gate,
        encoder.decode_options,
        think,
        RationaleCacheView(cache, completion),
        batch_size,
    )


def test_rows_are_yielded_by_batches_with_the_stored_ones_last(tiny_encoder):
    cache, rows = DictCache(), rows_of(tiny_encoder)
    list(session(tiny_encoder, cache, think=Think.ALWAYS).run(rows[1:3]))
    assert [*cache.entries] == ["key 1", "key 2"]
    again = rows_of(tiny_encoder)
    batches = list(session(tiny_encoder, cache, think=Think.ALWAYS).run(again))
    indices = [sorted(row.index for row in batch) for batch in batches]
    assert (sorted(indices[0] + indices[1]), indices[2]) == ([0, 9, 12], [3, 6])
    for row in again:
        assert row.state is not None
        assert row.rationale is not None
        assert bool(row.token_ids) == (row.index not in {3, 6})
    assert cache.hits == 2
    assert len(cache.entries) == 5


def test_without_keys_and_values_stored_rationales_are_read_with_their_prompts(tiny_encoder):
    encoder, cache, rows = gated(tiny_encoder, 0.0), DictCache(), rows_of(tiny_encoder)
    list(session(encoder, cache, think=Think.AUTO).run(rows))
    again = rows_of(tiny_encoder)
    engine = DirectOnly(tiny_encoder.engine)
    list(session(encoder, cache, think=Think.AUTO, engine=engine).run(again))
    assert cache.hits == 5
    for before, after in zip(rows, again, strict=True):
        assert after.rationale == before.rationale
        assert after.token_ids == ()
        np.testing.assert_allclose(after.gate, before.gate, atol=1e-6)
        np.testing.assert_allclose(after.state, before.state, atol=1e-4)
