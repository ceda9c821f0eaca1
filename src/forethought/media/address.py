"""Paths, `data:` URLs and web addresses, and the names by which error messages call them."""

import base64
import binascii
import os
from pathlib import Path
from urllib.parse import unquote_to_bytes

from forethought.errors import ContentError

_MAX_NAME = 200  # characters of a URL in a message
_MAX_PATH = 4096  # no path is longer; what is, was meant otherwise


def is_data_url(source: object) -> bool:
    """Whether it is a string that carries its own content."""
    return isinstance(source, str) and source[:5].lower() == "data:"


def is_web_url(source: object) -> bool:
    """Whether it is a string with an http(s) address; a `Path` never is."""
    return isinstance(source, str) and source[:8].lower().startswith(("http://", "https://"))


def display_name(source: object, default: str) -> str:
    """The name of a source in messages: its path or address, a data URL without its content."""
    if not isinstance(source, str | os.PathLike):
        return default
    name = os.fsdecode(source)
    if is_data_url(name):
        return f"{name.partition(',')[0][:_MAX_NAME]},..."
    longest = _MAX_NAME if is_web_url(name) else _MAX_PATH
    return f"{name[: _MAX_NAME - 3]}..." if len(name) > longest else name


def local_file(source: object, name: str, *, kind: str) -> Path | bytes:
    """The existing path, or the bytes, of a `kind` of file that is never fetched.

    Raises:
        ContentError: if the source is a URL or neither a path nor bytes, or nothing exists at the
            path.
    """
    if is_web_url(source) or is_data_url(source):
        raise ContentError(
            f"{name}: a URL, and a {kind} is not fetched; download it and pass the file"
        )
    if isinstance(source, bytes | bytearray | memoryview):
        return bytes(source)
    if isinstance(source, str | os.PathLike):
        return check_path(source, name)
    raise ContentError(
        f"{name}: a {type(source).__name__} is no {kind}; pass a path, or the bytes of a file"
    )


def check_path(path: "str | os.PathLike[str]", name: str) -> Path:
    """The path of what exists.

    Raises:
        ContentError: if nothing does, or the system cannot look there.
    """
    try:
        Path(path).stat()
    except (FileNotFoundError, NotADirectoryError):
        raise ContentError(f"{name}: no such file; check the path") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL character
        reason = error.strerror if isinstance(error, OSError) else error
        raise ContentError(f"{name}: no path of a file ({reason}); check it") from None
    return Path(path)


def read_data_url(url: str, name: str) -> bytes:
    """The content of `data:[type][;base64],content` (RFC 2397).

    Raises:
        ContentError: if it has no comma, its content is empty, or is declared base64 and is not.
    """
    head, comma, body = url.partition(",")
    if not comma:
        raise ContentError(
            f"{name}: a data URL is 'data:<type>;base64,<content>', and this one has no comma; "
            "pass a file of that name as pathlib.Path(...)"
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
        raise ContentError(f"{name}: the data URL has no content after its comma")
    return content
