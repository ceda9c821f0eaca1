"""Rules of the layout that import-linter cannot state."""

import ast
import re
from collections import Counter

GENERAL = re.compile(r"\b(?:glyphs?|nano|clocks?|flags?)\b", re.IGNORECASE)
"""What only the embedded default and its benchmark may name."""
KNOWS_NANO = {"nano", "cli"}


def _library(modules, root):
    home = root / "src" / "forethought"
    return {
        path.relative_to(home): ast.parse(path.read_text())
        for path in modules
        if path.is_relative_to(home)
    }


def _room(path):
    return path.parts[0] if len(path.parts) > 1 else path.stem


def test_nobody_reaches_past_a_door(modules, root):
    past = []
    outside = {
        p: ast.parse(p.read_text()) for p in modules if p.is_relative_to(root / "benchmarks")
    }
    for path, tree in (_library(modules, root) | outside).items():
        for node in ast.walk(tree):
            module = (node.module or "") if isinstance(node, ast.ImportFrom) else ""
            parts = module.split(".")
            if parts[0] == "forethought" and len(parts) > 2 and parts[1] != _room(path):
                past.append((str(path), module))
    assert not past


def test_no_two_classes_have_one_name(modules, root):
    names = Counter(
        node.name
        for tree in _library(modules, root).values()
        for node in tree.body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )
    assert not [name for name, count in names.items() if count > 1]


def test_no_file_name_occurs_twice(modules, root):
    # The commands are named for what they do, as the rooms are.
    files = Counter(path.stem for path in _library(modules, root) if _room(path) != "cli")
    assert not [name for name, count in files.items() if count > 1 and not name.startswith("__")]


def test_general_rooms_do_not_name_the_embedded_default(modules, root):
    home = root / "src" / "forethought"
    named = {}
    for path in _library(modules, root):
        if _room(path) not in KNOWS_NANO:
            hits = {hit.lower() for hit in GENERAL.findall((home / path).read_text())}
            if hits:
                named[str(path)] = hits
    assert not named
