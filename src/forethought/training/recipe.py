"""Everything one training run is told."""

from dataclasses import dataclass
from pathlib import Path

from forethought.backbones import Shape


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each term of the loss counts; 0 leaves it out."""

    direct: float
    thought: float
    cross: float
    next_token: float
    statements: float
    pointwise: float
    relational: float
    sight: float


@dataclass(frozen=True, slots=True)
class TaskWeight:
    """How often a task's batches come, against the others."""

    task: str
    weight: float

    def __post_init__(self) -> None:
        if self.weight <= 0:
            raise ValueError(f"weight of {self.task!r} must be more than 0, got {self.weight}")


@dataclass(frozen=True, slots=True)
class Stage:
    """A stretch of steps that do the same.

    Of a batch's pairs the share `taught` writes the true rationale (next-token loss), the
    share `own` is read after a rationale the model wrote itself, and the rest goes direct.
    The two never overlap: a vector is not read behind a rationale that gives its target
    away. Beside its pairs a step may see plain `statements`, `lessons` (texts whose place a
    teacher knows) and `glances` (pictures whose parts a teacher has described); with a batch
    of 0 it sees nothing else. The rate falls from its peak to `final_rate` of it over the last `cooldown` steps;
    the vision tower learns at `vision_rate` times the rate.

    Raises:
        ValueError: if a number is out of its range.
    """

    name: str
    steps: int
    batch: int
    taught: float
    own: float
    statements: int
    lessons: int
    glances: int
    peak_rate: float
    vision_rate: float
    warmup: int
    cooldown: int
    final_rate: float
    weights: Weights
    tasks: tuple[TaskWeight, ...]

    def __post_init__(self) -> None:
        if self.steps < 1 or self.batch < 0 or self.batch == 1:
            raise ValueError(
                f"steps must be 1 or more and batch 0 or at least 2, got {self.steps} and "
                f"{self.batch}"
            )
        if self.taught < 0 or self.own < 0 or self.taught + self.own > 1:
            raise ValueError(
                f"taught and own are shares of a batch, together at most 1, got {self.taught} "
                f"and {self.own}"
            )

    @property
    def odds(self) -> dict[str, float]:
        """How often each task's batches come, against the others."""
        return {task.task: task.weight for task in self.tasks}


@dataclass(frozen=True, slots=True)
class Rollouts:
    """How the model's own rationales are written while it trains."""

    budget: int
    temperature: float
    rollout_interval: int
    """For how many coming steps they are written at once."""

    def __post_init__(self) -> None:
        if self.budget < 1 or self.rollout_interval < 1 or self.temperature < 0:
            raise ValueError(
                f"budget and rollout_interval must be 1 or more, temperature 0 or more, got {self.budget}, "
                f"{self.rollout_interval} and {self.temperature}"
            )


@dataclass(frozen=True, slots=True)
class GateSettings:
    """What thinking must win: a token costs `price` in reciprocal rank."""

    price: float
    threshold: float


@dataclass(frozen=True, slots=True)
class Instructions:
    """The words used where a caller gives none."""

    query: str
    document: str


@dataclass(frozen=True, slots=True)
class Recipe:
    """One run, from data to a folder that `forethought.load` takes.

    `start` names another run of the same network: its leading stages, where they are the same, are taken
    over instead of trained again.
    """

    name: str
    seed: int
    data: Path
    pixels: int
    shape: Shape
    temperature: float
    teacher_temperature: float
    weight_decay: float
    clip_norm: float
    checkpoint_every: int
    budget: int
    instructions: Instructions
    rollouts: Rollouts
    gate: GateSettings
    stages: tuple[Stage, ...]
    teacher: Path | None = None
    start: Path | None = None

    def __post_init__(self) -> None:
        if not self.stages or not all(stage.tasks for stage in self.stages):
            raise ValueError("a run needs at least one stage, and each stage one task; add them")
        if self.checkpoint_every < 1:
            raise ValueError(f"checkpoint_every must be 1 or more, got {self.checkpoint_every}")

    @property
    def steps(self) -> int:
        """All stages' steps together."""
        return sum(stage.steps for stage in self.stages)

    def stage_at(self, step: int) -> tuple[Stage, int]:
        """The stage that a step of the whole run belongs to, and its place in it."""
        for stage in self.stages:
            if step < stage.steps:
                return stage, step
            step -= stage.steps
        raise ValueError(f"step {step} lies {step} past the run's last")
