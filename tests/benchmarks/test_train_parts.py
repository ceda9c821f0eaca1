import json
from types import SimpleNamespace

import pytest
import torch

from benchmarks import train_parts, train_setups
from benchmarks.train_parts import Scale, measure
from benchmarks.train_report import as_json
from forethought.errors import ConfigError

SMALL = Scale(1, {"lab": (4, 1), "nano": (5, 1), "ume-2b": (3, 1)}, (4, 6), (4, 5, 7))


@pytest.mark.slow
def test_a_part_is_saved_as_soon_as_it_is_measured(monkeypatch):
    monkeypatch.setattr(train_setups, "lab", lambda *, batch: train_setups.ume("tiny", batch=batch))
    saved: list[dict[str, list[object]]] = []
    report = measure(
        ("memory", "ume-2b"),
        SMALL,
        shape="tiny",
        save=lambda r: saved.append(json.loads(as_json(r))),
    )
    assert [(len(each["results"]), len(each["memory"])) for each in saved] == [
        (4, 0), (4, 2), (4, 5),
    ]  # fmt: skip
    assert {result.group for result in report.results} == {"ume-2b, tiny shape"}
    assert [row.pairs for row in report.memory] == [4, 6, 4, 5, 7]
    assert report.setting["command"].startswith("python -m benchmarks.training")
    assert report.setting["device"] == "cpu"


@pytest.mark.parametrize(
    ("shape", "has_gpu", "names"),
    [
        ("full", False, ["lab", "nano"]),
        ("tiny", False, ["lab", "nano", "ume tiny"]),
        ("full", True, ["lab", "nano", "ume full"]),
    ],
)
def test_by_default_everything_is_measured_that_can_run(shape, has_gpu, names, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: has_gpu)
    monkeypatch.setattr(train_parts, "machine_setting", lambda *_: {})
    monkeypatch.setattr(train_parts, "versions", lambda *_: {})
    made = []

    def record(name):
        made.append(name)
        return SimpleNamespace(name=name, batch=4, pairs="none")

    monkeypatch.setattr(train_setups, "lab", lambda *, batch: record("lab"))
    monkeypatch.setattr(train_setups, "nano", lambda *, batch: record("nano"))
    monkeypatch.setattr(train_setups, "ume", lambda s, *, batch: record(f"ume {s}"))
    monkeypatch.setattr(train_parts, "compare", lambda *_: [])
    batches = {}

    def measure_memory(setup, of):
        batches[setup.name.split()[0]] = of
        return []

    monkeypatch.setattr(train_parts, "measure_memory", measure_memory)
    measure(None, SMALL, shape=shape, save=lambda _: None)
    assert made[: len(names)] == names
    # Then memory, of texts and of pictures in a shape that fits the machine; none is made twice.
    assert made[len(names) :] == ([] if "ume" in names[-1] and has_gpu else ["ume tiny"])
    assert batches == {"lab": (4, 6), "ume": (4, 5) if has_gpu else (4, 5, 7)}


def test_the_full_shape_needs_cuda(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ConfigError, match="part ume-2b needs CUDA and this machine has none"):
        measure(("ume-2b",), SMALL, shape="full", save=lambda _: None)
