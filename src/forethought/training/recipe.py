"""The settings of one training run."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

from forethought.backbones import Shape
from forethought.config import build_named, find, other_keys
from forethought.data import SOURCES, ExampleSource
from forethought.encoders import FAMILIES, Instructions, ReasoningEncoder
from forethought.training.pass_size import MemorySettings
from forethought.training.stage import Stage
from forethought.training.trained_weights import TrainedSettings
from forethought.types import ContentKind, Image, OpenProgress, Patches, Side, Video


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """Where examples come from: a known source or an import path, and that source's own keys."""

    use: str
    settings: Mapping[str, object] = other_keys()
    source: ExampleSource = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # Its files are read at first use; here only its keys are checked.
        source = build_named(self.use, self.settings, SOURCES, kind="source")
        object.__setattr__(self, "source", source)


@dataclass(frozen=True, slots=True)
class InstructionException:
    """The instruction of one kind of content on one side."""

    side: Side
    kind: ContentKind
    text: str


@dataclass(frozen=True, slots=True)
class DefaultInstructions:
    """The instructions that a model uses where a caller gives none: one a side, with exceptions."""

    query: str
    document: str
    exceptions: tuple[InstructionException, ...] = ()

    def texts(self) -> Instructions:
        """The text of every side and kind of content."""
        exceptions = {(each.side, each.kind): each.text for each in self.exceptions}
        sides = {Side.QUERY: self.query, Side.DOCUMENT: self.document}
        return {
            side: {kind: exceptions.get((side, kind), text) for kind in ContentKind}
            for side, text in sides.items()
        }


@dataclass(frozen=True, slots=True)
class ScratchSettings:
    """A network made from nothing, in the library's own format.

    `tokenizer` is the import path of a function that learns one: it is given the examples and
    `size`, the number of tokens. Images are resized to about `pixels` x `pixels`, which a shape
    with a `tower` may leave out and one without a vision encoder must; `budget` is the most
    tokens of a rationale. `embeddings`
    is the import path of a function that is given the tokenizer and the hidden size and returns
    the initial embeddings of all tokens [vocabulary, hidden].

    Raises:
        ConfigError: if an import path cannot be imported.
        ValueError: if there are `pixels` without a vision encoder, or a trained one without them.
    """

    tokenizer: str
    budget: int
    instructions: DefaultInstructions
    shape: Shape
    pixels: int | None = None
    embeddings: str | None = None

    def __post_init__(self) -> None:
        find(self.tokenizer, {}, kind="tokenizer")
        if self.shape.tower is not None:
            find(self.shape.tower, {}, kind="tower")
        if self.embeddings is not None:
            find(self.embeddings, {}, kind="embeddings")
        if self.shape.is_stock and self.pixels is None:
            raise ValueError("a vision encoder that is trained needs `pixels`, a picture's side")
        if self.pixels is not None and not self.shape.sees:
            raise ValueError(
                f"pixels is {self.pixels}, but the shape has no vision encoder: leave it out, or "
                "give the shape `tower` or vision_hidden, vision_layers and vision_heads"
            )


@runtime_checkable
class PictureSource(Protocol):
    """What a recipe's `pictures` names: a frozen dataclass whose fields are its keys."""

    def bind(
        self, encoder: ReasoningEncoder, open_progress: OpenProgress
    ) -> Callable[[Image | Video], Patches]:
        """The function that makes patches of a picture, in place of the image processor.

        Raises:
            ConfigError: if it does not fit the encoder.
        """
        ...


@dataclass(frozen=True, slots=True)
class PictureSettings:
    """Where the patches of pictures come from in training: an import path, and its own keys."""

    use: str
    settings: Mapping[str, object] = other_keys()
    source: PictureSource = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        known: dict[str, type[PictureSource]] = {}
        source = build_named(self.use, self.settings, known, kind="pictures")
        object.__setattr__(self, "source", source)


@dataclass(frozen=True, slots=True)
class RolloutSettings:
    """How the model writes its own rationales while it trains.

    They are sampled for `interval` steps at once, with at most `budget` tokens each.
    """

    budget: int
    temperature: float
    interval: int

    def __post_init__(self) -> None:
        if self.budget < 1 or self.interval < 1 or self.temperature < 0:
            raise ValueError(
                "budget and interval must be 1 or more, temperature 0 or more, got "
                f"{self.budget}, {self.interval} and {self.temperature}"
            )


@dataclass(frozen=True, slots=True)
class GateSettings:
    """What the gate is fitted on, after the last stage.

    A rationale pays where it gains more reciprocal rank than `price` times its tokens. Queries
    rank the documents of `data`, and those of `pool`, if it is given, that have other labels.
    """

    price: float
    threshold: float
    data: SourceSettings
    pool: SourceSettings | None = None


@dataclass(frozen=True, slots=True)
class Recipe:
    """One run, from data to a folder that `forethought.load` takes.

    It starts from a checkpoint, `init` (a name or path that `forethought.load` takes; a chat model,
    whose tokenizer lacks the tokens of `family`, with `add_tokens`), or from a network made from
    `scratch`. `fork_from` is another run: its leading stages, as far as
    they are equal, are taken over instead of trained again. `augment` is the import path of a
    function that changes an example at random each time it is drawn; `pictures` names what takes
    the place of the image processor. Images have between `min_pixels` and `max_pixels`, frames of
    videos between `frame_min_pixels` and `frame_max_pixels`; None keeps the model's own. An example
    with a side of over `max_tokens` tokens, its true rationale included, is refused, or left out
    where its source skips rows; nothing is truncated. `betas` are AdamW's. `trained` are the weights
    that are trained. With `average` the model is an exponential average of its weights over the
    steps, of that decay.

    Raises:
        ValueError: if two settings exclude each other or a number is out of its range.
        ConfigError: if an import path cannot be imported.
    """

    name: str
    seed: int
    data: SourceSettings
    weight_decay: float
    clip_norm: float
    checkpoint_every: int
    stages: tuple[Stage, ...]
    init: str | None = None
    family: str | None = None
    add_tokens: bool = False
    min_pixels: int | None = None
    max_pixels: int | None = None
    frame_min_pixels: int | None = None
    frame_max_pixels: int | None = None
    max_tokens: int | None = None
    betas: tuple[float, float] = (0.9, 0.98)
    scratch: ScratchSettings | None = None
    fork_from: Path | None = None
    augment: str | None = None
    pictures: PictureSettings | None = None
    trained: TrainedSettings = field(default_factory=TrainedSettings)
    average: float | None = None
    memory: MemorySettings = field(default_factory=MemorySettings)
    rollouts: RolloutSettings | None = None
    gate: GateSettings | None = None

    def __post_init__(self) -> None:
        if (self.init is None) == (self.scratch is None):
            raise ValueError("a run starts from `init`, a checkpoint, or [scratch]: name one")
        if self.add_tokens and (self.init is None or self.family not in FAMILIES):
            raise ValueError(
                "add_tokens needs `init`, a chat model, and `family`, the format to add the tokens "
                f"of: one of {', '.join(FAMILIES)}"
            )
        names = [stage.name for stage in self.stages]
        if not names or len(set(names)) < len(names):
            raise ValueError(f"a run needs stages, with a name of its own each, got {names}")
        self._check_numbers()
        if self.rollouts is None and any(stage.self_generated for stage in self.stages):
            raise ValueError("self_generated needs [rollouts]: how rationales are sampled")
        if self.augment is not None:
            find(self.augment, {}, kind="augmentation")

    def _check_numbers(self) -> None:
        for name in ("checkpoint_every", "max_tokens"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name} must be 1 or more, got {value}")
        for name, values in (("average", (self.average or 0.0,)), ("betas", self.betas)):
            if not all(0 <= value < 1 for value in values):
                raise ValueError(f"{name} must be at least 0 and below 1, got {[*values]}")

    @property
    def steps(self) -> int:
        """All stages' steps together."""
        return sum(stage.steps for stage in self.stages)

    def stage_at(self, step: int) -> tuple[Stage, int]:
        """The stage of a step of the whole run, and the step's index in it."""
        for stage in self.stages:
            if step < stage.steps:
                return stage, step
            step -= stage.steps
        raise ValueError(f"step {step} lies {step} past the run's last")
