"""The benchmark: held-out queries, and the candidates of each task and split."""

import json
from collections.abc import Callable, Iterator

from forethought.nano.glyphs.catalogue import Catalogue
from forethought.nano.glyphs.clock_tasks import clock_candidates, clock_queries
from forethought.nano.glyphs.composed_tasks import composed_candidates, composed_queries
from forethought.nano.glyphs.concepts import Concept
from forethought.nano.glyphs.country_tasks import country_candidates, country_queries
from forethought.nano.glyphs.emoji_tasks import ICON_STYLE, keyword_query, tag_query
from forethought.nano.glyphs.flag_tasks import flag_candidates, flag_queries, question_queries
from forethought.nano.glyphs.hash_rng import draw
from forethought.nano.glyphs.pairs import (
    INSTRUCTIONS,
    PICTURE,
    EvalDocument,
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
    for make in _MAKERS:
        for query in make(catalogue):
            by_split.setdefault((query.task, query.split), []).append(query)
    return [query for queries in by_split.values() for query in _chosen(queries)]


def candidates(catalogue: Catalogue) -> list[EvalDocument]:
    """Every benchmark document of every task and split."""
    return [
        *_emoji_candidates(catalogue),
        *flag_candidates(catalogue),
        *country_candidates(catalogue),
        *clock_candidates(),
        *composed_candidates(catalogue),
    ]


def _chosen(queries: list[EvalQuery]) -> list[EvalQuery]:
    def order(query: EvalQuery) -> tuple[int, str]:
        key = json.dumps([query.task, query.split, query.query.text, query.query.picture])
        return draw(key), key

    return sorted(queries, key=order)[:MOST_QUERIES]


def _emoji_queries(catalogue: Catalogue) -> Iterator[EvalQuery]:
    for split, (concept_split, style) in _EMOJI_SPLITS.items():
        concepts = catalogue.drawn(catalogue.of("emoji", concept_split), style)
        yield from _word_queries("keywords", split, concepts, style=style, words=keyword_query)
        yield from _gloss_queries(catalogue, split, style)
        for one in concepts:
            picture = concept_picture(INSTRUCTIONS["name"], style, one)
            yield EvalQuery("name", split, picture, (one.name,))
        yield from _style_queries(catalogue, split, concept_split)
    for split, (concept_split, style) in _ICON_SPLITS.items():
        concepts = catalogue.drawn(catalogue.of("icon", concept_split), style)
        yield from _word_queries("icon", split, concepts, style=style, words=tag_query)


def _word_queries(
    task: str, split: str, concepts: list[Concept], *, style: str, words: Callable[..., str]
) -> Iterator[EvalQuery]:
    for one in concepts:
        text = words(one, "benchmark", split)
        keywords = set(text.split(", "))
        # A variant that has every keyword of the query is as right as the one it was made from.
        relevant = [f"{style}/{two.concept}" for two in concepts if keywords <= set(two.keywords)]
        yield EvalQuery(task, split, concept_text(task, text, one), tuple(relevant))


def _gloss_queries(catalogue: Catalogue, split: str, style: str) -> Iterator[EvalQuery]:
    # A gloss of a training query would test memory, so none of them is a benchmark query.
    trained = {"", *(one.gloss for one in catalogue.of("emoji", "train"))}
    concepts = catalogue.drawn(catalogue.of("emoji", _EMOJI_SPLITS[split][0]), style)
    for one in concepts:
        if one.gloss not in trained:
            same = [f"{style}/{two.concept}" for two in concepts if two.gloss == one.gloss]
            yield EvalQuery("gloss", split, concept_text("gloss", one.gloss, one), tuple(same))


def _style_queries(catalogue: Catalogue, split: str, concept_split: str) -> Iterator[EvalQuery]:
    target = _STYLE_TARGETS[split]
    concepts = catalogue.drawn(catalogue.of("emoji", concept_split), target)
    for one in catalogue.drawn(concepts, "noto"):
        query = concept_picture(INSTRUCTIONS["style"], "noto", one)
        yield EvalQuery("style", split, query, (f"{target}/{one.concept}",))


def _emoji_candidates(catalogue: Catalogue) -> Iterator[EvalDocument]:
    for split, (concept_split, style) in _EMOJI_SPLITS.items():
        emoji = catalogue.of("emoji", concept_split)
        for one in catalogue.drawn(emoji, style):
            document = concept_picture(PICTURE, style, one)
            yield EvalDocument("keywords", split, document)
            if concept_split != "train":
                yield EvalDocument("gloss", split, document)
            yield EvalDocument("name", split, concept_name(one))
        target = _STYLE_TARGETS[split]
        for one in catalogue.drawn(emoji, target):
            yield EvalDocument("style", split, concept_picture(PICTURE, target, one))
    for split, (concept_split, style) in _ICON_SPLITS.items():
        for one in catalogue.drawn(catalogue.of("icon", concept_split), style):
            yield EvalDocument("icon", split, concept_picture(PICTURE, style, one))


_MAKERS = (
    _emoji_queries,
    flag_queries,
    question_queries,
    country_queries,
    clock_queries,
    composed_queries,
)
