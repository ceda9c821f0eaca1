import pytest
import torch
import torch.nn.functional as F

from forethought.errors import ConfigError, DataError
from forethought.nano.glyph_examples import GlyphExamples, read_table
from forethought.nano.statement_loss import Statements
from forethought.renderers import Tag
from tests import published, tiny


@pytest.fixture(scope="module")
def run(tiny_data, tiny_encoder):
    return tiny.run_context(tiny_encoder, GlyphExamples(tiny_data), seed=9)


@pytest.fixture(scope="module")
def loss(tiny_data, run):
    return Statements(tiny_data / "statements.parquet", count=5).bind(run)


@pytest.fixture(scope="module")
def facts(tiny_data):
    """The sentences, each with its end."""
    rows = read_table(tiny_data / "statements.parquet")
    return {row["text"]: row["text"][int(row["start"]) :] for row in rows}


@pytest.fixture(scope="module")
def decode(run):
    tokenizer = run.encoder.renderer.layout.tokenizer
    return lambda ids: tokenizer.decode(list(ids))


def _sentences(text):
    return [f"{part.strip()}." for part in text.split(".") if part.strip()]


def test_facts_stand_three_in_a_row_where_a_rationale_begins(loss, facts, decode, run):
    renderer = run.encoder.renderer
    opening = (*renderer.opening, renderer.layout.token_id(Tag.THINK))
    rows = [ids for ids, _ in loss.rows(7)]
    assert all(row[: len(opening)] == opening for row in rows)
    sentences = [_sentences(decode(row[len(opening) :])) for row in rows]
    assert [len(found) for found in sentences] == [3, 2]
    assert all(one in facts for found in sentences for one in found)


def test_the_targets_are_the_ends_of_the_facts_and_nothing_else(loss, facts, decode):
    for ids, targets in loss.rows(7):
        stated = _sentences(decode(ids[len(loss.opening) :]))
        scored = decode(ids[at] for at in targets)
        assert scored.split(".") == "".join(f" {facts[one]}" for one in stated).split(".")


def test_every_fact_is_told_once_before_any_is_told_again(loss, facts, decode):
    # Seven facts, five a step: two steps hold a whole turn and three of the next.
    def stated(steps):
        rows = [ids for step in steps for ids, _ in loss.rows(step)]
        return [one for ids in rows for one in _sentences(decode(ids[len(loss.opening) :]))]

    turns = stated(range(7))
    assert len(turns) == 5 * len(facts) == 35
    for start in range(0, 35, 7):
        assert set(turns[start : start + 7]) == set(facts)
    assert turns[:7] != turns[7:14]


def test_a_step_draws_the_same_facts_every_time(loss):
    assert loss.rows(7) == loss.rows(7)


def test_the_loss_is_the_mean_over_the_targets(loss, run):
    losses = []
    for row, targets in loss.rows(4):
        ids = torch.tensor([row])
        hidden = run.reader.backbone.network.model(
            input_ids=ids, mm_token_type_ids=torch.zeros_like(ids)
        ).last_hidden_state[0]
        scores = run.reader.backbone.logits(hidden)[[at - 1 for at in targets]]
        losses.append(F.cross_entropy(scores, ids[0, targets], reduction="none"))
    assert loss(tiny.no_pairs(4)).item() == pytest.approx(torch.cat(losses).mean().item(), rel=1e-4)


def test_a_row_holds_as_many_facts_as_asked(tiny_data, run):
    loss = Statements(tiny_data / "statements.parquet", count=4, per_row=1).bind(run)
    assert len(loss.rows(0)) == 4


def test_only_the_facts_about_the_named_topics_are_taken(tiny_data, run, decode):
    path = tiny_data / "statements.parquet"
    loss = Statements(path, count=3, topics=("paint",)).bind(run)
    ((ids, _),) = loss.rows(2)
    assert set(_sentences(decode(ids[len(loss.opening) :]))) == {"Red is a colour."}
    assert len(Statements(path, count=3, topics=("paint", "colour")).bind(run).facts) == 7
    assert len(Statements(path, count=3, topics=("colour",)).bind(run).facts) == 6


def test_a_topic_without_facts_is_refused(tiny_data, run):
    with pytest.raises(DataError, match="no facts about 'hours'; it has some about colour, paint"):
        Statements(tiny_data / "statements.parquet", count=3, topics=("hours",)).bind(run)


@pytest.mark.parametrize(("count", "per_row"), [(0, 3), (3, 0)])
def test_a_number_that_is_not_positive_is_refused(tiny_data, count, per_row):
    with pytest.raises(ValueError, match=f"1 or more, got {count} and {per_row}"):
        Statements(tiny_data / "statements.parquet", count=count, per_row=per_row)


def test_a_model_of_another_format_is_refused(tiny_data, tmp_path):
    encoder = published.loaded(published.make("ume_r1", tmp_path / "ume"))
    run = tiny.run_context(encoder, GlyphExamples(tiny_data))
    with pytest.raises(ConfigError, match="written in the forethought format, and ume is UME-R1"):
        Statements(tiny_data / "statements.parquet", count=5).bind(run)


def test_a_missing_file_is_refused(tmp_path, run):
    with pytest.raises(DataError, match="no such file"):
        Statements(tmp_path / "gone.parquet", count=5).bind(run)
