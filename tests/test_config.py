import dataclasses
import tomllib
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forethought import config
from forethought.errors import ConfigError


class Device(StrEnum):
    CPU = "cpu"
    CUDA = "cuda"


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    temperature: float
    cross: bool = False

    def __post_init__(self) -> None:
        if self.temperature <= 0:
            raise ValueError(f"temperature must be positive, got {self.temperature}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    name: str
    share: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    name: str
    steps: int
    loss: Loss
    device: Device = Device.CPU
    out: Path = Path("runs/nano")
    widths: tuple[int, ...] = (256,)
    betas: tuple[float, float] = (0.9, 0.999)
    resume: Path | None = None
    sources: tuple[Source, ...] = field(default_factory=tuple)


FULL = """
name = "nano"
steps = 300
device = "cuda"
out = "runs/first"
widths = [64, 128, 256]
betas = [0.8, 0.95]
resume = "runs/zeroth"

[loss]
temperature = 0.05
cross = true

[[sources]]
name = "noto"

[[sources]]
name = "flags"
share = 2
"""

READ = Recipe(
    name="nano",
    steps=300,
    device=Device.CUDA,
    out=Path("runs/first"),
    widths=(64, 128, 256),
    betas=(0.8, 0.95),
    resume=Path("runs/zeroth"),
    loss=Loss(temperature=0.05, cross=True),
    sources=(Source(name="noto"), Source(name="flags", share=2.0)),
)

SMALL = 'name = "nano"\nsteps = 300\n[loss]\ntemperature = 0.05\n'


@pytest.fixture
def recipe(tmp_path, monkeypatch):
    """Writes `recipe.toml` to the working directory: messages name it without a folder."""
    monkeypatch.chdir(tmp_path)

    def write(text: str) -> Path:
        path = Path("recipe.toml")
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_reads_every_kind_of_field(recipe):
    assert config.load(recipe(FULL), Recipe) == READ


def test_keys_left_out_keep_their_defaults(recipe):
    read = config.load(recipe(SMALL), Recipe)
    assert read == Recipe(name="nano", steps=300, loss=Loss(temperature=0.05))


def test_a_whole_number_is_read_as_a_float(recipe):
    read = config.load(recipe(SMALL.replace("0.05", "2")), Recipe)
    assert isinstance(read.loss.temperature, float)


def test_dumping_gives_the_content_of_the_file(recipe):
    expected = tomllib.loads(FULL)
    expected["sources"][0]["share"] = 1.0
    assert config.dump(config.load(recipe(FULL), Recipe)) == expected


def test_dumping_leaves_out_what_is_none(recipe):
    assert "resume" not in config.dump(config.load(recipe(SMALL), Recipe))


def test_only_a_dataclass_can_be_dumped():
    with pytest.raises(TypeError, match="a recipe is a dataclass, got 7"):
        config.dump(7)


REFUSED = {
    "a typo in a table": (
        SMALL.replace("temperature", "temprature"),
        "recipe.toml: [loss]: unknown key 'temprature'; did you mean 'temperature'?",
    ),
    "a typo at the top": (
        SMALL.replace("steps", "step"),
        "recipe.toml: unknown key 'step'; did you mean 'steps'?",
    ),
    "an unknown key without a close match": (
        SMALL + "zzz = 1\n",
        "recipe.toml: [loss]: unknown key 'zzz'; known: cross, temperature",
    ),
    "missing keys": (
        "[loss]\ntemperature = 0.05\n",
        "recipe.toml: missing 'name', 'steps': no default; add it",
    ),
    "a missing table": (
        'name = "nano"\nsteps = 300\n',
        "recipe.toml: missing 'loss': no default; add it",
    ),
    "a string for a number": (
        SMALL.replace("0.05", '"hot"'),
        "recipe.toml: [loss]: temperature must be a finite number, got 'hot'",
    ),
    "not a number": (
        SMALL.replace("0.05", "nan"),
        "recipe.toml: [loss]: temperature must be a finite number, got nan",
    ),
    "a fraction for a count": (
        SMALL.replace("300", "300.5"),
        "recipe.toml: steps must be a whole number, got 300.5",
    ),
    "a boolean for a count": (
        SMALL.replace("300", "true"),
        "recipe.toml: steps must be a whole number, got True",
    ),
    "a count for a boolean": (
        SMALL + "cross = 1\n",
        "recipe.toml: [loss]: cross must be true or false, got 1",
    ),
    "a number for a path": (
        "out = 3\n" + SMALL,
        "recipe.toml: out must be a path, as a string, got 3",
    ),
    "an unknown choice": (
        'device = "tpu"\n' + SMALL,
        "recipe.toml: device must be one of cpu, cuda, got 'tpu'",
    ),
    "one value for an array": (
        "widths = 64\n" + SMALL,
        "recipe.toml: widths must be an array, got 64",
    ),
    "a wrong item of an array": (
        'widths = [64, "wide"]\n' + SMALL,
        "recipe.toml: [widths]: 1 must be a whole number, got 'wide'",
    ),
    "an array of the wrong length": (
        "betas = [0.9]\n" + SMALL,
        "recipe.toml: betas must be an array of 2, got [0.9]",
    ),
    "a value for a table": (
        'name = "nano"\nsteps = 300\nloss = 0.05\n',
        "recipe.toml: loss must be a table, got 0.05",
    ),
    "a typo in the second of several tables": (
        SMALL + '[[sources]]\nname = "noto"\n[[sources]]\nnam = "flags"\n',
        "recipe.toml: [sources.1]: unknown key 'nam'; did you mean 'name'?",
    ),
    "a value the dataclass refuses": (
        SMALL.replace("0.05", "-0.5"),
        "recipe.toml: [loss]: temperature must be positive, got -0.5",
    ),
}


@pytest.mark.parametrize(("text", "message"), REFUSED.values(), ids=REFUSED)
def test_refuses_naming_file_table_value_and_rule(recipe, text, message):
    with pytest.raises(ConfigError) as refused:
        config.load(recipe(text), Recipe)
    assert str(refused.value) == message


def test_bad_toml_is_refused_with_its_line(recipe):
    with pytest.raises(ConfigError, match=r"^recipe\.toml: not TOML: .*line 2"):
        config.load(recipe('name = "nano"\nsteps = = 3\n'), Recipe)


def test_bytes_that_are_no_text_are_refused(recipe):
    path = recipe("")
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="not text; a recipe is TOML in UTF-8"):
        config.load(path, Recipe)


def test_a_field_of_an_unsupported_type_is_a_type_error(recipe):
    @dataclass(frozen=True)
    class Odd:
        value: int | str

    with pytest.raises(TypeError, match=r"value: a recipe cannot hold a int \| str"):
        config.load(recipe("value = 3\n"), Odd)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"absent\.toml: no such recipe; check the path"):
        config.load(tmp_path / "absent.toml", Recipe)


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        config.load(tmp_path, Recipe)


@given(steps=st.integers(-(2**53), 2**53), temperature=st.floats(1e-6, 1e6))
def test_numbers_survive_the_round_trip(tmp_path_factory, steps, temperature):
    path = tmp_path_factory.mktemp("recipes") / "recipe.toml"
    path.write_text(f'name = "n"\nsteps = {steps}\n[loss]\ntemperature = {temperature!r}\n')
    read = config.load(path, Recipe)
    assert (read.steps, read.loss.temperature) == (steps, temperature)
    assert dataclasses.replace(read) == read


@dataclass(frozen=True, slots=True)
class Named:
    """A table with a name for a class, and that class's own keys beside it."""

    use: str
    weight: float = 0.5
    settings: dict[str, object] = config.other_keys()  # noqa: RUF009 - it is a field
    built: object = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        loss = config.build_named(self.use, self.settings, {"loss": Loss}, kind="objective")
        object.__setattr__(self, "built", loss)


@dataclass(frozen=True, slots=True)
class Terms:
    terms: tuple[Named, ...]


TERMS = '[[terms]]\nuse = "loss"\nweight = 0.25\ntemperature = 0.05\ncross = true\n'


def test_keys_that_a_dataclass_does_not_name_go_to_the_field_for_them(recipe):
    (term,) = config.load(recipe(TERMS), Terms).terms
    assert (term.use, term.weight) == ("loss", 0.25)
    assert term.settings == {"temperature": 0.05, "cross": True}
    assert term.built == Loss(temperature=0.05, cross=True)
    assert config.dump(Terms((term,))) == tomllib.loads(TERMS)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("temperature", "temprature", r"\[terms.0\]: unknown key 'temprature'; did you mean 'temp"),
        ("0.05", "-1", r"recipe.toml: \[terms.0\]: temperature must be positive, got -1"),
        ('"loss"', '"lost"', r"unknown objective 'lost'; did you mean 'loss'\?; .* 'module:Name'"),
        ('"loss"', '"nowhere:Loss"', r"'nowhere:Loss' cannot be imported \(No module named 'now"),
        ('"loss"', '"math:Loss"', r"cannot be imported \(module 'math' has no attribute 'Loss'"),
        ('"loss"', '"math:sin"', "objective 'math:sin' is no dataclass"),
    ],
)
def test_a_mistake_in_a_named_table_has_its_place(recipe, old, new, message):
    with pytest.raises(ConfigError, match=message):
        config.load(recipe(TERMS.replace(old, new)), Terms)


def test_a_table_may_come_from_anywhere():
    table = {"name": "nano", "steps": 300, "loss": {"temp": 2}}
    with pytest.raises(ConfigError, match=r"^line 3: \[loss\]: unknown key 'temp'"):
        config.build(table, Recipe, where="line 3")
