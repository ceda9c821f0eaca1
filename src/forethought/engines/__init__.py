"""The life of a request: prompts in, states and thoughts out."""

from forethought.engines.decode_options import DecodeOptions, EarlyExit
from forethought.engines.engine import Decide, Engine
from forethought.engines.local import LocalEngine
from forethought.engines.request import Completion, Prefill, RequestOutput
from forethought.engines.sampling import Sampling, choose
from forethought.engines.scheduler import Limits, bucket, limits_for, padding
from forethought.engines.teacher_forced import read_on, reread
from forethought.engines.vllm.vllm_engine import VllmEngine
from forethought.engines.vllm.vllm_start import start_vllm

__all__ = [
    "Completion",
    "Decide",
    "DecodeOptions",
    "EarlyExit",
    "Engine",
    "Limits",
    "LocalEngine",
    "Prefill",
    "RequestOutput",
    "Sampling",
    "VllmEngine",
    "bucket",
    "choose",
    "limits_for",
    "padding",
    "read_on",
    "reread",
    "start_vllm",
]
