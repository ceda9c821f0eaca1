"""From mined negatives to the report of the run."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from forethought.encoders import Encoder
from forethought.selection.mining_pool import MiningPool, words_of
from forethought.selection.mining_report import MinedExample, MiningReport, ScoredText
from forethought.selection.negative_filters import RankedDocuments

_NUM_READ = 3
"""Examples of each kind in a report."""


def summarise_negatives(
    pool: MiningPool,
    mined: Mapping[int, RankedDocuments],
    added: Sequence[int],
    *,
    encoder: Encoder,
    checker: Encoder | None,
    num_candidates: int,
    removed: Mapping[str, int],
    seed: int,
) -> MiningReport:
    """Count and average what was mined; `added` has the negatives of each line."""
    lines = [line for line, count in enumerate(added) if count]
    scores = [mined[pool.lines[line]].scores for line in lines]
    positives = [mined[pool.lines[line]].positive.score for line in lines]
    negatives = np.concatenate(scores) if scores else np.zeros(0, np.float32)
    positive = np.repeat(np.array(positives), [len(each) for each in scores])
    found = len(negatives) > 0
    # Lines with one query have the same negatives: one of them is read.
    first = {pool.lines[line]: line for line in reversed(lines)}
    gaps = {
        line: mined[query].positive.score - float(mined[query].scores[0])
        for query, line in first.items()
    }
    hardest = sorted(gaps, key=lambda line: (gaps[line], line))[:_NUM_READ]
    rest = sorted(gaps.keys() - set(hardest))
    drawn = np.random.default_rng(seed).permutation(len(rest))[:_NUM_READ]
    return MiningReport(
        encoder=encoder.name,
        revision=encoder.revision,
        checked_by=checker.name if checker else "",
        documents=sum(bool(document.tasks) for document in pool.documents),
        examples=dict(sorted(Counter(added).items())),
        candidates=num_candidates,
        removed=dict(removed),
        relabelled=pool.num_relabelled,
        positive_score=float(positive.mean()) if found else None,
        negative_score=float(negatives.mean()) if found else None,
        gap=float((positive - negatives).mean()) if found else None,
        hardest=tuple(_read(pool, mined, line) for line in hardest),
        drawn=tuple(_read(pool, mined, rest[index]) for index in sorted(drawn)),
    )


def _read(pool: MiningPool, mined: Mapping[int, RankedDocuments], line: int) -> MinedExample:
    query, found = pool.queries[pool.lines[line]], mined[pool.lines[line]]
    positive = words_of(pool.documents[found.positive.index].table)
    return MinedExample(
        line=line + 1,
        query=words_of(query.table),
        positive=ScoredText(positive, found.positive.score),
        negatives=tuple(
            ScoredText(words_of(pool.documents[index].table), score)
            for index, score in zip(found.documents.tolist(), found.scores.tolist(), strict=True)
        ),
    )
