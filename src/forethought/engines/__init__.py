"""The life of a request: prompts in, states and thoughts out."""

from forethought.engines.local import LocalEngine, Prefill, Thought
from forethought.engines.sampling import Sampling, choose

__all__ = ["LocalEngine", "Prefill", "Sampling", "Thought", "choose"]
