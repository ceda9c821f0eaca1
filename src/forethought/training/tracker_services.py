"""The trackers that a run knows by name, each a package of its own that is imported when it is used."""

import json
import os
import sys
from collections.abc import Mapping
from contextlib import redirect_stdout

from forethought.training.tracker import TrackedRun

PROJECT = "forethought"
"""The project of all runs, where a tracker has projects."""


class TensorboardTracker:
    """Event files in the run's folder `tensorboard`; those of steps that are repeated are hidden."""

    def __init__(self, run: TrackedRun) -> None:
        from torch.utils.tensorboard import SummaryWriter  # noqa: PLC0415 - optional, and slow

        self._writer = SummaryWriter(str(run.folder / "tensorboard"), purge_step=run.first)
        recipe = json.dumps(run.recipe, indent=2, ensure_ascii=False)
        self._writer.add_text("recipe", f"```json\n{recipe}\n```", run.first)

    def log(self, step: int, scalars: Mapping[str, float]) -> None:
        for name, value in scalars.items():
            self._writer.add_scalar(name, value, step)

    def close(self) -> None:
        self._writer.close()


class TrackioTracker:
    """A run of trackio, in its local database (`TRACKIO_DIR`).

    Steps that a resumed run repeats are there twice. Nothing is sent anywhere unless trackio's own
    variables (`TRACKIO_SPACE_ID`, `TRACKIO_SERVER_URL`) are set.
    """

    def __init__(self, run: TrackedRun) -> None:
        import trackio  # noqa: PLC0415 - optional, and slow

        self._finish = trackio.finish
        # It prints, and standard output is the command's result.
        with redirect_stdout(sys.stderr):
            self._run = trackio.init(
                project=PROJECT,
                name=f"{run.name}-{run.id}",
                config=dict(run.recipe),
                resume="allow",
                embed=False,
            )

    def log(self, step: int, scalars: Mapping[str, float]) -> None:
        self._run.log(dict(scalars), step=step)

    def close(self) -> None:
        with redirect_stdout(sys.stderr):
            # Not the run's: that one is finished, and printed about, once more at the end of Python.
            self._finish()


class WandbTracker:
    """A run of Weights & Biases, in files of the run's folder.

    They are uploaded only with the variable `WANDB_MODE=online`, or afterwards by `wandb sync`.
    The step is a scalar of each row: W&B's own number of a row may not go back, as a resumed run's
    step does.
    """

    def __init__(self, run: TrackedRun) -> None:
        import wandb  # noqa: PLC0415 - optional, and slow

        self._run = wandb.init(
            project=os.environ.get("WANDB_PROJECT", PROJECT),
            name=run.name,
            id=run.id,
            resume="allow",
            dir=str(run.folder),
            mode=os.environ.get("WANDB_MODE", "offline"),
            config=dict(run.recipe),
        )
        self._run.define_metric("*", step_metric="step")

    def log(self, step: int, scalars: Mapping[str, float]) -> None:
        self._run.log({"step": step, **scalars})

    def close(self) -> None:
        self._run.finish()
