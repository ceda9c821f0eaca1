"""One stage of a run: its batches, its learning rate, and the terms of its loss."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from forethought.config import build_named, other_keys
from forethought.training.objective import Objective
from forethought.training.objectives import OBJECTIVES, SHARES


@dataclass(frozen=True, slots=True)
class ObjectiveSettings:
    """A term of the loss: an objective by name or import path, and that objective's own keys.

    `name` is what the journal calls the term.

    Raises:
        ConfigError: if there is no such objective, or it has other keys.
        ValueError: if the weight is not positive.
    """

    use: str
    weight: float
    name: str = ""
    settings: Mapping[str, object] = other_keys()
    objective: Objective = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.weight <= 0:
            raise ValueError(f"weight of {self.use!r} must be more than 0, got {self.weight}")
        objective = build_named(self.use, self.settings, OBJECTIVES, kind="objective")
        object.__setattr__(self, "objective", objective)

    @property
    def term(self) -> str:
        """The term's name: the one given, or else what it uses."""
        return self.name or self.use.rpartition(":")[2]


@dataclass(frozen=True, slots=True)
class TaskWeight:
    """How often batches are drawn from a task, relative to the others."""

    task: str
    weight: float

    def __post_init__(self) -> None:
        if self.weight <= 0:
            raise ValueError(f"weight of {self.task!r} must be more than 0, got {self.weight}")


@dataclass(frozen=True, slots=True)
class Stage:
    """A number of steps with one loss.

    A step draws `batch` pairs of one task, with at most `negatives` hard negatives each. Of
    the pairs, the share `sft` learns to write its true rationale, the share `self_generated`
    is read behind rationales that the model wrote itself, and the rest is read directly. The
    two shares never overlap, so that no vector is read behind a true rationale. With a batch of
    0 only objectives with inputs of their own are computed. Without `tasks`, a task is drawn
    in proportion to its number of examples.

    The learning rate rises to `peak_rate` over `warmup` steps and falls linearly to
    `final_rate` times it over the last `cooldown`; the vision encoder's is `vision_rate` times
    as high.

    Raises:
        ValueError: if a number is out of its range, or an objective would never be computed.
    """

    name: str
    steps: int
    batch: int
    peak_rate: float
    objectives: tuple[ObjectiveSettings, ...]
    sft: float = 0.0
    self_generated: float = 0.0
    negatives: int = 0
    vision_rate: float = 1.0
    warmup: int = 0
    cooldown: int = 0
    final_rate: float = 1.0
    tasks: tuple[TaskWeight, ...] = ()

    def __post_init__(self) -> None:
        if self.steps < 1 or self.batch < 0 or self.batch == 1:
            raise ValueError(
                f"steps must be 1 or more and batch 0 or at least 2, got {self.steps} and "
                f"{self.batch}"
            )
        if self.sft < 0 or self.self_generated < 0 or self.sft + self.self_generated > 1:
            raise ValueError(
                "sft and self_generated are shares of a batch, together at most 1, got "
                f"{self.sft} and {self.self_generated}"
            )
        if self.negatives < 0 or self.warmup < 0 or self.cooldown < 0:
            raise ValueError(
                "negatives, warmup and cooldown must be 0 or more, got "
                f"{self.negatives}, {self.warmup} and {self.cooldown}"
            )
        self._check_objectives()

    @property
    def odds(self) -> dict[str, float]:
        """The weight of each task."""
        return {task.task: task.weight for task in self.tasks}

    def rate_at(self, index: int) -> float:
        """The learning rate at a step of the stage: warm up, hold, decay."""
        if index < self.warmup:
            return self.peak_rate * (index + 1) / self.warmup
        left = self.steps - index
        if left > self.cooldown:
            return self.peak_rate
        share = left / self.cooldown
        return self.peak_rate * (self.final_rate + (1 - self.final_rate) * share)

    def _check_objectives(self) -> None:
        terms = [objective.term for objective in self.objectives]
        if not terms or len(set(terms)) < len(terms):
            raise ValueError(f"a stage needs objectives, with a name of its own each, got {terms}")
        for objective in self.objectives:
            if objective.use in OBJECTIVES and not self.batch:
                raise ValueError(f"objective {objective.use!r} needs pairs: set batch to 2 or more")
            share = SHARES.get(objective.use)
            if share and not getattr(self, share):
                raise ValueError(f"objective {objective.use!r} needs {share} to be more than 0")
