"""Emoji, icons, flags and clock faces as a data set of pictures, words and thoughts."""

from forethought.nano.glyphs.build import Manifest, build

__all__ = ["Manifest", "build"]
