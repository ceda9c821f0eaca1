"""Strings that say where content is, or are the content: `data:` and web addresses."""

import base64
import binascii
from pathlib import Path
from urllib.parse import unquote_to_bytes

from forethought.errors import ContentError

_LONGEST_NAME = 200


def is_data_url(shown: object) -> bool:
    """Whether it is a string that carries its own content."""
    return isinstance(shown, str) and shown[:5].lower() == "data:"


def is_web_url(shown: object) -> bool:
    """Whether it is a string that names a page of the web; a `Path` never is."""
    return isinstance(shown, str) and shown[:8].lower().startswith(("http://", "https://"))


def said(shown: object, otherwise: str) -> str:
    """What messages call it: its path or address, a data URL without its data."""
    if not isinstance(shown, str | Path):
        return otherwise
    name = str(shown)
    if is_data_url(name):
        return f"{name.partition(',')[0][:_LONGEST_NAME]},..."
    return name if len(name) <= _LONGEST_NAME or not is_web_url(name) else _shortened(name)


def read_data_url(url: str, name: str) -> bytes:
    """Read `data:[type][;base64],content` (RFC 2397).

    Raises:
        ContentError: if it has no comma, is not base64 where it says so, or holds nothing.
    """
    head, comma, body = url.partition(",")
    if not comma:
        raise ContentError(
            f"{name}: a data URL is 'data:<type>;base64,<content>', and this one has no comma; "
            "a file of that name is shown as pathlib.Path(...)"
        )
    content = unquote_to_bytes(body)
    if head.lower().endswith(";base64"):
        try:
            content = base64.b64decode(b"".join(content.split()), validate=True)
        except binascii.Error as error:
            raise ContentError(
                f"{name}: the data URL is not base64 ({error}); encode it with base64.b64encode"
            ) from None
    if not content:
        raise ContentError(f"{name}: the data URL holds nothing after its comma")
    return content


def _shortened(url: str) -> str:
    return f"{url[: _LONGEST_NAME - 3]}..."
