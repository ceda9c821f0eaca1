import psutil
import torch

from forethought.doctor import (
    MachineRates,
    machine_name,
    measure_rates,
    peak_memory,
    reset_peak_memory,
    synchronize,
)

CPU = torch.device("cpu")


def test_measured_rates_are_rates_of_a_machine():
    rates = measure_rates(CPU, dtype=torch.float32)
    assert 1e7 < rates.bandwidth < 1e14
    assert 1e7 < rates.matmul < 1e16


def test_the_higher_of_two_measurements_is_taken_rate_by_rate():
    assert MachineRates(3.0, 20.0).best(MachineRates(2.0, 50.0)) == MachineRates(3.0, 50.0)


def test_the_peak_covers_what_was_allocated_since_the_reset():
    reset_peak_memory(CPU)
    before = peak_memory(CPU)
    block = torch.ones(64 * 2**20, dtype=torch.uint8)
    del block
    assert peak_memory(CPU) - before > 32 * 2**20
    assert peak_memory(CPU) >= psutil.Process().memory_info().rss


def test_a_machine_has_a_name_and_a_cpu_nothing_to_wait_for():
    assert machine_name(CPU)
    synchronize(CPU)
