"""The life of a request: prompts in, states and thoughts out."""

from forethought.engines.engine import Decide, Engine
from forethought.engines.local import LocalEngine
from forethought.engines.decode_options import Manner, Settle
from forethought.engines.teacher_forced import read_on, reread
from forethought.engines.request import Answer, Prefill, Thought
from forethought.engines.sampling import Sampling, choose
from forethought.engines.scheduler import Limits, bucket, limits_for, padding
from forethought.engines.vllm.vllm_start import start_vllm
from forethought.engines.vllm.vllm_engine import VllmEngine

__all__ = [
    "Answer",
    "Decide",
    "Engine",
    "Limits",
    "LocalEngine",
    "Manner",
    "Prefill",
    "Sampling",
    "Settle",
    "Thought",
    "VllmEngine",
    "bucket",
    "choose",
    "limits_for",
    "padding",
    "read_on",
    "reread",
    "start_vllm",
]
