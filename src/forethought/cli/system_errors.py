"""Errors of the machine, not of the program: what happened, and what to do about it."""

from forethought.files import remedy


def describe_system_error(error: Exception) -> str:
    """One line for an error of the operating system or of memory; empty for any other."""
    if isinstance(error, OSError):
        return _os_error(error)
    # A GPU's own class cannot be named without importing torch.
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return (
            f"out of memory ({_first_line(error)}); pass a smaller --batch-size or close other "
            "programs"
        )
    return ""


def _os_error(error: OSError) -> str:
    names = [str(name) for name in (error.filename, error.filename2) if name is not None]
    where = f"{' and '.join(names)}: " if names else ""
    what = error.strerror or _first_line(error)
    first = remedy(error.errno)
    return f"{where}{what}; {f'{first}, or ' if first else ''}name another file or folder"


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
