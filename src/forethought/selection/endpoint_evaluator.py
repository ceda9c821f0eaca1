"""A chat model behind a URL as evaluator: its odds of Yes against No."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from forethought.endpoints import ChatEndpoint, ChatReply, ChatRequest, FailureKind, complete
from forethought.errors import ContentError, EndpointError
from forethought.renderers import filler_words, read_answer, yes_no_content
from forethought.selection.evaluator import PairGroup, PairScores
from forethought.types import Rationale

_Cell = tuple[int, int, str]
"""Group, target, and the text in the place of the analysis."""


@dataclass(frozen=True, slots=True)
class EndpointEvaluator:
    """Scores a target by log p(Yes) - log p(No) among the likeliest tokens of the answer.

    The score without a rationale has a filler of as many words. Where only one of the two answers
    is among the likeliest tokens, the least likely of these bounds the other.
    """

    endpoint: ChatEndpoint
    num_negatives: int = 3

    @property
    def settings(self) -> tuple[str, ...]:
        """What changes a score; see `Evaluator.settings`."""
        endpoint = self.endpoint
        return (
            "evaluator=endpoint",
            f"model={endpoint}",
            f"pixels={endpoint.max_pixels}",
            f"frames={endpoint.frames} of {endpoint.frame_max_pixels}",
            f"extra={sorted(endpoint.extra.items())}",
        )

    def score(self, groups: Sequence[PairGroup]) -> list[PairScores]:
        """Score every group; see `Evaluator.score`.

        Raises:
            ConfigError: if the endpoint's key is not set.
            EndpointError: if it cannot be reached, gives no log-probabilities, or answers neither
                yes nor no.
        """
        targets = [[target.open() for target in group.targets] for group in groups]
        cells = list(dict.fromkeys(_cells(groups)))
        requests = (
            ChatRequest.next_token(
                yes_no_content(groups[group].source, targets[group][target], text)
            )
            for group, target, text in cells
        )
        odds: dict[_Cell, tuple[float, bool]] = {}
        for result in complete(self.endpoint, requests):
            if result.failure is not None:
                refused = result.failure.kind is FailureKind.REFUSED
                raise (ContentError if refused else EndpointError)(result.failure.message)
            if result.reply is not None:
                odds[cells[result.index]] = self._odds(result.reply)
        return [_scores(index, group, odds) for index, group in enumerate(groups)]

    def _odds(self, reply: ChatReply) -> tuple[float, bool]:
        """The log-odds of yes, and whether they are a bound only."""
        totals = {True: 0.0, False: 0.0}
        for token, log in reply.logprobs.items():
            answer = read_answer(token)
            if answer is not None:
                totals[answer] += math.exp(log)
        if not any(totals.values()):
            likeliest = sorted(reply.logprobs, key=lambda token: -reply.logprobs[token])[:3]
            raise EndpointError(
                f"{self.endpoint}: its likeliest answers are {', '.join(map(repr, likeliest))}, "
                "neither Yes nor No; name a chat model that does not think first"
            )
        least = math.exp(min(reply.logprobs.values()))
        yes, no = (totals[answer] or least for answer in (True, False))
        return math.log(yes) - math.log(no), not all(totals.values())


def _cells(groups: Sequence[PairGroup]) -> Iterator[_Cell]:
    for index, group in enumerate(groups):
        for rationale in group.rationales:
            text = _text(rationale)
            for target in range(len(group.targets)):
                yield index, target, text
                yield index, target, filler_words(text)


def _scores(index: int, group: PairGroup, odds: Mapping[_Cell, tuple[float, bool]]) -> PairScores:
    texts = [_text(rationale) for rationale in group.rationales]
    after = [[odds[index, t, text] for t in range(len(group.targets))] for text in texts]
    without = [
        [odds[index, t, filler_words(text)] for t in range(len(group.targets))] for text in texts
    ]
    bounds = [
        sum(is_bound for _, is_bound in (*a, *b)) for a, b in zip(after, without, strict=True)
    ]
    return PairScores(
        after=np.array([[value for value, _ in row] for row in after]),
        without=np.array([[value for value, _ in row] for row in without]),
        bounds=tuple(bounds),
    )


def _text(rationale: Rationale) -> str:
    return f"{rationale.thinking} {rationale.answer}".strip()
