import pytest

from forethought import config
from forethought.annotation import PROMPTS, PromptStyle, Worker, WorkersFile, load_workers
from forethought.endpoints import ChatEndpoint
from forethought.errors import ConfigError
from forethought.types import Text

ENDPOINT = '[workers.endpoint]\nurl = "http://localhost:8000/v1"\nmodel = "m"\n'
FILE = f"""
[[workers]]
name = "a"
prompt_file = "deep/p.txt"
samples = 2
temperature = 0.9
price_in = 0.5
price_out = 2
{ENDPOINT}
key_env = "SOME_KEY"
concurrency = 3
extra = {{ reasoning_effort = "low" }}

[[workers]]
name = "b"
checkpoint = "nano"

[cleaning]
max_words = 90
"""


@pytest.fixture
def write(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "p.txt").write_text("Think about {instruction}.")

    def make(text):
        path = tmp_path / "workers.toml"
        path.write_text(text)
        return path

    return make


def test_a_file_is_read_with_the_prompts_that_it_names(write):
    file = load_workers(write(FILE))
    first, second = file.workers
    assert first.endpoint == ChatEndpoint(
        url="http://localhost:8000/v1",
        model="m",
        key_env="SOME_KEY",
        concurrency=3,
        extra={"reasoning_effort": "low"},
    )
    assert first.resolved_prompt == "Think about {instruction}."
    # 4 million at 0.5 a million, and half a million at 2.
    assert first.cost(prompt_tokens=4_000_000, completion_tokens=500_000) == 3.0
    assert (second.checkpoint, second.resolved_prompt) == ("nano", "")
    assert (file.cleaning.max_words, file.cleaning.min_words) == (90, 3)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "missing 'workers'"),
        ("workers = []", "there are no workers"),
        ('[[workers]]\nname = "a"\n', "worker 'a' has no model"),
        (f'[[workers]]\nname = "a"\ncheckpoint = "nano"\n{ENDPOINT}', "'a' has two models"),
        ('[[workers]]\nname = ""\ncheckpoint = "nano"\n', "is no name"),
        (f'[[workers]]\nname = "a"\nsampels = 2\n{ENDPOINT}', "did you mean 'samples'"),
        (f'[[workers]]\nname = "a"\nsamples = 0\n{ENDPOINT}', "samples must be at least 1"),
        (
            f'[[workers]]\nname = "a"\nsamples = 2\ntemperature = 0\n{ENDPOINT}',
            "at temperature 0 are all the same",
        ),
        (f'[[workers]]\nname = "a"\nstyle = "evident"\n{ENDPOINT}', "one of evidence, deduce"),
        (
            f'[[workers]]\nname = "a"\nstyle = "deduce"\nprompt = "p"\n{ENDPOINT}',
            "exclude each other",
        ),
        (f'[[workers]]\nname = "a"\nprompt_file = "no.txt"\n{ENDPOINT}', r"no\.txt cannot be read"),
        ('[[workers]]\nname = "a"\ncheckpoint = "nano"\nprompt = "p"', "in its own format"),
        ('[[workers]]\nname = "a"\ncheckpoint = "nano"\nprice_in = 1', "has no price"),
        (f'[[workers]]\nname = "a"\nprice_out = -1\n{ENDPOINT}', "price is negative"),
        (f'[[workers]]\nname = "a"\n{ENDPOINT}' * 2, "two workers are named 'a'"),
        (f'[[workers]]\nname = "a"\n{ENDPOINT}key_env = "sk-123"', "name of an environment"),
        (f'[[workers]]\nname = "a"\n{ENDPOINT}timeout = 3', "did you mean 'timeout_s'"),
        (f'[[workers]]\nname = "a"\n{ENDPOINT}extra = 3', "extra must be a table, got 3"),
        (f'[[workers]]\nname = "a"\n{ENDPOINT}[cleaning]\nmin_words = 999', "leave no length"),
    ],
)
def test_a_mistake_is_named(write, text, message):
    with pytest.raises(ConfigError, match=message):
        load_workers(write(text))


def test_a_file_of_workers_is_written_as_it_was_read(write):
    file = load_workers(write(FILE.replace("deep/p.txt", "p.txt").replace("prompt_file", "prompt")))
    assert config.build(config.dump(file), WorkersFile, where="") == file


def test_a_key_in_the_file_is_not_repeated(write):
    text = f'[[workers]]\nname = "a"\n{ENDPOINT}key_env = "sk-123"'
    with pytest.raises(ConfigError) as caught:
        load_workers(write(text))
    assert "sk-123" not in str(caught.value)


def worker(**fields):
    endpoint = ChatEndpoint(url="http://localhost/v1", model="m", **fields.pop("sent", {}))
    return Worker(name="a", endpoint=endpoint, **fields)


@pytest.mark.parametrize(
    "changed",
    [
        {"temperature": 0.5},
        {"top_p": 0.5},
        {"max_tokens": 7},
        {"style": PromptStyle.DEDUCE},
        {"prompt": "p"},
        {"seed": 3},
        {"sent": {"extra": {"a": 1}}},
        {"sent": {"max_pixels": 9}},
    ],
)
def test_what_changes_the_text_changes_the_digest(changed):
    assert worker(**changed).made_by != worker().made_by


@pytest.mark.parametrize(
    "changed",
    [
        {"samples": 2},
        {"price_in": 1.0},
        {"style": PromptStyle.EVIDENCE},
        {"sent": {"concurrency": 2}},
    ],
)
def test_what_does_not_leaves_the_digest(changed):
    assert worker(**changed).made_by == worker().made_by


def test_every_style_has_a_prompt_with_a_place_for_the_instruction():
    assert set(PROMPTS) == set(PromptStyle)
    assert len(set(PROMPTS.values())) == 3
    for prompt in PROMPTS.values():
        assert prompt.count("{instruction}") == 1
        assert "target" not in prompt


def test_each_sample_has_its_seed():
    content = (Text("a"),)
    assert [worker(seed=5).request(content, sample=n).seed for n in (0, 2)] == [5, 7]
    assert worker().request(content, sample=2).seed is None
