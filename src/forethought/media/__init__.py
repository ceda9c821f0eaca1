"""Bytes to pixels, frames and pages; the rules of fetching. Knows no nouns."""
