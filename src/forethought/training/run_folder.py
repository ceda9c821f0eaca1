"""The files of one run."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from forethought.encoders import CARD
from forethought.errors import CheckpointError
from forethought.training.run_checkpoint import find_checkpoint, load_position, superseded


@dataclass(frozen=True, slots=True)
class RunFolder:
    """Paths inside the folder of a run."""

    path: Path

    @property
    def start(self) -> Path:
        """The starting model of a run from scratch."""
        return self.path / "start"

    @property
    def latest(self) -> Path:
        """The checkpoint that the next call resumes from."""
        return self.path / "checkpoint"

    def after(self, stage: str) -> Path:
        """The checkpoint at the end of a stage."""
        return self.path / f"after-{stage}"

    @property
    def model(self) -> Path:
        """The folder that `forethought.load` takes."""
        return self.path / "model"

    @property
    def adapter(self) -> Path:
        """The adapter by itself, of a run that trains one."""
        return self.path / "adapter"

    @property
    def journal(self) -> Path:
        """One JSON line a step."""
        return self.path / "journal.jsonl"

    @property
    def plot(self) -> Path:
        """The journal as a picture."""
        return self.path / "journal.png"

    @property
    def tracking_id(self) -> Path:
        """The id by which the run resumes in trackers."""
        return self.path / "tracking-id"

    @property
    def failed(self) -> Path:
        """The examples of a step whose loss was not finite."""
        return self.path / "failed-step.json"

    @property
    def has_start(self) -> bool:
        """Whether the starting model is there and whole."""
        return (self.start / CARD).is_file()

    @property
    def can_resume(self) -> bool:
        """Whether there is a checkpoint to resume from."""
        return find_checkpoint(self.latest) is not None

    @property
    def steps(self) -> int:
        """How many steps the checkpoint to resume from has taken; 0 without one.

        Raises:
            CheckpointError: if it cannot be read.
        """
        found = find_checkpoint(self.latest)
        return load_position(found).step if found else 0

    def copy_start(self, forked: "RunFolder") -> None:
        """Take over another run's starting model, unless there is one: a fork can be forked.

        Raises:
            CheckpointError: if the other run has none.
        """
        if self.has_start:
            return
        if not forked.has_start:
            raise CheckpointError(
                f"{forked.start}: no such model; train the run that `fork_from` names first, or "
                "leave `fork_from` out of the recipe"
            )
        # A kill leaves the copy under its other name.
        fresh = self.path / "start.new"
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.rmtree(self.start, ignore_errors=True)
        shutil.copytree(forked.start, fresh)
        fresh.rename(self.start)

    def clear(self) -> None:
        """Delete what the next call would resume from."""
        for folder in (self.start, self.latest, superseded(self.latest)):
            shutil.rmtree(folder, ignore_errors=True)
        self.tracking_id.unlink(missing_ok=True)
