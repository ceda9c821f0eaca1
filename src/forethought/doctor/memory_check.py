"""Check that the weights fit into the available memory."""

from forethought.doctor.finding import Finding, fail, ok, warn
from forethought.engines import format_bytes

BYTES_PER_PARAMETER = {"float32": 4, "bfloat16": 2}


def check_memory(
    num_parameters: int, *, available: int | None, device: str, half_precision: bool
) -> Finding:
    """Whether the weights alone fit into the available bytes.

    Args:
        available: None if unknown.
        half_precision: whether `load` would use 16-bit weights on this device.
    """
    sizes = {dtype: num_parameters * size for dtype, size in BYTES_PER_PARAMETER.items()}
    listed = ", ".join(f"{format_bytes(size)} in {dtype}" for dtype, size in sizes.items())
    message = f"{num_parameters:,} parameters: {listed}"
    if available is None:
        return warn(
            "memory",
            f"{message}; the memory available on {device} is unknown",
            "compare with the memory of the device",
        )
    message += f"; {format_bytes(available)} available on {device}"
    if available < sizes["bfloat16"]:
        return fail(
            "memory",
            f"{message}: too little",
            'use another --device, or load with LoadOptions(quantize="4bit") on a GPU or '
            'LoadOptions(device_map="auto") over several',
        )
    if available < sizes["float32"] and not half_precision:
        return warn(
            "memory",
            f"{message}: enough for bfloat16 only",
            'load with LoadOptions(dtype="bfloat16")',
        )
    return ok("memory", message)


def fitting_dtype(
    num_parameters: int, *, available: int | None, device: str, half_precision: bool
) -> str | None:
    """The dtype to load for the checks: that of `load`, else bfloat16, or None if neither fits."""
    if available is not None and available < num_parameters * BYTES_PER_PARAMETER["bfloat16"]:
        return None
    fits_float32 = available is None or available >= num_parameters * BYTES_PER_PARAMETER["float32"]
    if half_precision or fits_float32:
        return "float32" if device == "cpu" else "auto"
    return "bfloat16"
