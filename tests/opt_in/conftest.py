"""Torchvision as it can be had without its compiled half.

Its wheel on this project's index was built for GPUs; on a CPU its operators do not load, and
importing it fails on the two that it describes by name. Declared first, they are enough for
everything that is pure Python, the video transforms among it.
"""

from importlib.util import find_spec

import pytest
import torch

OPERATORS = pytest.StashKey[torch.library.Library]()


def pytest_configure(config):
    if find_spec("torchvision") is None:
        return
    library = torch.library.Library("torchvision", "DEF")
    library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    # The library lives as long as somebody holds it.
    config.stash[OPERATORS] = library


def pytest_collection_modifyitems(items):
    if find_spec("torchvision") is not None:
        return
    skip = pytest.mark.skip(reason="needs torchvision: `make test-torchvision`")
    for item in items:
        if "opt_in" in str(item.path):
            item.add_marker(skip)
