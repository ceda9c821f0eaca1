import pytest

from forethought.doctor import Examination, Finding, Status


@pytest.mark.parametrize("status", [Status.WARN, Status.FAIL])
def test_a_warning_or_failure_needs_a_remedy(status):
    with pytest.raises(ValueError, match=f"'rows' has status {status} and no remedy"):
        Finding("rows", status, "all zeros")


@pytest.mark.parametrize(
    ("statuses", "healthy"),
    [(["ok", "warn", "warn"], True), (["ok", "fail", "warn"], False), ([], True)],
)
def test_only_a_failure_is_unhealthy(statuses, healthy):
    findings = tuple(Finding("x", Status(status), "message", "remedy") for status in statuses)
    examination = Examination("m", "rge", "cpu", findings)
    assert examination.healthy is healthy
    assert examination.count(Status.WARN) == statuses.count("warn")
