"""The life of a request: prompts in, states and thoughts out."""

from forethought.engines.engine import Decide, Engine
from forethought.engines.local import LocalEngine
from forethought.engines.manner import Manner, Settle
from forethought.engines.reading import read_on
from forethought.engines.request import Answer, Prefill, Thought
from forethought.engines.sampling import Sampling, choose
from forethought.engines.scheduler import Limits, bucket, padding

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
    "bucket",
    "choose",
    "padding",
    "read_on",
]
