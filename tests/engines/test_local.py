import dataclasses

import numpy as np
import pytest
import torch

from forethought.engines import Sampling
from forethought.renderers import Tag
from forethought.types import Content, Ending, Image, Message, Side, Text

GREEDY = Sampling()
BUDGET = 24
COLOURS = {"red": (220, 30, 30), "green": (30, 180, 60), "violet": (150, 40, 200)}
SQUARES = {name: Image(np.full((56, 56, 3), colour, np.uint8)) for name, colour in COLOURS.items()}
CONTENTS: list[tuple[str, tuple[Content, ...]]] = [
    ("Find the picture.", (Text("green, square"),)),
    ("Name the picture.", (SQUARES["red"],)),
    ("Find the picture.", (Text("blue, square"),)),
    ("Picture.", (SQUARES["violet"], SQUARES["green"], Text("which of the two is it?"))),
    ("Find the picture.", (Text("orange, square, orange, square"),)),
    ("Name the picture.", (SQUARES["violet"],)),
]


@pytest.fixture(scope="module")
def renderer(tiny_encoder):
    return tiny_encoder.renderer


@pytest.fixture(scope="module")
def engine(tiny_encoder):
    return tiny_encoder.engine


@pytest.fixture(scope="module")
def prompts(renderer):
    return [renderer.render(Message(content, words, Side.QUERY)) for words, content in CONTENTS]


def generate(engine, prompts, *, rows=None, budget=BUDGET, sampling=GREEDY, seed=None):
    generator = None if seed is None else torch.Generator().manual_seed(seed)
    prefill = engine.prefill(prompts)
    rows = range(len(prompts)) if rows is None else rows
    return engine.generate(prefill, rows, budget=budget, sampling=sampling, generator=generator)


@pytest.fixture(scope="module")
def alone(engine, prompts):
    """Every prompt by itself: vectors and completions."""
    outputs = [generate(engine, [prompt]) for prompt in prompts]
    return torch.cat([vectors for vectors, _ in outputs]), tuple(
        completion for _, completions in outputs for completion in completions
    )


def stock_states(engine, prompt, completion=()):
    """Hidden states of one row by the stock network, which computes the positions."""
    network = engine.backbone.network
    token_ids = torch.tensor([[*prompt.token_ids, *completion]])
    pictures = prompt.pictures
    with torch.no_grad():
        return network.model(
            input_ids=token_ids,
            attention_mask=torch.ones_like(token_ids),
            mm_token_type_ids=(token_ids == network.config.image_token_id).long(),
            pixel_values=(
                torch.from_numpy(np.concatenate([p.values for p in pictures])) if pictures else None
            ),
            image_grid_thw=torch.tensor([p.grid for p in pictures]) if pictures else None,
            use_cache=False,
        ).last_hidden_state[0]


def check_teacher_forced(engine, prompts, vectors, completions):
    for prompt, vector, completion in zip(prompts, vectors, completions, strict=True):
        assert completion.token_ids[-1] == engine.completion_format.embed_id
        assert completion.token_ids.count(engine.completion_format.embed_id) == 1
        states = stock_states(engine, prompt, completion.token_ids)
        torch.testing.assert_close(vector, states[-1], atol=1e-5, rtol=1e-4)


def test_the_tiny_model_ends_by_itself_at_different_lengths(alone):
    # Assumed by the tests below.
    ended = [len(t.token_ids) for t in alone[1] if t.ending is Ending.EMBED]
    assert len(set(ended)) > 1


def test_the_direct_vector_is_the_state_at_its_embed_token(engine, prompts):
    found = engine.prefill(prompts)
    for prompt, direct, last in zip(prompts, found.direct, found.last, strict=True):
        states = stock_states(engine, prompt)
        torch.testing.assert_close(direct, states[prompt.read_at], atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(last, states[-1], atol=1e-5, rtol=1e-4)


def test_the_images_of_all_prompts_are_encoded_in_one_pass(engine, prompts):
    sizes = []
    visual = engine.backbone.network.model.visual
    hook = visual.register_forward_pre_hook(lambda _, inputs: sizes.append(len(inputs[0])))
    engine.prefill(prompts)
    hook.remove()
    assert sizes == [sum(len(one.values) for prompt in prompts for one in prompt.pictures)]


def test_a_prefill_without_cache_gives_the_same_direct_vectors(engine, prompts):
    with_cache, without = (
        engine.prefill(prompts, keep_cache=keep).direct for keep in (True, False)
    )
    torch.testing.assert_close(with_cache, without)


def test_the_vector_of_a_completion_is_the_state_at_its_embed_token(engine, prompts, alone):
    check_teacher_forced(engine, prompts, *generate(engine, prompts))
    check_teacher_forced(engine, prompts, *alone)


def test_greedy_tokens_are_the_likeliest_of_the_stock_network(engine, prompts, alone):
    for prompt, completion in zip(prompts, alone[1], strict=True):
        states = stock_states(engine, prompt, completion.token_ids)
        scores = engine.backbone.logits(states[len(prompt.token_ids) - 1 : -1])
        scores[:, list(engine.completion_format.forbidden)] = -torch.inf
        likeliest = tuple(scores.argmax(-1).tolist())
        # A forced embed token need not be the likeliest.
        end = len(likeliest) if completion.ending is Ending.EMBED else -1
        assert completion.token_ids[:end] == likeliest[:end]


@pytest.mark.parametrize("order", [[0, 1, 2, 3, 4, 5], [5, 3, 0, 4, 2, 1], [3, 3, 1]])
def test_other_rows_and_their_order_change_nothing(engine, prompts, alone, order):
    vectors, completions = generate(engine, [prompts[index] for index in order])
    assert completions == tuple(alone[1][index] for index in order)
    torch.testing.assert_close(vectors, alone[0][order], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("rows", [[2, 0], [4], [5, 4, 3, 2, 1, 0]])
def test_some_rows_may_decode_in_any_order(engine, prompts, alone, rows):
    vectors, completions = generate(engine, prompts, rows=rows)
    assert completions == tuple(alone[1][row] for row in rows)
    torch.testing.assert_close(vectors, alone[0][rows], atol=1e-5, rtol=1e-4)


def test_another_call_between_prefill_and_decoding_changes_nothing(engine, prompts, alone):
    prefill = engine.prefill(prompts)
    generate(engine, prompts[3:4], budget=5)
    stock_states(engine, prompts[1])
    vectors, completions = engine.generate(prefill, range(6), budget=BUDGET, sampling=GREEDY)
    assert completions == alone[1]
    torch.testing.assert_close(vectors, alone[0], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("budget", [1, 2, 5])
def test_at_the_budget_the_embed_token_is_forced(engine, prompts, alone, budget):
    vectors, completions = generate(engine, prompts, budget=budget)
    check_teacher_forced(engine, prompts, vectors, completions)
    for completion, whole in zip(completions, alone[1], strict=True):
        assert completion.ending is Ending.LENGTH
        assert completion.token_ids == (
            *whole.token_ids[:budget],
            engine.completion_format.embed_id,
        )


def test_a_completion_as_long_as_the_budget_is_not_cut(engine, prompts, alone):
    row = next(i for i, t in enumerate(alone[1]) if t.ending is Ending.EMBED)
    length = len(alone[1][row].token_ids)
    _, (whole,) = generate(engine, prompts[row : row + 1], budget=length)
    _, (cut,) = generate(engine, prompts[row : row + 1], budget=length - 1)
    assert whole == alone[1][row]
    assert cut.ending is Ending.LENGTH
    assert cut.token_ids == whole.token_ids


def test_at_the_end_of_a_turn_the_embed_token_is_forced(engine, prompts, renderer):
    # The model always closes its thinking, so that is the token that ends a turn here.
    close = renderer.layout.token_id(Tag.THINK_END)
    quitting = dataclasses.replace(
        engine, completion_format=dataclasses.replace(engine.completion_format, end_ids=(close,))
    )
    vectors, completions = generate(quitting, prompts)
    endings = [completion.ending for completion in completions]
    assert endings.count(Ending.MALFORMED) > 1
    check_teacher_forced(quitting, prompts, vectors, completions)
    assert not any(close in completion.token_ids for completion in completions)


def test_no_forbidden_token_is_ever_sampled(engine, prompts):
    # At this temperature all tokens are about equally likely.
    wild = Sampling(temperature=300.0)
    many = prompts[:1] * 50
    _, completions = generate(engine, many, sampling=wild, seed=1)
    _, free = generate(
        dataclasses.replace(
            engine, completion_format=dataclasses.replace(engine.completion_format, forbidden=())
        ),
        many,
        sampling=wild,
        seed=1,
    )
    assert not {t for completion in completions for t in completion.token_ids} & {
        *engine.completion_format.forbidden
    }
    assert {t for completion in free for t in completion.token_ids} & {
        *engine.completion_format.forbidden
    }


def test_sampled_rows_end_at_different_steps_with_their_vectors(engine, prompts):
    vectors, completions = generate(
        engine, prompts * 3, sampling=Sampling(temperature=0.7, top_p=0.9), seed=2
    )
    assert len({len(completion.token_ids) for completion in completions}) > 3
    assert {completion.ending for completion in completions} >= {Ending.EMBED}
    check_teacher_forced(engine, prompts * 3, vectors, completions)


def test_the_same_seed_samples_the_same(engine, prompts):
    warm = Sampling(temperature=1.1, top_k=40)
    (_, first), (_, again), (_, other) = (
        generate(engine, prompts, sampling=warm, seed=seed) for seed in (3, 3, 4)
    )
    assert first == again
    assert first != other
