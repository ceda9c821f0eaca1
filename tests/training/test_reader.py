import dataclasses
import weakref

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from forethought.backbones import LoadOptions, QwenVL
from forethought.encoders import load
from forethought.engines import teacher_force
from forethought.losses import info_nce
from forethought.training import Reader, TrainRow
from forethought.training.pass_size import MemorySettings
from forethought.types import Ending, Image, Message, Prompt, Rationale, Side, Text

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


@pytest.fixture(scope="module")
def exact(tiny_model):
    """A reader of weights in float64, that may be trained."""
    encoder = load(tiny_model, device="cpu", load_options=LoadOptions("float32", packed=False))
    network = encoder.engine.backbone.network.double().requires_grad_().train()
    return Reader(QwenVL(network), encoder.renderer.layout.pad_id)


def learned(reader, rows):
    """The states of rows, a loss of all of them, and the gradient of every weight."""
    network = reader.backbone.network
    network.zero_grad(set_to_none=True)
    found = reader.read(rows)
    thought = found.thought[torch.tensor(found.thought_rows).argsort()]
    positives = torch.tensor([4, 0, 3])
    loss = info_nce(thought, found.direct, positives, temperature=0.3)
    loss = loss + 0.7 * found.token_losses.square().mean()
    loss.backward()
    gradients = {name: weight.grad for name, weight in network.named_parameters()}
    return found, loss, gradients


@pytest.mark.parametrize("most", [1, 3, 64])
def test_with_grad_cache_states_losses_and_gradients_are_the_same(exact, rows, most):
    plain, expected_loss, expected = learned(exact, rows)
    found, loss, gradients = learned(in_passes_of(exact, most, grad_cache=True), rows)
    assert found.direct.dtype == torch.float64
    torch.testing.assert_close(found.direct, plain.direct, atol=1e-9, rtol=1e-6)
    torch.testing.assert_close(loss, expected_loss, atol=1e-9, rtol=1e-6)
    for name, gradient in expected.items():
        # The vision encoder among them.
        assert gradient is not None, name
        assert gradient.abs().max() > 1e-6, name
        torch.testing.assert_close(gradients[name], gradient, atol=1e-9, rtol=1e-6)


class PeakMemory(TorchDispatchMode):
    """Counts the bytes of all tensors that are computed and not yet freed."""

    def __init__(self):
        super().__init__()
        self.now = self.peak = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        found = function(*args, **(kwargs or {}))
        for each in found if isinstance(found, tuple | list) else [found]:
            if isinstance(each, torch.Tensor):
                self._count(each.untyped_storage())
        return found

    def _count(self, storage):
        if not getattr(storage, "is_counted", False):
            storage.is_counted = True
            self.now += storage.nbytes()
            self.peak = max(self.peak, self.now)
            weakref.finalize(storage, self._free, storage.nbytes())

    def _free(self, size):
        self.now -= size


def peak(reader, pairs):
    """The most bytes that a step of so many pairs takes."""
    row = TrainRow(dataclasses.replace(PROMPT, token_ids=tuple(range(30, 50))))
    with PeakMemory() as memory:
        states = reader.read([row] * (2 * pairs)).direct
        loss = info_nce(states[:pairs], states[pairs:], torch.arange(pairs), temperature=0.3)
        loss.backward()
    return memory.peak


PROMPT = Prompt((0,), (), read_at=19, write_at=20)


@pytest.mark.parametrize(("grad_cache", "least", "most"), [(False, 5.0, 9.0), (True, 0.9, 1.3)])
def test_with_grad_cache_memory_does_not_grow_with_the_batch(exact, grad_cache, least, most):
    reader = in_passes_of(exact, 16, grad_cache=grad_cache)
    peak(reader, 2)  # the gradients are there
    assert least < peak(reader, 64) / peak(reader, 8) < most
