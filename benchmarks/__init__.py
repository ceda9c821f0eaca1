"""The engine and other ways to embed, timed side by side on the same inputs and weights.

`python -m benchmarks.engine` runs a workload, `python -m benchmarks.training` training steps;
`python benchmarks/linear.py` times single layers.
"""
