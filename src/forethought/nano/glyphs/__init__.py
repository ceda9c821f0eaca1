"""The glyphs data set: drawings of emoji, icons, flags and clock faces, with texts and rationales."""

from forethought.nano.glyphs.build import Manifest, build_glyphs
from forethought.nano.glyphs.gallery import build_gallery
from forethought.nano.glyphs.revisions import check_glyphs

__all__ = ["Manifest", "build_gallery", "build_glyphs", "check_glyphs"]
