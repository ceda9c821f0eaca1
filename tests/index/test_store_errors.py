import errno
from pathlib import Path

import pytest

from forethought.errors import ContractError, DataError
from forethought.index.store_errors import describe_os_error, translate_errors

DIRECTORY = Path("pictures/.forethought")


class PanicException(BaseException):
    """As the bindings of Rust raise it."""


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            OSError(errno.ENOSPC, "No space left on device"),
            "cannot be written (No space left on device); free some space, or name another "
            "directory with --index DIR",
        ),
        (
            RuntimeError(
                "lance error: LanceError(IO): Generic error: Permission denied (os error 13)"
            ),
            "cannot be written (Permission denied); change its permissions, or name another",
        ),
        (
            ValueError("External error: No space left on device, write.rs:7"),
            "cannot be written (No space left on device); free some space",
        ),
        (
            RuntimeError("lance error: not enough bytes\nbacktrace"),
            "cannot be written because it is damaged (lance error: not enough bytes); delete that "
            "directory to build it again",
        ),
        (OSError(errno.ENOENT, "gone"), "because it is damaged ([Errno 2] gone); delete that"),
        (KeyError("vector"), "because it is damaged ('vector'); delete that directory"),
        (PanicException("index out of bounds"), "because it is damaged (index out of bounds)"),
        (MemoryError(), "cannot be written (out of memory); close other programs"),
    ],
)
def test_an_error_has_its_own_words_and_way_out(error, message):
    with pytest.raises(DataError) as raised, translate_errors(DIRECTORY, "written"):
        raise error
    assert str(raised.value).startswith(f"the index at {DIRECTORY} ")
    assert message in str(raised.value)


@pytest.mark.parametrize("error", [ContractError("another model"), KeyboardInterrupt()])
def test_errors_of_the_library_and_interruptions_pass(error):
    with pytest.raises(type(error)) as raised, translate_errors(DIRECTORY, "read"):
        raise error
    assert raised.value is error


def test_a_directory_that_cannot_be_made_names_the_option():
    error = describe_os_error(DIRECTORY, OSError(errno.EROFS, "Read-only file system"))
    assert str(error) == (
        "pictures/.forethought: the index cannot be written (Read-only file system); mount it for "
        "writing, or name another directory with --index DIR"
    )
