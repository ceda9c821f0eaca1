import dataclasses

import numpy as np
import pytest
import torch

from forethought.training import Reader, TrainRow
from forethought.types import Ending, Image, Message, Rationale, Side, Text
from tests import published

PICTURE = Image(np.full((56, 56, 3), (30, 180, 60), np.uint8))
TRUE = Rationale("A square: green.", "green", Ending.EMBED)


@pytest.fixture(scope="module")
def reader(tiny_encoder):
    return Reader(tiny_encoder.engine.backbone, tiny_encoder.renderer.layout.pad_id)


@pytest.fixture(scope="module")
def rows(tiny_encoder):
    """Direct, self-generated, supervised, self-generated, direct: of different lengths."""
    renderer = tiny_encoder.renderer
    contents = [
        (Text("red"),),
        (PICTURE, Text("a long question about what it is and what it is for")),
        (PICTURE,),
        (Text("yellow"),),
        (Text("a colour that is no colour"),),
    ]
    prompts = [renderer.render(Message(content, "Find it.", Side.QUERY)) for content in contents]
    written = renderer.write(dataclasses.replace(TRUE, thinking="It is.", answer="grey"))[:-1]
    return [
        TrainRow(prompts[0]),
        TrainRow(prompts[1], written),
        TrainRow(prompts[2], renderer.write(TRUE), supervised=True),
        TrainRow(prompts[3], written[:3] + written[-1:]),
        TrainRow(prompts[4]),
    ]


def stock_states(backbone, token_ids, media):
    ids = torch.tensor([token_ids])
    return backbone.network.model(
        input_ids=ids,
        attention_mask=torch.ones_like(ids),
        mm_token_type_ids=(ids == backbone.placeholders.image_id).long(),
        pixel_values=torch.from_numpy(np.concatenate([p.values for p in media])) if media else None,
        image_grid_thw=torch.tensor([p.grid for p in media]) if media else None,
    ).last_hidden_state[0]


@pytest.fixture(scope="module")
def alone(reader, rows):
    return [
        stock_states(reader.backbone, (*row.prompt.token_ids, *row.completion), row.prompt.pictures)
        for row in rows
    ]


def near(found, expected):
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("chunk", [1, 2, 64])
def test_every_row_is_read_at_its_direct_embed_token(reader, rows, alone, chunk):
    found = dataclasses.replace(reader, chunk=chunk).read(rows)
    expected = [states[row.prompt.read_at] for states, row in zip(alone, rows, strict=True)]
    near(found.direct, torch.stack(expected))


@pytest.mark.parametrize("chunk", [1, 2, 64])
def test_only_self_generated_completions_give_a_thought_state_at_their_end(
    reader, rows, alone, chunk
):
    found = dataclasses.replace(reader, chunk=chunk).read(rows)
    assert sorted(found.thought_rows) == [1, 3]
    near(found.thought, torch.stack([alone[row][-1] for row in found.thought_rows]))


@pytest.mark.parametrize("chunk", [1, 2, 64])
def test_only_supervised_completions_are_scored_each_token_from_the_one_before(
    reader, rows, alone, chunk
):
    found = dataclasses.replace(reader, chunk=chunk).read(rows)
    row = rows[2]
    assert found.targets.tolist() == list(row.completion)
    before = alone[2][len(row.prompt.token_ids) - 1 : -1]
    near(found.logits, reader.backbone.logits(before))


def test_rows_without_completion_give_no_thought_and_no_target(reader, rows):
    found = reader.read([rows[0], rows[4]])
    assert found.thought_rows == ()
    assert len(found.thought) == len(found.targets) == len(found.logits) == 0


def test_plain_sequences_are_scored_at_their_targets(reader, tiny_encoder):
    tokenizer = tiny_encoder.renderer.layout.tokenizer
    sequences = [
        tuple(tokenizer.encode(text, add_special_tokens=False).ids)
        for text in ("Red is a colour.", "Green is a colour. Blue is one too.")
    ]
    targets = [(1, 3), range(2, len(sequences[1]))]
    found = reader.score(sequences, targets=targets)
    assert found.targets.tolist() == [
        ids[at] for ids, row in zip(sequences, targets, strict=True) for at in row
    ]
    before = [
        stock_states(reader.backbone, ids, ())[[at - 1 for at in row]]
        for ids, row in zip(sequences, targets, strict=True)
    ]
    near(found.logits, reader.backbone.logits(torch.cat(before)))
    assert found.thought_rows == ()


@pytest.fixture(scope="module", params=["ume_r1", "rge", "mmemb_r1"])
def family(request, tmp_path_factory):
    """A published format; in the last two a completion takes the place of the direct token."""
    return published.loaded(
        published.make(request.param, tmp_path_factory.mktemp("family") / request.param)
    )


def test_both_states_are_read_in_every_format(family):
    message = Message((PICTURE, Text("green")), "Find it.", Side.QUERY)
    prompt = family.renderer.render(message)
    embed_id = family.renderer.completion_format.embed_id
    completion = (*family.renderer.write(TRUE)[:4], embed_id)
    backbone = family.engine.backbone
    found = Reader(backbone, family.engine.pad_id).read(
        [TrainRow(prompt), TrainRow(prompt, completion), TrainRow(prompt, completion)]
    )
    prefill = family.local.prefill([prompt])
    near(found.direct, prefill.direct.expand(3, -1))
    assert sorted(found.thought_rows) == [1, 2]
    whole = (*prompt.prefix_ids, *completion)
    assert whole[-1] == embed_id
    from forethought.engines import teacher_force

    expected = teacher_force(
        backbone, [prompt], [completion], pad_id=family.engine.pad_id, limits=family.local.limits
    )
    near(found.thought, expected.expand(2, -1))


def test_a_supervised_row_of_every_format_scores_its_whole_completion(family):
    prompt = family.renderer.render(Message((Text("green"),), "Find it.", Side.QUERY))
    completion = family.renderer.write(TRUE)
    found = Reader(family.engine.backbone, family.engine.pad_id).read(
        [TrainRow(prompt, completion, supervised=True)]
    )
    assert found.targets.tolist() == list(completion)
    assert found.logits.shape == (len(completion), family.engine.backbone.vocab_size)
    assert len(found.direct) == 1
    assert len(found.thought) == 0


def test_a_pass_takes_rows_of_like_length_so_that_little_is_padding(reader):
    # 9 rows of 10 tokens, 20 of 30 and one of 60; unsorted.
    lengths = [60, *[10, 30] * 9, *[30] * 11]
    shapes = []
    hook = reader.backbone.network.model.register_forward_pre_hook(
        lambda _, __, given: shapes.append(tuple(given["input_ids"].shape)), with_kwargs=True
    )
    with hook:
        found = reader.score(
            [tuple(range(20, 20 + length)) for length in lengths], targets=[[]] * 30
        )
    assert shapes == [(9, 10), (20, 30), (1, 60)]
    assert len(found.direct) == 30
