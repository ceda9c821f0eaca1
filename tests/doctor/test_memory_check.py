from functools import partial

import pytest

from forethought.doctor import Status
from forethought.doctor.memory_check import (
    check_memory,
    fitting_dtype,
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
    finding = check_memory(3_000, available=available, device="cpu", half_precision=False)
    assert finding.status is status
    fitting = partial(fitting_dtype, 3_000, available=available, half_precision=False)
    assert fitting(device="cpu") == cpu
    assert fitting(device="cuda") == gpu


def test_a_checkpoint_in_half_precision_stays_so_on_a_gpu():
    finding = check_memory(3_000, available=6_000, device="cuda", half_precision=True)
    assert finding.status is Status.OK
    fitting = partial(fitting_dtype, 3_000, device="cuda", half_precision=True)
    assert fitting(available=6_000) == "auto"
    assert fitting(available=5_999) is None


def test_the_message_has_both_precisions_and_the_available_memory():
    finding = check_memory(
        2_209_000_000, available=18_040_000_000, device="cuda:1", half_precision=True
    )
    assert finding.message == (
        "2,209,000,000 parameters: 8.8 GB in float32, 4.4 GB in bfloat16; "
        "18.0 GB available on cuda:1"
    )
