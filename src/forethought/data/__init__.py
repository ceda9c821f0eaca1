"""Files to examples to batches."""

from forethought.data.batches import TaskBatches
from forethought.nano.augment import augment
from forethought.nano.glyph_examples import GlyphPairs, Pair, read_table, read_texts

__all__ = ["GlyphPairs", "Pair", "TaskBatches", "augment", "read_table", "read_texts"]
