"""Torchvision as it can be had without its compiled half.

Its wheel on this project's index was built for GPUs; on a CPU its operators do not load, and
importing it fails on the two that it describes by name. Declared first, they are enough for
everything that is pure Python, the video transforms among it. Where vLLM is, the environment
has declared them already, by `torchvision.pth`.
"""

from importlib.util import find_spec

import pytest
import torch

OPERATORS = pytest.StashKey[torch.library.Library]()
NEEDS = {"test_torchvision.py": "torchvision", "test_vllm.py": "vllm"}
"""The package without which a file's tests are skipped."""


def pytest_configure(config):
    if find_spec("torchvision") is None or hasattr(torch.ops.torchvision, "nms"):
        return
    library = torch.library.Library("torchvision", "DEF")
    library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    # The library lives as long as somebody holds it.
    config.stash[OPERATORS] = library


def pytest_collection_modifyitems(items):
    for item in items:
        package = NEEDS.get(item.path.name) if "opt_in" in str(item.path) else None
        if package and find_spec(package) is None:
            item.add_marker(pytest.mark.skip(reason=f"needs {package}: `make test-{package}`"))
