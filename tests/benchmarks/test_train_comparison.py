import pytest

from benchmarks import train_comparison, trainer_baseline
from benchmarks.train_comparison import TrainPlan, check_loss, compare
from benchmarks.trainer_baseline import trainer_run
from forethought.errors import ModelError

CASES = [
    train_comparison.OURS,
    train_comparison.GRAD_CACHE,
    train_comparison.TRAINER,
    train_comparison.SPARSE_TRAINER,
]


@pytest.mark.slow
def test_every_case_takes_the_same_steps_a_round(train_setup):
    results = compare(train_setup, TrainPlan(rounds=2, steps=1))
    assert [result.name for result in results] == CASES
    assert {result.note for result in results} == {""}
    assert {result.inputs for result in results} == {4}
    assert {result.tokens for result in results} == {train_setup.num_tokens(1)}
    assert all(result.times and len(result.times.seconds) == 2 for result in results)
    # Each case takes two steps a round, in a warm-up and two rounds.
    assert {int(s["step"]) for s in train_setup.state.optimizer.state.values()} == {4 * 3 * 2}
    ours, cached, plain, sparse = (result.padding for result in results)
    assert ours == cached
    assert plain == sparse
    assert plain is not None
    assert 0 < plain < 0.5


def test_a_baseline_with_another_loss_is_not_timed(train_setup, monkeypatch):
    monkeypatch.setattr(trainer_baseline, "TEMPERATURE", 0.04)
    with pytest.raises(ModelError, match="they would not be timed at the same work"):
        compare(train_setup, TrainPlan(rounds=1, steps=1))


def test_a_baseline_that_fails_is_a_row_with_the_reason(train_setup, monkeypatch):
    def fail(*_, **__):
        raise RuntimeError("out of memory: 99 GiB\nmore lines")

    monkeypatch.setattr(trainer_baseline.PairTrainer, "_read_labelled", fail)
    *others, sparse = compare(train_setup, TrainPlan(rounds=1, steps=1))
    assert sparse.times is None
    assert sparse.padding is None
    assert sparse.note == "failed: RuntimeError: out of memory: 99 GiB"
    assert all(other.times for other in others)


def test_losses_agree_before_and_after_training(train_setup, tmp_path):
    run = trainer_run(train_setup, steps=1, folder=str(tmp_path), sparse_logits=True)
    check_loss(train_setup, run)
    run.seconds()
    check_loss(train_setup, run)
