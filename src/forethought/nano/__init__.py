"""The embedded default: its data set, frozen encoders, training stages and benchmark.

A name is loaded on first use, since the parts need different extras.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from forethought.nano.fit_baseline import FrozenBaselineRecipe, fit_frozen_baseline
    from forethought.nano.frozen_baseline import FrozenBaseline
    from forethought.nano.glyph_benchmark import GlyphBenchmark, read_glyphs
    from forethought.nano.glyphs import build_gallery, build_glyphs, check_glyphs

__all__ = [
    "FrozenBaseline",
    "FrozenBaselineRecipe",
    "GlyphBenchmark",
    "build_gallery",
    "build_glyphs",
    "check_glyphs",
    "fit_frozen_baseline",
    "read_glyphs",
]

_MODULES = {
    "FrozenBaseline": "frozen_baseline",
    "FrozenBaselineRecipe": "fit_baseline",
    "GlyphBenchmark": "glyph_benchmark",
    "build_gallery": "glyphs",
    "build_glyphs": "glyphs",
    "check_glyphs": "glyphs",
    "fit_frozen_baseline": "fit_baseline",
    "read_glyphs": "glyph_benchmark",
}


def __getattr__(name: str) -> object:
    """Import the module of a public name."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    return value


def __dir__() -> list[str]:
    return __all__
