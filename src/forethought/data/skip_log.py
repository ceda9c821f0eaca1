"""The rows that a source leaves out, in the log and counted."""

import logging
from dataclasses import dataclass, field

_log = logging.getLogger(__name__)

_MAX_LOGGED = 5


@dataclass(slots=True)
class SkipLog:
    """Names the first rows that are left out in the log; the others are only counted."""

    path: str
    places: set[str] = field(default_factory=set)

    def __len__(self) -> int:
        return len(self.places)

    def add(self, place: str, fault: str) -> None:
        """Count a row once, however often it is met."""
        if place in self.places:
            return
        self.places.add(place)
        if len(self.places) <= _MAX_LOGGED:
            _log.warning("skipped %s: %s", place, fault)
        elif len(self.places) == _MAX_LOGGED + 1:
            _log.warning("%s: further rows are skipped and only counted", self.path)

    def log_count(self, examples: int) -> None:
        """Log how many rows are left out beside so many examples, if any are."""
        if self.places:
            _log.warning(
                "%s: %d rows skipped, %d examples left; `forethought data check` lists them",
                self.path,
                len(self.places),
                examples,
            )
