"""The recipes of the published systems run end to end, on tiny networks and 20 rows of their data.

Only the starting model, the data's paths, sizes and steps are replaced: every other key is used as
it is in the file.
"""

import json
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

import forethought as ft
from forethought import config
from forethought.encoders import EncodeOptions
from forethought.training import Recipe, train
from forethought.training.run_folder import RunFolder
from forethought.training.state import build_train_state
from forethought.types import Side, no_progress
from tests import published, published_data

ROOT = Path(__file__).resolve().parents[2]
STEPS, BATCH, SUB_BATCH, BUDGET = 2, 4, 2, 6
UME_R1 = {"direct", "thought", "query_tokens", "document_tokens"}
MMEMB_R1 = {"direct", "thought", "cross_mode", "next_token"}
RECIPES = {
    "ume_r1_2b": ("qwen2_vl", {"cold-start": UME_R1}),
    "ume_r1_7b": ("qwen2_vl", {"cold-start": UME_R1}),
    "rge_3b": ("qwen2_5_vl", {"warm-start": {"next_token"}, "joint": {"thought", "next_token"}}),
    "mmemb_r1_4b": (
        "qwen3_vl",
        {"warm-start": MMEMB_R1, "mixed": MMEMB_R1, "self-generated": MMEMB_R1},
    ),
}
"""The architecture of each recipe's starting model, and the terms of its stages."""
TAILS = {"ume_r1": "\n<gen_emb><|im_end|>\n", "rge": "<emb>", "mmemb_r1": "<emb>"}
"""How the published training texts end; RGE has no end of turn."""
# The same recipe as of the 2B model, on a larger network.
PARAMS = [
    pytest.param(name, marks=[pytest.mark.slow] if name == "ume_r1_7b" else []) for name in RECIPES
]
# Of torch, about Qwen3-VL's norms under autocast: they are computed all the same.
pytestmark = pytest.mark.filterwarnings("ignore:Mismatch dtype between input and weight")


def small(path, init, data):
    """A recipe with another start, other files, and smaller sizes."""
    table = config.read(path)
    table["init"] = str(init)
    for key in ("path", "media"):
        if key in table["data"]:
            table["data"][key] = data[key]
    for stage in table["stages"]:
        stage |= {"steps": STEPS, "batch": BATCH, "sub_batch": SUB_BATCH}
        stage |= {key: 1 for key in ("warmup", "cooldown") if key in stage}
    if "rollouts" in table:
        table["rollouts"]["budget"] = BUDGET
    return config.build(table, Recipe, where=path.name)


def selected(folder):
    """JSON Lines as `forethought select` writes them: rationales on both sides, on some none."""
    table = published_data.json_lines(folder)
    path = Path(table["path"])
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    for index, row in enumerate(rows):
        rationale = row["query"].pop("rationale")
        if index % 7:
            row["query"]["rationale"] = rationale
            row["positives"][0]["rationale"] = {**rationale, "answer": f"square {index}"}
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return table


WRITERS = {**published_data.WRITERS, "json_lines": selected}


@pytest.fixture(scope="module", params=PARAMS)
def trained(request, tmp_path_factory):
    """A recipe's name, its small form, and the folder of its run."""
    folder = tmp_path_factory.mktemp(request.param)
    path = ROOT / "recipes" / f"{request.param}.toml"
    spec = published.CHAT_MODELS[RECIPES[request.param][0]]
    init = published.write(spec, folder / "chat", context=4096)
    write_data = WRITERS[config.read(path)["data"]["use"]]
    recipe = small(path, init, write_data(folder / "data"))
    train(recipe, folder / "run", fresh=False, open_progress=no_progress)
    return request.param, recipe, RunFolder(folder / "run")


def test_every_step_has_the_terms_of_its_stage(trained):
    name, recipe, run = trained
    journal = [json.loads(line) for line in run.journal.read_text().splitlines()]
    stages = [stage.name for stage in recipe.stages for _ in range(STEPS)]
    assert [entry["stage"] for entry in journal] == stages
    for entry in journal:
        assert {*entry["terms"]} == RECIPES[name][1][entry["stage"]]
        assert all(np.isfinite(value) for value in entry["terms"].values())


def test_the_loss_of_a_step_is_the_weighted_sum_of_its_terms(trained):
    _, recipe, run = trained
    weights = {
        stage.name: {term.term: term.weight for term in stage.objectives} for stage in recipe.stages
    }
    for line in run.journal.read_text().splitlines():
        entry = json.loads(line)
        terms = weights[entry["stage"]]
        total = sum(terms[name] * value for name, value in entry["terms"].items())
        assert entry["loss"] == pytest.approx(total, rel=1e-3)


def test_a_true_rationale_is_learned_from_its_first_token_to_the_end_of_its_turn(trained):
    name, recipe, run = trained
    state = build_train_state(recipe, run)
    builder, stage = state.train_step.rollouts.builder, recipe.stages[0]
    layout = builder.renderer.layout
    drawn = [builder.draw(step, stage, 0) for step in range(3)]
    rows = [builder.rows(pairs, [], stage) for pairs in drawn]
    found = {Side.QUERY: 0, Side.DOCUMENT: 0}
    for row, side in [pair for part in rows for pair in zip(part.rows, part.sides, strict=True)]:
        assert layout.decode(row.prompt.prefix_ids).endswith("<|im_start|>assistant\n")
        if not row.supervised:
            assert not row.completion
            continue
        found[side] += 1
        completion = layout.decode(row.completion)
        assert completion.endswith(TAILS[recipe.family])
        if row.thought_at is not None:
            assert layout.decode(row.completion[: row.thought_at + 1]).endswith("emb>")
    assert bool(found[Side.DOCUMENT]) == (name != "rge_3b")
    assert found[Side.QUERY]


def test_the_model_embeds_text_and_pictures_directly_and_behind_rationales(trained):
    _, recipe, run = trained
    encoder = ft.load(run.model, device="cpu", encode_options=EncodeOptions(budget=BUDGET))
    assert encoder.family.name == recipe.family
    assert encoder.name == recipe.name
    inputs: list[str | ft.Image] = [
        "a red square",
        ft.Image(np.asarray(PIL.Image.new("RGB", (64, 40), "navy"))),
    ]
    for think in ("never", "always"):
        found = encoder.encode(inputs, side="query", think=think)
        assert found.vectors.shape == (2, 48)
        np.testing.assert_allclose(np.linalg.norm(found.vectors, axis=1), 1, rtol=1e-5)
        assert [rationale is None for rationale in found.rationales] == [think == "never"] * 2


def test_the_model_differs_from_its_start(trained):
    _, _, run = trained
    start, end = (ft.load(folder, device="cpu") for folder in (run.start, run.model))
    one, other = (
        encoder.encode(["a red square"], side="document", think="never").vectors
        for encoder in (start, end)
    )
    assert abs(one - other).max() > 1e-4
