"""Mine hard negatives: documents near a query that do not answer it, without the false ones."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from forethought.encoders import Encoder, check_thinking
from forethought.selection.mining_pool import MiningPool, read_pool
from forethought.selection.mining_report import MiningReport
from forethought.selection.mining_vectors import encode_pool
from forethought.selection.negative_filters import (
    NegativeRule,
    RankedDocuments,
    filter_by_score,
    sample,
)
from forethought.selection.rank_documents import lowest, rank_documents
from forethought.selection.summarise_negatives import summarise_negatives
from forethought.selection.write_negatives import check_media, check_output, write_negatives
from forethought.types import OpenProgress, Think, no_progress


@dataclass(frozen=True, slots=True, kw_only=True)
class MiningOptions:
    """How a file is mined, beside the rule.

    Args:
        think: which queries get a rationale before they are embedded; documents get none.
        checker: a second encoder, under which a negative must score below the query's lowest
            positive too; it embeds directly.
        across_tasks: consider the documents of every task, not of the query's alone: in training,
            a batch has one task, and the format of another's documents gives them away.
        replace: leave out the negatives that a line already has, rather than add to them.
        seed: of random sampling and of the examples in the report.
    """

    think: Think = Think.NEVER
    checker: Encoder | None = None
    across_tasks: bool = False
    replace: bool = False
    batch_size: int = 64
    seed: int = 0


def mine_hard_negatives(
    examples: Path,
    out: Path,
    encoder: Encoder,
    *,
    rule: NegativeRule,
    options: MiningOptions,
    documents: Path | None = None,
    open_progress: OpenProgress = no_progress,
) -> MiningReport:
    """Write a training file's lines with mined hard negatives added, atomically.

    Queries rank the documents of the file, or of `documents`, by the cosine of their vectors, in
    an exact search. No negative has a label or the content of a positive of the query, in any
    line with that query. A line without a negative that passes stays as it is.

    Args:
        out: in the folder of `examples`, if that names media: their paths are relative to it.
        documents: another training file, whose documents are considered instead of the file's.

    Raises:
        ConfigError: if `out` is one of the other files, or cannot be written there.
        ContractError: if the encoder does not align thought queries with direct documents.
        DataError: if a file cannot be read or has a faulty line, or there is nothing to choose.
        ModelError: if a vector is not finite, or the encoder does not support `think`.
    """
    check_output(out, examples, documents)
    check_thinking(encoder, queries=options.think, documents=Think.NEVER)
    pool = read_pool(examples, documents)
    check_media(pool, out, examples)
    with open_progress("embedding") as progress:
        vectors = encode_pool(
            pool,
            range(len(pool.documents)),
            encoder,
            think=options.think,
            batch_size=options.batch_size,
            progress=progress,
        )
    ranked: dict[int, RankedDocuments] = {}
    removed: Counter[str] = Counter()
    num_candidates = 0
    with open_progress("searching") as progress:
        nearby = rank_documents(
            pool,
            vectors,
            rule,
            across_tasks=options.across_tasks,
            with_negatives=options.replace,
        )
        for query, nearest in nearby:
            num_candidates += len(nearest)
            ranked[query], counts = filter_by_score(nearest, rule)
            removed.update(counts)
            progress(len(ranked), len(pool.queries))
    if options.checker is not None:
        ranked, removed["checker"] = _check(
            pool,
            ranked,
            options.checker,
            batch_size=options.batch_size,
            open_progress=open_progress,
        )
    mined = {
        query: sample(found, rule, np.random.default_rng((options.seed, query)))
        for query, found in ranked.items()
    }
    lines = write_negatives(examples, out, pool, mined=mined, replace=options.replace)
    return summarise_negatives(
        pool,
        mined,
        lines,
        encoder=encoder,
        checker=options.checker,
        num_candidates=num_candidates,
        removed=dict(removed),
        seed=options.seed,
    )


def _check(
    pool: MiningPool,
    ranked: Mapping[int, RankedDocuments],
    checker: Encoder,
    *,
    batch_size: int,
    open_progress: OpenProgress,
) -> tuple[dict[int, RankedDocuments], int]:
    """What the second encoder leaves of the documents, and how many it removed."""
    needed = {int(index) for found in ranked.values() for index in found.documents}
    needed |= {index for query in pool.queries for index in query.positives}
    with open_progress(f"embedding by {checker.name}") as progress:
        vectors = encode_pool(
            pool,
            sorted(needed),
            checker,
            think=Think.NEVER,
            batch_size=batch_size,
            progress=progress,
        )
    checked = {}
    for row, found in ranked.items():
        scores = vectors.documents[found.documents] @ vectors.queries[row]
        checked[row] = found[scores < lowest(pool.queries[row], row, vectors).score]
    removed = sum(map(len, ranked.values())) - sum(map(len, checked.values()))
    return checked, removed
