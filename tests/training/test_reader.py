import dataclasses

import numpy as np
import pytest
import torch

from forethought.engines import teacher_force
from forethought.training import Reader, TrainRow
from forethought.training.reader import MemorySettings
from forethought.types import Ending, Image, Message, Rationale, Side, Text

PICTURE = Image(np.full((56, 56, 3), (30, 180, 60), np.uint8))
TRUE = Rationale("A square: green.", "green", Ending.EMBED)


@pytest.fixture(scope="module")
def reader(tiny_encoder):
    return Reader(tiny_encoder.engine.backbone, tiny_encoder.renderer.layout.pad_id)


@pytest.fixture(scope="module")
def rows(tiny_encoder):
    """Direct, self-generated, supervised, self-generated, direct, oracle: of different lengths."""
    renderer = tiny_encoder.renderer
    contents = [
        (Text("red"),),
        (PICTURE, Text("a long question about what it is and what it is for")),
        (PICTURE,),
        (Text("yellow"),),
        (Text("a colour that is no colour"),),
        (Text("blue"), PICTURE),
    ]
    prompts = [renderer.render(Message(content, "Find it.", Side.QUERY)) for content in contents]
    written = renderer.write(dataclasses.replace(TRUE, thinking="It is.", answer="grey"))[:-1]
    true = renderer.write(TRUE)
    return [
        TrainRow(prompts[0]),
        TrainRow(prompts[1], written, thought_at=len(written) - 1),
        TrainRow(prompts[2], true, supervised=True),
        TrainRow(prompts[3], written[:3] + written[-1:], thought_at=3),
        TrainRow(prompts[4]),
        TrainRow(prompts[5], true, supervised=True, thought_at=len(true) - 2),
    ]


def in_passes_of(reader, rows, **changes):
    """The reader with at most so many rows a pass."""
    return dataclasses.replace(reader, memory=MemorySettings(rows=rows, **changes))


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


def likelihoods(backbone, states, token_ids):
    """The negative log-likelihood of each token under the state before it."""
    odds = backbone.logits(states).exp()
    chosen = odds[torch.arange(len(token_ids)), list(token_ids)]
    return (odds.sum(dim=1) / chosen).log()


@pytest.mark.parametrize("most", [1, 2, 64])
def test_every_row_is_read_at_its_direct_embed_token(reader, rows, alone, most):
    found = in_passes_of(reader, most).read(rows)
    expected = [states[row.prompt.read_at] for states, row in zip(alone, rows, strict=True)]
    near(found.direct, torch.stack(expected))


@pytest.mark.parametrize("most", [1, 2, 64])
def test_only_rows_that_name_a_token_give_a_thought_state_there(reader, rows, alone, most):
    found = in_passes_of(reader, most).read(rows)
    assert sorted(found.thought_rows) == [1, 3, 5]
    # The true rationale has a token behind its embed token.
    place = {1: -1, 3: -1, 5: -2}
    near(found.thought, torch.stack([alone[row][place[row]] for row in found.thought_rows]))


@pytest.mark.parametrize("most", [1, 2, 64])
def test_only_supervised_completions_are_scored_each_token_from_the_one_before(
    reader, rows, alone, most
):
    found = in_passes_of(reader, most).read(rows)
    assert sorted({*found.token_rows}) == [2, 5]
    for row in (2, 5):
        mine = torch.tensor([each == row for each in found.token_rows])
        completion = rows[row].completion
        before = alone[row][len(rows[row].prompt.token_ids) - 1 : -1]
        near(found.token_losses[mine], likelihoods(reader.backbone, before, completion))


def test_rows_without_completion_give_no_thought_and_no_target(reader, rows):
    found = reader.read([rows[0], rows[4]])
    assert (found.thought_rows, found.token_rows) == ((), ())
    assert len(found.thought) == len(found.token_losses) == 0


def test_plain_sequences_are_scored_at_their_targets(reader, tiny_encoder):
    tokenizer = tiny_encoder.renderer.layout.tokenizer
    sequences = [
        tuple(tokenizer.encode(text, add_special_tokens=False).ids)
        for text in ("Red is a colour.", "Green is a colour. Blue is one too.")
    ]
    targets = [(1, 3), range(2, len(sequences[1]))]
    found = reader.score(sequences, targets=targets)
    expected = [
        likelihoods(
            reader.backbone,
            stock_states(reader.backbone, ids, ())[[at - 1 for at in row]],
            [ids[at] for at in row],
        )
        for ids, row in zip(sequences, targets, strict=True)
    ]
    near(found.token_losses, torch.cat(expected))
    assert found.token_rows == (0, 0, *[1] * len(targets[1]))
    assert found.thought_rows == ()


@pytest.fixture(scope="module", params=["forethought", "ume_r1", "rge", "mmemb_r1"])
def family(request, encoder_of):
    """A format; in the last two a completion takes the place of the direct token."""
    return encoder_of(request.param)


def reader_of(family):
    return Reader(family.engine.backbone, family.engine.pad_id)


def forced(family, prompt, completion):
    """The thought state of the engine, which is read at the last token."""
    backbone, pad_id = family.engine.backbone, family.engine.pad_id
    return teacher_force(
        backbone, [prompt], [completion], pad_id=pad_id, limits=family.local.limits
    )


def test_both_states_are_read_in_every_format(family):
    prompt = family.renderer.render(Message((PICTURE, Text("green")), "Find it.", Side.QUERY))
    completion = (
        *family.renderer.write(TRUE)[:4],
        family.renderer.completion_format.embed_id,
    )
    row = TrainRow(prompt, completion, thought_at=4)
    found = reader_of(family).read([TrainRow(prompt), row, row])
    near(found.direct, family.local.prefill([prompt]).direct.expand(3, -1))
    assert sorted(found.thought_rows) == [1, 2]
    near(found.thought, forced(family, prompt, completion).expand(2, -1))


@pytest.mark.parametrize("supervised", [False, True])
def test_a_true_rationale_is_read_at_its_embed_token_in_every_format(family, supervised):
    prompt = family.renderer.render(Message((Text("green"),), "Find it.", Side.QUERY))
    completion = family.renderer.write(TRUE)
    thought_at = completion.index(family.renderer.completion_format.embed_id)
    row = TrainRow(prompt, completion, supervised=supervised, thought_at=thought_at)
    found = reader_of(family).read([row])
    near(found.direct, family.local.prefill([prompt]).direct)
    near(found.thought, forced(family, prompt, completion[: thought_at + 1]))
    assert found.token_rows == ((0,) * len(completion) if supervised else ())


def test_a_supervised_row_of_every_format_scores_its_whole_completion(family):
    prompt = family.renderer.render(Message((Text("green"),), "Find it.", Side.QUERY))
    completion = family.renderer.write(TRUE)
    backbone = family.engine.backbone
    found = reader_of(family).read([TrainRow(prompt, completion, supervised=True)])
    states = stock_states(backbone, (*prompt.prefix_ids, *completion), prompt.pictures)
    before = states[prompt.write_at - 1 : -1]
    near(found.token_losses, likelihoods(backbone, before, completion))
    assert found.token_rows == (0,) * len(completion)
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
