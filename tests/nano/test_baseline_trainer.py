import pytest

from forethought.errors import ConfigError
from forethought.nano import baseline_trainer
from forethought.nano.baseline_trainer import train_frozen_baseline
from forethought.training import Trainer


def test_it_is_a_trainer():
    assert isinstance(train_frozen_baseline, Trainer)


def test_it_fits_the_recipes_head_into_the_given_folder(tmp_path, monkeypatch):
    fitted = []

    def fit(recipe, *, progress):
        fitted.append(recipe)
        for epoch in range(recipe.epochs):
            progress(epoch + 1, recipe.epochs)
        return [0.5, 0.25]

    monkeypatch.setattr(baseline_trainer, "fit_frozen_baseline", fit)
    path = tmp_path / "any.toml"
    path.write_text('trainer = "forethought.nano:train_frozen_baseline"\nepochs = 2\n')
    reports = []
    folder = train_frozen_baseline(
        path,
        out=tmp_path / "head",
        fresh=True,
        max_steps=None,
        progress=lambda *report: reports.append(report),
    )
    assert folder == tmp_path / "head" == fitted[0].out
    assert [report[:2] for report in reports] == [(1, 2), (2, 2), (2, 2)]
    assert reports[-1][2] == "loss 0.250"


def test_a_mistake_in_the_recipe_is_refused(tmp_path):
    path = tmp_path / "any.toml"
    path.write_text("epoch = 2\n")
    with pytest.raises(ConfigError, match="unknown key 'epoch'; did you mean 'epochs'"):
        train_frozen_baseline(
            path, out=None, fresh=True, max_steps=None, progress=lambda *report: None
        )
