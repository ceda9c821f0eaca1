from importlib.util import find_spec

import pytest

from benchmarks import served
from benchmarks.subject import subject_of


@pytest.mark.skipif(find_spec("vllm") is not None, reason="vLLM is installed here")
def test_without_vllm_there_is_no_such_rival(tiny_encoder):
    assert served.vllm(subject_of(tiny_encoder)) is None
