"""Engines: prompts in, hidden states and completions out."""

from forethought.engines.decode_options import DecodeOptions, EarlyExit
from forethought.engines.device_memory import available_bytes, format_bytes
from forethought.engines.engine import Decide, Engine
from forethought.engines.local import LocalEngine
from forethought.engines.prefill import Prefill
from forethought.engines.prefill_extension import extend_prefill, log_likelihoods
from forethought.engines.request import Completion, RequestOutput
from forethought.engines.sampling import Sampling
from forethought.engines.scheduler import Limits, bucket, limits_for, padding
from forethought.engines.teacher_forcing import check_fits, teacher_force, teacher_force_prefill
from forethought.engines.vllm import VllmEngine, start_vllm

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
    "available_bytes",
    "bucket",
    "check_fits",
    "extend_prefill",
    "format_bytes",
    "limits_for",
    "log_likelihoods",
    "padding",
    "start_vllm",
    "teacher_force",
    "teacher_force_prefill",
]
