"""Decoding with vLLM in place of the local engine's own loop."""

from forethought.engines.vllm.backend import VllmEngine
from forethought.engines.vllm.launch import start_vllm

__all__ = ["VllmEngine", "start_vllm"]
