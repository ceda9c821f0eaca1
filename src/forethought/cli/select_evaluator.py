"""From the options of `forethought select` to what scores its candidates."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from forethought.cli import console
from forethought.errors import ConfigError, ModelError
from forethought.types import Side

if TYPE_CHECKING:
    from forethought.data import ExampleLines
    from forethought.selection import Evaluator, RationaleLikelihood, Scorer

_NEED_EFFECTS = {"margin", "counterfactual"}


@dataclass(frozen=True, slots=True)
class EvaluatorOptions:
    """The options that name an evaluator.

    Raises:
        ConfigError: if they do not go together with each other, or with `by`.
    """

    by: str
    vlm: str
    endpoint: str
    key_env: str
    encoder: str
    temperature: float
    device: str
    dtype: str
    max_pixels: int | None

    def __post_init__(self) -> None:
        if self.endpoint and not self.vlm:
            raise ConfigError(f"--endpoint {self.endpoint}: name its model with --vlm")
        if self.vlm and self.encoder:
            raise ConfigError(
                f"--vlm {self.vlm} and --encoder {self.encoder}: one evaluator is enough"
            )
        if self.by in _NEED_EFFECTS and not (self.vlm or self.encoder):
            raise ConfigError(
                f"--by {self.by} needs an evaluator: --vlm, for a chat model, or --encoder, for an "
                "embedding model that thinks"
            )
        if self.by == "likelihood" and not self.encoder:
            raise ConfigError("--by likelihood needs the model whose likelihood it is: --encoder")

    @contextmanager
    def scorers(
        self, lines: "ExampleLines", sides: Collection[Side], *, file: Path, batch_size: int
    ) -> "Iterator[Mapping[Side, Scorer]]":
        """The scorer of each side that has candidates; none if there is nothing to score by."""
        from forethought.selection import Scorer, ScoresFile

        if self.by not in {*_NEED_EFFECTS, "likelihood"}:
            yield {}
            return
        with ScoresFile.open(file) as scores:
            with console.spinner(f"loading {self.vlm or self.encoder}"):
                evaluators = self._load(sides)
            yield {
                side: Scorer(lines, evaluator, scores, batch_size)
                for side, evaluator in evaluators.items()
            }

    def _load(self, sides: Collection[Side]) -> "dict[Side, Evaluator | RationaleLikelihood]":
        if self.vlm:
            return dict.fromkeys(sides, self._chat_model())
        from forethought.cli.load import load_encoder, settings
        from forethought.encoders import ReasoningEncoder
        from forethought.selection import EmbeddingEvaluator, RationaleLikelihood

        loaded = load_encoder(self.encoder, **settings(device=self.device, dtype=self.dtype))
        if not isinstance(loaded, ReasoningEncoder):
            raise ModelError(f"{loaded.name} writes no rationales; name a model that does")
        if self.by == "likelihood":
            return dict.fromkeys(sides, RationaleLikelihood(loaded))
        return {side: EmbeddingEvaluator(loaded, side, self.temperature) for side in sides}

    def _chat_model(self) -> "Evaluator":
        if self.endpoint:
            from forethought.endpoints import ChatEndpoint
            from forethought.selection import EndpointEvaluator

            endpoint = ChatEndpoint(url=self.endpoint, model=self.vlm, key_env=self.key_env)
            if self.max_pixels is not None:
                endpoint = replace(endpoint, max_pixels=self.max_pixels)
            return EndpointEvaluator(endpoint)
        from forethought.selection import load_evaluator

        pixels = {} if self.max_pixels is None else {"max_pixels": self.max_pixels}
        return load_evaluator(
            self.vlm, device=self.device or None, dtype=self.dtype or None, **pixels
        )
