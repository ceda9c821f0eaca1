import dataclasses

import numpy as np
import pytest
import torch

from forethought.training.batch_builder import Row
from forethought.training.forward import Reader
from forethought.types import Ending, Image, Message, Rationale, Side, Text

PICTURE = Image(np.full((56, 56, 3), (30, 180, 60), np.uint8))
TAUGHT = Rationale("A square: green.", "green", Ending.EMBED)


@pytest.fixture(scope="module")
def reader(tiny_encoder):
    return Reader(tiny_encoder.engine.backbone, tiny_encoder.renderer.layout.pad_id)


@pytest.fixture(scope="module")
def rows(tiny_encoder):
    """Direct, own, taught, own, direct: of different lengths, with and without a picture."""
    renderer = tiny_encoder.renderer
    contents = [
        (Text("red"),),
        (PICTURE, Text("a long question about what it is and what it is for")),
        (PICTURE,),
        (Text("yellow"),),
        (Text("a colour that is no colour"),),
    ]
    prompts = [renderer.render(Message(shown, "Find it.", Side.QUERY)) for shown in contents]
    written = renderer.write(dataclasses.replace(TAUGHT, thinking="It is.", answer="grey"))[:-1]
    own = (written, written[:3] + written[-1:])
    return [
        Row(prompts[0], (), taught=False),
        Row(prompts[1], own[0], taught=False),
        Row(prompts[2], renderer.write(TAUGHT), taught=True),
        Row(prompts[3], own[1], taught=False),
        Row(prompts[4], (), taught=False),
    ]


def stock_states(backbone, row):
    token_ids = torch.tensor([[*row.prompt.token_ids, *row.completion]])
    shown = row.prompt.pictures
    return backbone.network.model(
        input_ids=token_ids,
        attention_mask=torch.ones_like(token_ids),
        mm_token_type_ids=(token_ids == backbone.placeholders.image_id).long(),
        pixel_values=torch.from_numpy(np.concatenate([p.values for p in shown])) if shown else None,
        image_grid_thw=torch.tensor([p.grid for p in shown]) if shown else None,
    ).last_hidden_state[0]


@pytest.fixture(scope="module")
def alone(reader, rows):
    return [stock_states(reader.backbone, row) for row in rows]


def near(found, expected):
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("chunk", [1, 2, 64])
def test_every_row_is_read_at_its_direct_embed_token(reader, rows, alone, chunk):
    found = dataclasses.replace(reader, chunk=chunk).read(rows)
    expected = [states[row.prompt.read_at] for states, row in zip(alone, rows, strict=True)]
    near(found.direct, torch.stack(expected))


@pytest.mark.parametrize("chunk", [1, 2, 64])
def test_only_own_completions_are_read_for_a_thought_and_at_their_end(reader, rows, alone, chunk):
    found = dataclasses.replace(reader, chunk=chunk).read(rows)
    assert sorted(found.thinking) == [1, 3]
    near(found.thought, torch.stack([alone[row][-1] for row in found.thinking]))


@pytest.mark.parametrize("chunk", [2, 64])
def test_only_taught_completions_are_scored_each_token_before_it_is_seen(
    reader, rows, alone, chunk
):
    found = dataclasses.replace(reader, chunk=chunk).read(rows)
    row = rows[2]
    assert found.targets.tolist() == list(row.completion)
    before = alone[2][len(row.prompt.token_ids) - 1 : -1]
    near(found.logits, reader.backbone.logits(before))


def test_rows_without_completion_give_no_thought_and_no_target(reader, rows):
    found = reader.read([rows[0], rows[4]])
    assert found.thinking == ()
    assert len(found.thought) == len(found.targets) == len(found.logits) == 0


def test_plain_sequences_are_scored_from_where_they_begin(reader, tiny_encoder):
    tokenizer = tiny_encoder.renderer.layout.tokenizer
    said = [
        tuple(tokenizer.encode(text, add_special_tokens=False).ids)
        for text in ("Red is a colour.", "Green is a colour. Blue is one too.")
    ]
    found = reader.statements(said, first=2)
    assert found.targets.tolist() == [*said[0][2:], *said[1][2:]]
    hidden = [
        reader.backbone.network.model(
            input_ids=torch.tensor([ids]),
            mm_token_type_ids=torch.zeros(1, len(ids), dtype=torch.long),
        ).last_hidden_state[0, 1:-1]
        for ids in said
    ]
    near(found.logits, reader.backbone.logits(torch.cat(hidden)))
    assert found.thinking == ()
