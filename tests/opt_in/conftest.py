"""Makes torchvision importable where its compiled operators do not load.

Its common wheel is built for GPUs; on a CPU its operators do not load, and importing it fails
on two of them. Declaring these two is enough for everything that is pure Python, such as the
video transforms. In an environment made for vLLM `torchvision.pth` declares them.
"""

from importlib.util import find_spec

import pytest
import torch

OPERATORS = pytest.StashKey[torch.library.Library]()
NEEDS = {
    "test_torchvision.py": "torchvision",
    "test_vllm.py": "vllm",
    "test_wandb.py": "wandb",
}
"""The package that a file's tests need; without it they are skipped."""


def pytest_configure(config):
    if find_spec("torchvision") is None or hasattr(torch.ops.torchvision, "nms"):
        return
    library = torch.library.Library("torchvision", "DEF")
    library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    # The declarations last as long as the library object.
    config.stash[OPERATORS] = library


def pytest_collection_modifyitems(items):
    for item in items:
        package = NEEDS.get(item.path.name) if "opt_in" in str(item.path) else None
        if package and find_spec(package) is None:
            item.add_marker(pytest.mark.skip(reason=f"needs {package}: `make test-{package}`"))
