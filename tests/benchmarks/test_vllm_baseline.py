from importlib.util import find_spec

import pytest

from benchmarks.vllm_baseline import vllm_baseline


@pytest.mark.skipif(find_spec("vllm") is not None, reason="vLLM is installed here")
def test_without_vllm_there_is_a_reason_and_no_baseline(forethought_target):
    assert vllm_baseline(forethought_target) == "not installed"
