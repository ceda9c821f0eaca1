import pytest

from forethought.nano.glyphs.clocks import FACES, OFFSETS, code_of_face
from forethought.nano.glyphs.splits import read_splits
from forethought.nano.lab.lab_questions import MOST_QUERIES, SPLITS, LabQuestions

HELD = {"ie", "nl"}
DEV = {"br"}


@pytest.fixture(scope="module")
def lab(countries):
    return LabQuestions(countries, read_splits())


@pytest.fixture(scope="module")
def train(lab):
    return list(lab.pairs("train"))


@pytest.fixture(scope="module")
def queries(lab):
    return list(lab.queries())


def _texts(lab, codes, *, kinds=None):
    return {
        one.text
        for one in lab.questions
        if one.country.code in codes and (kinds is None or str(one.composition) in kinds)
    }


def test_no_training_pair_asks_about_a_held_out_country(lab, train):
    held = _texts(lab, HELD | DEV)
    assert len(held) > 20
    assert not held & {pair.query.text for pair in train}


def test_no_training_or_dev_pair_asks_a_held_out_kind_of_question(lab, train):
    assert lab.held_compositions == {"currency to capital", "demonym to subregion"}
    held = _texts(lab, {one.country.code for one in lab.questions}, kinds=lab.held_compositions)
    dev = list(lab.pairs("dev"))
    assert held
    assert not held & {pair.query.text for pair in [*train, *dev]}


def test_a_training_question_is_answered_by_its_document_and_its_rationale(train):
    pairs = {pair.query.text: pair for pair in train}
    pair = pairs["capital of the country whose people are called Peruvian"]
    assert (pair.task, pair.split, pair.query.instruction) == (
        "two_steps", "train", "Answer the question.")  # fmt: skip
    assert pair.query.thinking == (
        "Peruvian is what people from Peru are called. The capital of Peru is Lima."
    )
    assert pair.query.answer == pair.document.text == pair.document.answer == "Lima"
    assert pairs["capital of Peru"].query.thinking == ""


def test_training_leads_to_every_neighbour_and_dev_to_the_first(lab, train):
    found_by_text: dict[str, list[str]] = {}
    for pair in train:
        if pair.task == "two_steps" and pair.query.text.startswith("neighbour of the country"):
            found_by_text.setdefault(pair.query.text, []).append(pair.document.text)
            listed = pair.query.thinking.split(" borders ")[1]
            assert listed.removeprefix("the ").startswith(pair.query.answer)
    answers = {one.text: one.answers for one in lab.questions}
    assert found_by_text
    for text, found in found_by_text.items():
        assert sorted(found) == sorted(answers[text])
    dev = [pair.query.text for pair in lab.pairs("dev")]
    assert len(dev) == len(set(dev))


def test_training_names_every_answer_for_itself(lab, train):
    named = [pair for pair in train if pair.task == "name"]
    assert {pair.query.text for pair in named} == {one.id for one in lab.candidates()}
    assert all(pair.query.text == pair.query.answer == pair.document.text for pair in named)
    assert not any(pair.query.thinking for pair in named)
    assert not any(pair.task == "name" for pair in lab.pairs("dev"))


def test_a_sum_is_asked_in_words(lab):
    sums = {pair.query.text: pair for split in ("train", "dev") for pair in lab.pairs(split)
            if pair.task == "sum"}  # fmt: skip
    held = {query.query.text for query in lab.queries() if query.split == "held_sum"}
    assert not held & set(sums)
    pair = next(one for text, one in sums.items() if text.endswith("after eleven thirty"))
    assert pair.query.thinking.endswith(".")
    assert pair.document.text.endswith("thirty")


def test_every_sum_is_in_one_split(lab):
    splits = read_splits().clocks
    counted = sum(
        1 for split in ("train", "dev") for pair in lab.pairs(split) if pair.task == "sum"
    )
    held = sum(1 for split in splits.values() if split == "test")
    assert counted + held == len(FACES) * len(OFFSETS)
    assert all((code_of_face(face), hours) in splits for face in FACES for hours in OFFSETS)


def test_the_benchmark_asks_what_training_asks_and_what_it_does_not(train, queries):
    trained = {pair.query.text for pair in train}
    assert {(one.task, one.split) for one in queries} == {
        (task, split) for task, splits in SPLITS.items() for split in splits
    }
    for query in queries:
        assert (query.query.text in trained) == (query.split == "trained")


def test_a_held_out_kind_is_judged_on_countries_of_training(lab, queries):
    texts = {one.query.text for one in queries if one.split == "held_composition"}
    assert texts == _texts(lab, {"bo", "pe", "py", "cl"}, kinds=lab.held_compositions)


def test_a_held_out_country_is_judged_on_kinds_of_training(lab, queries):
    texts = {one.query.text for one in queries if one.split == "held_country"}
    assert texts == _texts(lab, HELD) - _texts(lab, HELD, kinds=lab.held_compositions)


def test_no_split_holds_more_queries_than_the_cap(queries):
    sums = [one for one in queries if (one.task, one.split) == ("sum", "trained")]
    assert len(sums) == MOST_QUERIES
    assert len({one.query.text for one in sums}) == MOST_QUERIES


def test_every_query_has_its_answers_among_the_candidates_of_its_split(lab, queries):
    pools: dict[tuple[str, str], list[str]] = {}
    for one in lab.candidates():
        pools.setdefault((one.task, one.split), []).append(one.id)
    assert all(len(set(pool)) == len(pool) for pool in pools.values())
    for query in queries:
        assert query.relevant
        assert set(query.relevant) <= set(pools[query.task, query.split])
    # One pool for every question: a kind of answer gives nothing away.
    assert len({tuple(pool) for pool in pools.values()}) == 1


def test_every_neighbour_answers(queries):
    found = {one.query.text: one.relevant for one in queries}
    text = "neighbour of the country whose people are called Bolivian"
    assert found[text] == ("Brazil", "Peru")
