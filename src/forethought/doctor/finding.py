"""What one check found."""

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARN = "warn"
    """It works, or was not checked; the reader should know."""
    FAIL = "fail"
    """Vectors of this checkpoint are not to be trusted."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of a report: what was checked, how it stands, and the way out if it is not well.

    Raises:
        ValueError: if what is not well has no way out.
    """

    name: str
    status: Status
    told: str
    way_out: str = ""

    def __post_init__(self) -> None:
        if self.status is not Status.OK and not self.way_out:
            raise ValueError(f"finding {self.name!r} is {self.status} and has no way out; say one")


@dataclass(frozen=True, slots=True)
class Examination:
    """Every finding about one model, in the order of `examine`; `family` is empty if unknown."""

    model: str
    family: str
    device: str
    findings: tuple[Finding, ...]

    @property
    def healthy(self) -> bool:
        """Whether nothing failed."""
        return not self.count(Status.FAIL)

    def count(self, status: Status) -> int:
        """How many findings stand so."""
        return sum(finding.status is status for finding in self.findings)


def ok(name: str, told: str) -> Finding:
    """All is well."""
    return Finding(name, Status.OK, told)


def warn(name: str, told: str, way_out: str) -> Finding:
    """It works, but."""
    return Finding(name, Status.WARN, told, way_out)


def fail(name: str, told: str, way_out: str) -> Finding:
    """It does not work, or works wrongly."""
    return Finding(name, Status.FAIL, told, way_out)
