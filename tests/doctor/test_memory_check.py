import pytest

from forethought.doctor import Status
from forethought.doctor.memory_check import check_memory, fitting, free_memory, in_words


@pytest.mark.parametrize(
    ("free", "status", "cpu", "gpu"),
    [
        # 3,000 parameters: 12,000 bytes whole, 6,000 in half.
        (12_000, Status.OK, "float32", "auto"),
        (11_999, Status.WARN, "bfloat16", "bfloat16"),
        (6_000, Status.WARN, "bfloat16", "bfloat16"),
        (5_999, Status.FAIL, None, None),
        (None, Status.WARN, "float32", "auto"),
    ],
)
def test_what_does_not_fit_is_not_tried(free, status, cpu, gpu):
    assert check_memory(3_000, free=free, device="cpu", half=False).status is status
    assert fitting(3_000, free=free, device="cpu", half=False) == cpu
    assert fitting(3_000, free=free, device="cuda", half=False) == gpu


def test_a_checkpoint_in_half_precision_stays_so_on_a_gpu():
    assert check_memory(3_000, free=6_000, device="cuda", half=True).status is Status.OK
    assert fitting(3_000, free=6_000, device="cuda", half=True) == "auto"
    assert fitting(3_000, free=5_999, device="cuda", half=True) is None


def test_both_precisions_and_what_is_free_are_said():
    found = check_memory(2_209_000_000, free=18_040_000_000, device="cuda:1", half=True)
    assert found.told == (
        "2,209,000,000 parameters: 8.8 GB in float32, 4.4 GB in bfloat16; 18.0 GB free on cuda:1"
    )


def test_this_machine_says_what_is_free():
    free = free_memory("cpu")
    assert free is None or free > 2**20


@pytest.mark.parametrize(
    ("size", "said"),
    [
        (999, "999 bytes"),
        (1_500, "1.5 kB"),
        (310_000, "310 kB"),
        (7_000_000, "7 MB"),
        (14_000_000_000_000, "14000.0 GB"),
    ],
)
def test_bytes_are_said_as_people_do(size, said):
    assert in_words(size) == said
