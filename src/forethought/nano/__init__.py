"""The embedded default: its data set, frozen encoders, training stages and benchmark.

A name is loaded on first use, since the parts need different extras.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from forethought.nano.augment import augment_pictures
    from forethought.nano.baseline_trainer import train_frozen_baseline
    from forethought.nano.frozen_baseline import FrozenBaseline
    from forethought.nano.glyph_benchmark import GlyphBenchmark, read_glyphs, read_lab
    from forethought.nano.glyph_examples import GlyphExamples
    from forethought.nano.glyphs import build_gallery, build_glyphs, check_glyphs
    from forethought.nano.lab import build_lab, check_lab
    from forethought.nano.picture_features import PictureFeatures, vary_pictures
    from forethought.nano.reduced_cache import reduce_cache
    from forethought.nano.selected_glyphs import SelectedGlyphs
    from forethought.nano.statement_loss import Statements
    from forethought.nano.teacher_objectives import TeacherPairs, TeacherRanking, TeacherTexts
    from forethought.nano.tower_weights import published_tower
    from forethought.nano.vocabulary import learn_tokenizer
    from forethought.nano.word_vectors import initial_embeddings

__all__ = [
    "FrozenBaseline",
    "GlyphBenchmark",
    "GlyphExamples",
    "PictureFeatures",
    "SelectedGlyphs",
    "Statements",
    "TeacherPairs",
    "TeacherRanking",
    "TeacherTexts",
    "augment_pictures",
    "build_gallery",
    "build_glyphs",
    "build_lab",
    "check_glyphs",
    "check_lab",
    "initial_embeddings",
    "learn_tokenizer",
    "published_tower",
    "read_glyphs",
    "read_lab",
    "reduce_cache",
    "train_frozen_baseline",
    "vary_pictures",
]

_MODULES = {
    "FrozenBaseline": "frozen_baseline",
    "GlyphBenchmark": "glyph_benchmark",
    "GlyphExamples": "glyph_examples",
    "PictureFeatures": "picture_features",
    "SelectedGlyphs": "selected_glyphs",
    "Statements": "statement_loss",
    "TeacherPairs": "teacher_objectives",
    "TeacherRanking": "teacher_objectives",
    "TeacherTexts": "teacher_objectives",
    "augment_pictures": "augment",
    "build_gallery": "glyphs",
    "build_glyphs": "glyphs",
    "build_lab": "lab",
    "check_glyphs": "glyphs",
    "check_lab": "lab",
    "learn_tokenizer": "vocabulary",
    "read_glyphs": "glyph_benchmark",
    "read_lab": "glyph_benchmark",
    "train_frozen_baseline": "baseline_trainer",
    "vary_pictures": "picture_features",
    "initial_embeddings": "word_vectors",
    "published_tower": "tower_weights",
    "reduce_cache": "reduced_cache",
}


def __getattr__(name: str) -> object:
    """Import the module of a public name."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    return value


def __dir__() -> list[str]:
    return __all__
