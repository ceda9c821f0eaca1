"""One stage of a run: its batches, its learning rate, and the terms of its loss."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from forethought.config import build_named, other_keys
from forethought.training.decay import Decay
from forethought.training.objective import Objective
from forethought.training.objectives import OBJECTIVES, SHARES
from forethought.types import Side


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

    A step draws `batch` pairs with at most `negatives` hard negatives each: sub-batches of
    `sub_batch` pairs of one task, or the whole batch of one. It does so `accumulation` times and
    adds their gradients up; the negatives of a pair are those of its own batch. Without `tasks`, a
    task is drawn in proportion to its number of examples. With a batch of 0 only objectives with
    inputs of their own are computed.

    Every pair is read directly. Of each sub-batch the first pairs, the share `self_generated`,
    are read behind rationales that the model wrote itself as well, and the next, the share
    `oracle`, behind their true rationales: what such a vector has in common with its target it
    may have copied from there. The share `sft` learns to write its true rationales, from behind
    the first on: it overlaps with `oracle`, and where it reaches past the last pair with
    `self_generated`. `thinks` are the sides that write and read rationales.

    The learning rate rises to `peak_rate` over `warmup` steps and falls to `final_rate` times it
    over the last `cooldown`, on a line or, by `decay`, on half a period of a cosine; the vision
    encoder's is `vision_rate` times as high.

    Raises:
        ValueError: if a number is out of its range, or an objective would never be computed.
    """

    name: str
    steps: int
    batch: int
    peak_rate: float
    objectives: tuple[ObjectiveSettings, ...]
    sub_batch: int = 0
    accumulation: int = 1
    sft: float = 0.0
    self_generated: float = 0.0
    oracle: float = 0.0
    thinks: tuple[Side, ...] = (Side.QUERY, Side.DOCUMENT)
    negatives: int = 0
    vision_rate: float = 1.0
    warmup: int = 0
    cooldown: int = 0
    decay: Decay = Decay.LINEAR
    final_rate: float = 1.0
    tasks: tuple[TaskWeight, ...] = ()

    def __post_init__(self) -> None:
        if self.steps < 1 or self.batch < 0 or self.batch == 1:
            raise ValueError(
                f"steps must be 1 or more and batch 0 or at least 2, got {self.steps} and "
                f"{self.batch}"
            )
        self._check_parts()
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
        share = self.decay.at(left / self.cooldown)
        return self.peak_rate * (self.final_rate + (1 - self.final_rate) * share)

    @property
    def parts(self) -> tuple[int, ...]:
        """The size of every sub-batch of a batch."""
        size = self.sub_batch or self.batch
        whole, rest = divmod(self.batch, size) if size else (0, 0)
        return (size,) * whole + ((rest,) if rest else ())

    def _check_parts(self) -> None:
        shares = (self.sft, self.self_generated, self.oracle)
        if min(shares) < 0 or self.sft > 1 or self.self_generated + self.oracle > 1:
            raise ValueError(
                "sft, self_generated and oracle are shares of a batch, the last two together at "
                f"most 1, got {', '.join(map(str, shares))}"
            )
        if self.accumulation < 1 or not 0 <= self.sub_batch <= self.batch or self.sub_batch == 1:
            raise ValueError(
                f"accumulation must be 1 or more and sub_batch from 2 to the batch of {self.batch}, "
                f"got {self.accumulation} and {self.sub_batch}"
            )
        if not self.thinks or len(set(self.thinks)) < len(self.thinks):
            raise ValueError(f"thinks names one or both sides, got {[*self.thinks]}")

    def _check_objectives(self) -> None:
        terms = [objective.term for objective in self.objectives]
        if not terms or len(set(terms)) < len(terms):
            raise ValueError(f"a stage needs objectives, with a name of its own each, got {terms}")
        for objective in self.objectives:
            if objective.use in OBJECTIVES and not self.batch:
                raise ValueError(f"objective {objective.use!r} needs pairs: set batch to 2 or more")
            shares = SHARES.get(objective.use, ())
            if "self_generated" in shares and Side.QUERY not in self.thinks:
                raise ValueError(
                    f"objective {objective.use!r} reads the thought states of queries: add 'query' "
                    f"to thinks, got {[side.value for side in self.thinks]}"
                )
            if shares and not any(getattr(self, share) for share in shares):
                raise ValueError(
                    f"objective {objective.use!r} needs {' or '.join(shares)} to be more than 0"
                )
