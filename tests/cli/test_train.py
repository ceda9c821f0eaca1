import pytest


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nowhere.toml"], "nowhere.toml: no such recipe; name a TOML file"),
        (["RECIPE", "--steps", "0"], "--steps is 0; train for at least 1"),
    ],
)
def test_bad_input_is_one_line_and_status_2(run, tmp_path, words, message):
    recipe = tmp_path / "nano.toml"
    recipe.write_text("")
    ran = run("train", *[recipe if word == "RECIPE" else word for word in words])
    assert ran.status == 2
    assert message in ran.err
    assert ran.err.count("\n") == 1
