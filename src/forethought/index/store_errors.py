"""Errors of LanceDB and of the operating system, in words of their own with a way out."""

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from forethought.errors import DataError, ForethoughtError
from forethought.files import remedy

_ELSEWHERE = "name another directory with --index DIR"
_CODE = re.compile(r"(?:os error|errno) (\d+)", re.IGNORECASE)
# What LanceDB says where it leaves the number out.
_TEXTS = {errno.ENOSPC: "no space left on device", errno.EACCES: "permission denied"}
_MAX_REASON = 200


@contextmanager
def translate_errors(directory: Path, doing: str) -> Iterator[None]:
    """Turn whatever a block raises about the files of an index into a `DataError`.

    Args:
        doing: "read" or "written".
    """
    try:
        yield
    except (ForethoughtError, KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as error:
        # A panic of Rust is a BaseException of a class that cannot be imported.
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        raise DataError(f"the index at {directory} {_reason(error, doing)}") from error


def describe_os_error(directory: Path, error: OSError) -> DataError:
    """The error for a directory that cannot be made or locked."""
    first = remedy(error.errno)
    way_out = f"{first}, or {_ELSEWHERE}" if first else _ELSEWHERE
    return DataError(f"{directory}: the index cannot be written ({error.strerror}); {way_out}")


def check_directory_name(directory: Path) -> None:
    """Refuse a directory whose path LanceDB cannot store: control characters, or not UTF-8.

    Raises:
        DataError: if it has such a name.
    """
    absolute = str(directory.absolute())
    fault = ""
    if any(character < " " or character == "\x7f" for character in absolute):
        fault = "has a control character (such as a tab or a new line)"
    elif any("\ud800" <= character <= "\udfff" for character in absolute):
        fault = "is not UTF-8"
    if fault:
        raise DataError(
            f"{absolute!r}: an index cannot be stored there, as the path {fault}; rename the "
            f"folder, or {_ELSEWHERE}"
        )


def _reason(error: BaseException, doing: str) -> str:
    text = str(error)
    if isinstance(error, MemoryError):
        return f"cannot be {doing} (out of memory); close other programs"
    code = _code(error, text)
    if code in {None, errno.ENOENT} or not remedy(code):
        # A file that LanceDB's own manifest names and that is gone is damage, too.
        return (
            f"cannot be {doing} because it is damaged ({_first_line(error)}); "
            "delete that directory to build it again"
        )
    return f"cannot be {doing} ({os.strerror(code)}); {remedy(code)}, or {_ELSEWHERE}"


def _code(error: BaseException, text: str) -> int | None:
    if isinstance(error, OSError) and error.errno:
        return error.errno
    match = _CODE.search(text)
    if match:
        return int(match[1])
    return next((code for code, words in _TEXTS.items() if words in text.lower()), None)


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:_MAX_REASON]
