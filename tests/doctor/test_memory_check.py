import pytest

from forethought.doctor import Status
from forethought.doctor.memory_check import (
    check_memory,
    fitting_dtype,
    format_bytes,
    free_memory,
)


@pytest.mark.parametrize(
    ("available", "status", "cpu", "gpu"),
    [
        # 3,000 parameters: 12,000 bytes in float32, 6,000 in bfloat16.
        (12_000, Status.OK, "float32", "auto"),
        (11_999, Status.WARN, "bfloat16", "bfloat16"),
        (6_000, Status.WARN, "bfloat16", "bfloat16"),
        (5_999, Status.FAIL, None, None),
        (None, Status.WARN, "float32", "auto"),
    ],
)
def test_only_a_dtype_that_fits_is_loaded(available, status, cpu, gpu):
    options = {"available": available, "half_precision": False}
    assert check_memory(3_000, device="cpu", **options).status is status
    assert fitting_dtype(3_000, device="cpu", **options) == cpu
    assert fitting_dtype(3_000, device="cuda", **options) == gpu


def test_a_checkpoint_in_half_precision_stays_so_on_a_gpu():
    options = {"device": "cuda", "half_precision": True}
    assert check_memory(3_000, available=6_000, **options).status is Status.OK
    assert fitting_dtype(3_000, available=6_000, **options) == "auto"
    assert fitting_dtype(3_000, available=5_999, **options) is None


def test_the_message_has_both_precisions_and_the_available_memory():
    finding = check_memory(
        2_209_000_000, available=18_040_000_000, device="cuda:1", half_precision=True
    )
    assert finding.message == (
        "2,209,000,000 parameters: 8.8 GB in float32, 4.4 GB in bfloat16; "
        "18.0 GB available on cuda:1"
    )


def test_the_available_memory_of_this_machine_is_plausible():
    available = free_memory("cpu")
    assert available is None or available > 2**20


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (999, "999 bytes"),
        (1_500, "1.5 kB"),
        (310_000, "310 kB"),
        (7_000_000, "7 MB"),
        (14_000_000_000_000, "14000.0 GB"),
    ],
)
def test_bytes_are_formatted_in_decimal_units(size, text):
    assert format_bytes(size) == text
