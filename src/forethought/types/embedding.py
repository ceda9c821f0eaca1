"""Vectors, with the rationale of each."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, SupportsIndex

import numpy as np
from jaxtyping import Bool, Float, Int

from forethought.errors import ContractError, DataError
from forethought.types.embedding_file import EmbeddingColumns, read_columns, write_columns
from forethought.types.hit import Neighbor
from forethought.types.mode import Mode
from forethought.types.nearest import nearest, unit_rows
from forethought.types.provenance import Making, Provenance, check_comparable, common_provenance
from forethought.types.rationale import Ending, Rationale


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Embeddings:
    """One unit vector an input, with its rationale, if there is one, and its cost.

    `tokens` counts the decoded tokens of each input; 0 for a direct vector. `gate` is the gate's
    probability that a rationale pays, NaN where no gate was used. `errors` holds the reason
    why an input was skipped; its vector is NaN. `provenance` is what made all of them.

    As an array (`np.asarray`), embeddings are their vectors.

    Raises:
        ValueError: if the columns differ in length.
    """

    vectors: Float[np.ndarray, "N D"]
    rationales: tuple[Rationale | None, ...]
    mode: tuple[Mode, ...]
    tokens: Int[np.ndarray, " N"]
    gate: Float[np.ndarray, " N"]
    errors: tuple[str | None, ...] = ()
    provenance: Provenance | None = None

    def __post_init__(self) -> None:
        if not self.errors:
            object.__setattr__(self, "errors", (None,) * len(self.vectors))
        columns = (self.rationales, self.mode, self.tokens, self.gate, self.errors)
        if any(len(column) != len(self.vectors) for column in columns):
            raise ValueError(
                f"{len(self.vectors)} vectors have columns of {[len(c) for c in columns]} rows: "
                "give one rationale, mode, token count, gate and error a vector"
            )

    def __len__(self) -> int:
        return len(self.vectors)

    def __repr__(self) -> str:
        made = f", {self.provenance}" if self.provenance else ""
        counts = [f"{count} {mode}" for mode, count in Counter(self.mode).most_common()]
        num_errors = sum(error is not None for error in self.errors)
        counts += [f"{num_errors} with errors"] if num_errors else []
        return f"<Embeddings {len(self)} x {self.dimension}{made}: {', '.join(counts) or 'empty'}>"

    def __array__(
        self,
        dtype: np.dtype[Any] | None = None,
        copy: bool | None = None,  # noqa: FBT001 - NumPy's protocol
    ) -> np.ndarray:
        return np.array(self.vectors, dtype=dtype, copy=copy)

    def __getitem__(self, rows: SupportsIndex | slice | Sequence[int] | np.ndarray) -> "Embeddings":
        """Rows by number, slice, list of numbers, or mask of one bool a row; always a copy.

        Raises:
            IndexError: if there is no such row, or a mask has another length.
            TypeError: if `rows` is none of these.
        """
        chosen = _row_numbers(rows, len(self))
        return Embeddings(
            vectors=self.vectors[chosen],
            rationales=tuple(self.rationales[row] for row in chosen),
            mode=tuple(self.mode[row] for row in chosen),
            tokens=self.tokens[chosen],
            gate=self.gate[chosen],
            errors=tuple(self.errors[row] for row in chosen),
            provenance=self.provenance,
        )

    @property
    def dimension(self) -> int:
        """D, the length of a vector."""
        return int(self.vectors.shape[1])

    @property
    def has_vector(self) -> Bool[np.ndarray, " N"]:
        """Which rows are finite: a skipped input has no vector."""
        finite: Bool[np.ndarray, " N"] = np.isfinite(self.vectors).all(axis=1)
        return finite

    def making(self, name: str) -> Making:
        """Provenance and modes under the name that messages use."""
        return Making(name, self.provenance, frozenset(self.mode))

    def similarity(self, other: "Embeddings") -> Float[np.ndarray, "N M"]:
        """Cosine of every row with every row of `other`, float32, in [-1, 1] up to rounding.

        Raises:
            ContractError: if the two have other dimensions, encoders, revisions or settings, the
                encoder does not align their modes, or a row has no vector.
        """
        queries, documents = _comparable(self, other)
        scores: Float[np.ndarray, "N M"] = queries @ documents.T
        return scores

    def top(self, documents: "Embeddings", k: int) -> list[list[Neighbor]]:
        """The `k` nearest documents of every row, best first; all, if there are fewer.

        Raises:
            ConfigError: if `k` is below 1.
            ContractError: as `similarity` does.
        """
        return nearest(*_comparable(self, documents), k)

    def save(self, path: str | Path) -> None:
        """Write an .npz file, atomically and without pickle; `np.load(path)["vectors"]` reads it.

        Raises:
            ConfigError: if `path` does not end in .npz.
            DataError: if it cannot be written.
        """
        values = {
            "mode": list(self.mode),
            "rationales": [rationale and asdict(rationale) for rationale in self.rationales],
            "errors": list(self.errors),
            "provenance": self.provenance and asdict(self.provenance),
        }
        arrays = {"vectors": self.vectors, "tokens": self.tokens, "gate": self.gate}
        write_columns(Path(path), EmbeddingColumns(arrays, values))

    @classmethod
    def load(cls, path: str | Path) -> "Embeddings":
        """Read a file of `save`.

        Raises:
            DataError: if it cannot be read, is no such file, of another version, or damaged.
        """
        columns = read_columns(Path(path))
        values = columns.values
        try:
            return cls(
                vectors=columns.arrays["vectors"],
                rationales=tuple(each and _rationale(each) for each in values["rationales"]),
                mode=tuple(Mode(each) for each in values["mode"]),
                tokens=columns.arrays["tokens"],
                gate=columns.arrays["gate"],
                errors=tuple(values["errors"]),
                provenance=values["provenance"] and Provenance.from_fields(values["provenance"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(f"{path}: is damaged ({error}); encode again, and save that") from None


def concatenate(parts: Sequence[Embeddings]) -> Embeddings:
    """Stack embeddings in order; at least one part.

    Raises:
        ContractError: if their dimensions, encoders, revisions, sides or settings differ.
        ValueError: if there is no part.
    """
    if not parts:
        raise ValueError("there are no parts to concatenate; give at least one")
    dimensions = {part.dimension for part in parts}
    if len(dimensions) > 1:
        raise ContractError(
            f"parts have {sorted(dimensions)} dimensions; only vectors of one encoder go together"
        )
    return Embeddings(
        vectors=np.concatenate([part.vectors for part in parts]),
        rationales=tuple(rationale for part in parts for rationale in part.rationales),
        mode=tuple(mode for part in parts for mode in part.mode),
        tokens=np.concatenate([part.tokens for part in parts]),
        gate=np.concatenate([part.gate for part in parts]),
        errors=tuple(error for part in parts for error in part.errors),
        provenance=common_provenance([part.provenance for part in parts]),
    )


def _comparable(
    queries: Embeddings, documents: object
) -> tuple[Float[np.ndarray, "N D"], Float[np.ndarray, "M D"]]:
    if not isinstance(documents, Embeddings):
        raise ContractError(
            f"embeddings compare with Embeddings, got {type(documents).__name__}: for a bare "
            "matrix of unit rows, use embeddings.vectors @ matrix.T"
        )
    check_comparable(queries.making("queries"), documents.making("documents"))
    if queries.dimension != documents.dimension:
        raise ContractError(
            f"queries have {queries.dimension} dimensions, documents {documents.dimension}: "
            "encode both with one encoder"
        )
    return (
        unit_rows(queries.vectors, queries.errors, "queries"),
        unit_rows(documents.vectors, documents.errors, "documents"),
    )


def _row_numbers(rows: object, count: int) -> Int[np.ndarray, " K"]:
    if isinstance(rows, slice):
        return np.arange(count)[rows]
    chosen = np.asarray(rows)
    is_mask = chosen.dtype.kind == "b"
    # A tuple names the axes of a matrix; rows with rationales have one.
    is_wrong = isinstance(rows, tuple) or chosen.ndim > 1 or (is_mask and chosen.ndim == 0)
    if is_wrong or (chosen.size and chosen.dtype.kind not in "iub"):
        raise TypeError(
            f"embeddings take a row number, a slice, a list of numbers or a mask, got {rows!r}; "
            "numbers of a vector are in embeddings.vectors"
        )
    if is_mask and len(chosen) != count:
        raise IndexError(f"a mask of {len(chosen)} does not fit {count} embeddings; one bool each")
    numbers = np.flatnonzero(chosen) if is_mask else np.atleast_1d(chosen).astype(np.int64)
    outside = numbers[(numbers < -count) | (numbers >= count)]
    if len(outside):
        raise IndexError(f"there is no row {outside[0]} of {count} embeddings; they count from 0")
    return numbers


def _rationale(fields: Mapping[str, Any]) -> Rationale:
    return Rationale(**{**fields, "ending": Ending(fields["ending"])})
