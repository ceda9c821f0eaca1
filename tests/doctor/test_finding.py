import pytest

from forethought.doctor import Examination, Finding, Status


@pytest.mark.parametrize("status", [Status.WARN, Status.FAIL])
def test_what_is_not_well_needs_a_way_out(status):
    with pytest.raises(ValueError, match=f"'rows' is {status} and has no way out"):
        Finding("rows", status, "all zeros")


@pytest.mark.parametrize(
    ("statuses", "healthy"),
    [(["ok", "warn", "warn"], True), (["ok", "fail", "warn"], False), ([], True)],
)
def test_only_a_failure_is_no_health(statuses, healthy):
    findings = tuple(Finding("x", Status(status), "told", "do it") for status in statuses)
    examined = Examination("m", "rge", "cpu", findings)
    assert examined.healthy is healthy
    assert examined.count(Status.WARN) == statuses.count("warn")
