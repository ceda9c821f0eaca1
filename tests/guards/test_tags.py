"""Only the renderers may spell a tag: everyone else says which one, by name."""

from forethought.renderers import Tag


def test_no_tag_is_spelled_outside_the_renderers(modules, root):
    library = root / "src" / "forethought"
    readers = [
        path
        for path in modules
        if path.is_relative_to(library) and not path.is_relative_to(library / "renderers")
    ]
    spelled = [
        (path.relative_to(library), tag.value)
        for path in readers
        for tag in Tag
        if tag.value in path.read_text()
    ]
    assert not spelled
