import pytest
import torch
import torch.nn.functional as F

from forethought.errors import ConfigError, DataError
from forethought.nano.glyph_examples import GlyphExamples, read_texts
from forethought.nano.statements import Statements
from forethought.renderers import Tag
from tests import published, tiny


@pytest.fixture(scope="module")
def run(tiny_data, tiny_encoder):
    return tiny.run_context(tiny_encoder, GlyphExamples(tiny_data), seed=9)


@pytest.fixture(scope="module")
def loss(tiny_data, run):
    return Statements(tiny_data / "statements.parquet", count=5).bind(run)


def test_facts_stand_three_in_a_row_where_a_rationale_begins(tiny_data, loss):
    statements = read_texts(tiny_data / "statements.parquet")
    layout = loss.renderer.layout
    opening = (*loss.renderer.opening, layout.token_id(Tag.THINK))
    rows = loss.rows(7)
    assert len(rows) == 5
    for row in rows:
        assert row[: len(opening)] == opening == loss.opening
        text = layout.tokenizer.decode(list(row[len(opening) :]))
        assert text.count(".") == 3
        assert all(f"{part.strip()}." in statements for part in text.split(".") if part)


def test_a_step_draws_the_same_facts_every_time_and_another_step_others(loss):
    assert loss.rows(7) == loss.rows(7)
    assert loss.rows(7) != loss.rows(8)


def test_the_loss_is_the_mean_over_all_tokens_behind_the_opening(loss, run):
    losses = []
    for row in loss.rows(4):
        ids = torch.tensor([row])
        hidden = run.reader.backbone.network.model(
            input_ids=ids, mm_token_type_ids=torch.zeros_like(ids)
        ).last_hidden_state[0]
        scores = run.reader.backbone.logits(hidden[:-1])
        first = len(loss.opening)
        losses.append(F.cross_entropy(scores[first - 1 :], ids[0, first:], reduction="none"))
    assert loss(tiny.no_pairs(4)).item() == pytest.approx(torch.cat(losses).mean().item(), rel=1e-4)


def test_a_model_of_another_format_is_refused(tiny_data, tmp_path):
    encoder = published.loaded(published.make("ume_r1", tmp_path / "ume"))
    run = tiny.run_context(encoder, GlyphExamples(tiny_data))
    with pytest.raises(ConfigError, match="written in the forethought format, and ume is UME-R1"):
        Statements(tiny_data / "statements.parquet", count=5).bind(run)


def test_a_missing_file_is_refused(tmp_path, run):
    with pytest.raises(DataError, match="no such file"):
        Statements(tmp_path / "gone.parquet", count=5).bind(run)
