"""Whether a device can be used, before anything is loaded for it."""

import torch

from forethought.errors import ModelError


def check_device(name: str) -> str:
    """The name of a device that takes tensors.

    Raises:
        ModelError: if torch does not know it, or this machine or installation has none.
    """
    try:
        kind = torch.device(name).type
    except (RuntimeError, TypeError) as error:
        raise ModelError(_message(f"unknown device {name!r}", error)) from None
    if kind == "meta":
        raise ModelError("device 'meta' holds no values; cpu always works")
    try:
        torch.empty(0, device=name)
    except (RuntimeError, AssertionError, ImportError) as error:
        raise ModelError(_message(f"no device {name!r} here", error)) from None
    return name


def _message(fault: str, error: Exception) -> str:
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return f"{fault} ({reason}); cpu always works"
