"""The result of one check, and of all checks of one model."""

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """Severity of a finding."""

    OK = "ok"
    WARN = "warn"
    """It works or was not checked, with a restriction that the user should know."""
    FAIL = "fail"
    """The vectors of this checkpoint cannot be trusted."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check; `remedy` is required unless the status is OK.

    Raises:
        ValueError: if a warning or failure has no remedy.
    """

    name: str
    status: Status
    message: str
    remedy: str = ""

    def __post_init__(self) -> None:
        if self.status is not Status.OK and not self.remedy:
            raise ValueError(
                f"finding {self.name!r} has status {self.status} and no remedy; add one"
            )


@dataclass(frozen=True, slots=True)
class Examination:
    """Every finding about one model, in the order of `NAMES`; `family` is empty if unknown."""

    model: str
    family: str
    device: str
    findings: tuple[Finding, ...]

    @property
    def healthy(self) -> bool:
        """Whether no check failed."""
        return not self.count(Status.FAIL)

    def count(self, status: Status) -> int:
        """Number of findings with this status."""
        return sum(finding.status is status for finding in self.findings)


def ok(name: str, message: str) -> Finding:
    """A check that passed."""
    return Finding(name, Status.OK, message)


def warn(name: str, message: str, remedy: str) -> Finding:
    """A restriction, or a check that could not run."""
    return Finding(name, Status.WARN, message, remedy)


def fail(name: str, message: str, remedy: str) -> Finding:
    """A check that failed."""
    return Finding(name, Status.FAIL, message, remedy)
