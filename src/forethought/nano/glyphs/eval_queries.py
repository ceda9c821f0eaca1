"""Queries that were kept back, with all the documents they choose from."""

import json
from collections.abc import Callable, Iterator

from forethought.nano.glyphs.catalogue import Catalogue
from forethought.nano.glyphs.clock_tasks import clock_candidates, clock_trials
from forethought.nano.glyphs.concepts import Concept
from forethought.nano.glyphs.country_tasks import country_candidates, country_trials
from forethought.nano.glyphs.emoji_tasks import ICON_STYLE, keyword_query, tag_query
from forethought.nano.glyphs.flag_tasks import flag_candidates, flag_trials, question_trials
from forethought.nano.glyphs.hash_rng import draw
from forethought.nano.glyphs.pairs import (
    INSTRUCTIONS,
    PICTURE,
    Candidate,
    EvalQuery,
    concept_name,
    concept_picture,
    concept_text,
)
from forethought.nano.glyphs.sources import HELD_STYLE

MOST_QUERIES = 400
HELD_ICON_STYLE = "lucide"

_EMOJI_SPLITS = {
    "unseen_style": ("train", HELD_STYLE),
    "unseen_concept": ("test", "noto"),
    "unseen_both": ("test", HELD_STYLE),
}
_STYLE_TARGETS = {
    "unseen_style": HELD_STYLE,
    "unseen_concept": "twemoji",
    "unseen_both": HELD_STYLE,
}
_ICON_SPLITS = {"unseen_concept": ("test", ICON_STYLE), "unseen_style": ("train", HELD_ICON_STYLE)}


def eval_queries(catalogue: Catalogue) -> list[EvalQuery]:
    """Every benchmark query, at most 400 of a task and split."""
    by_split: dict[tuple[str, str], list[EvalQuery]] = {}
    for make in (_emoji_trials, flag_trials, question_trials, country_trials, clock_trials):
        for trial in make(catalogue):
            by_split.setdefault((trial.task, trial.split), []).append(trial)
    return [trial for found in by_split.values() for trial in _chosen(found)]


def candidates(catalogue: Catalogue) -> list[Candidate]:
    """Every benchmark document of every task and split."""
    return [
        *_emoji_candidates(catalogue),
        *flag_candidates(catalogue),
        *country_candidates(catalogue),
        *clock_candidates(),
    ]


def _chosen(found: list[EvalQuery]) -> list[EvalQuery]:
    def order(trial: EvalQuery) -> tuple[int, str]:
        shown = json.dumps([trial.task, trial.split, trial.query.text, trial.query.picture])
        return draw(shown), shown

    return sorted(found, key=order)[:MOST_QUERIES]


def _emoji_trials(catalogue: Catalogue) -> Iterator[EvalQuery]:
    for split, (side, style) in _EMOJI_SPLITS.items():
        concepts = catalogue.drawn(catalogue.of("emoji", side), style)
        asked = (concepts, keyword_query)
        yield from _word_trials("keywords", split, asked, style=style)
        yield from _gloss_trials(catalogue, split, style)
        for one in concepts:
            shown = concept_picture(INSTRUCTIONS["name"], style, one)
            yield EvalQuery("name", split, shown, (one.name,))
        yield from _style_trials(catalogue, split, side)
    for split, (side, style) in _ICON_SPLITS.items():
        concepts = catalogue.drawn(catalogue.of("icon", side), style)
        yield from _word_trials("icon", split, (concepts, tag_query), style=style)


def _word_trials(
    task: str, split: str, asked: tuple[list[Concept], Callable[..., str]], *, style: str
) -> Iterator[EvalQuery]:
    concepts, query = asked
    for one in concepts:
        text = query(one, "benchmark", split)
        words = set(text.split(", "))
        # A variant that carries every word of the query is as right as the one it was made from.
        relevant = [f"{style}/{two.concept}" for two in concepts if words <= set(two.keywords)]
        yield EvalQuery(task, split, concept_text(task, text, one), tuple(relevant))


def _gloss_trials(catalogue: Catalogue, split: str, style: str) -> Iterator[EvalQuery]:
    # A gloss that is learned would be remembered, not understood: none is asked again.
    learned = {"", *(one.gloss for one in catalogue.of("emoji", "train"))}
    concepts = catalogue.drawn(catalogue.of("emoji", _EMOJI_SPLITS[split][0]), style)
    for one in concepts:
        if one.gloss not in learned:
            same = [f"{style}/{two.concept}" for two in concepts if two.gloss == one.gloss]
            yield EvalQuery("gloss", split, concept_text("gloss", one.gloss, one), tuple(same))


def _style_trials(catalogue: Catalogue, split: str, side: str) -> Iterator[EvalQuery]:
    target = _STYLE_TARGETS[split]
    concepts = catalogue.drawn(catalogue.of("emoji", side), target)
    for one in catalogue.drawn(concepts, "noto"):
        query = concept_picture(INSTRUCTIONS["style"], "noto", one)
        yield EvalQuery("style", split, query, (f"{target}/{one.concept}",))


def _emoji_candidates(catalogue: Catalogue) -> Iterator[Candidate]:
    for split, (side, style) in _EMOJI_SPLITS.items():
        everything = catalogue.of("emoji", side)
        concepts = catalogue.drawn(everything, style)
        for one in concepts:
            document = concept_picture(PICTURE, style, one)
            yield Candidate("keywords", split, document)
            if side != "train":
                yield Candidate("gloss", split, document)
            yield Candidate("name", split, concept_name(one))
        target = _STYLE_TARGETS[split]
        for one in catalogue.drawn(everything, target):
            yield Candidate("style", split, concept_picture(PICTURE, target, one))
    for split, (side, style) in _ICON_SPLITS.items():
        for one in catalogue.drawn(catalogue.of("icon", side), style):
            yield Candidate("icon", split, concept_picture(PICTURE, style, one))
