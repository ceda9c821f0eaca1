"""Packages as they are in a cache after unpacking."""

import json

from forethought.nano.packages import MARKER, unpacked_folder


def country_row(two, three, name, *, people, money, spoken, **facts):
    """A row of the countries package."""
    defaults = {
        "landlocked": False,
        "borders": [],
        "independent": True,
        "subregion": "South America",
    }
    return {
        "cca2": two,
        "cca3": three,
        "name": {"common": name},
        "demonyms": {"eng": {"m": people, "f": "-"}},
        "currencies": {str(at): {"name": one} for at, one in enumerate(money)},
        "languages": {one[:3].lower(): one for one in spoken},
        **defaults,
        **facts,
    }


def put(home, source, name, content):
    """Write a file of a package into a cache, marked as unpacked; returns its path."""
    folder = unpacked_folder(source.package, home)
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    (folder / MARKER).write_text(source.package.sha256)
    if not isinstance(content, bytes):
        content = (content if isinstance(content, str) else json.dumps(content)).encode()
    path.write_bytes(content)
    return path
