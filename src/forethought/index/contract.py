"""The contract of an index: which vectors may be stored in it and compared with it."""

import dataclasses
import hashlib
import json
from dataclasses import dataclass

import numpy as np

from forethought.errors import ContractError
from forethought.types import (
    Embeddings,
    Making,
    Mode,
    Provenance,
    Side,
    Think,
    check_comparable,
)

FORMAT = 2
"""Version of the table layout; another version gets another table, without migration."""


@dataclass(frozen=True, slots=True)
class Contract:
    """Everything that decides whether two vectors may be compared.

    `documents` is what makes the vectors of the pictures, `think` the setting that they are
    embedded with.
    """

    documents: Provenance
    dimension: int
    think: Think
    format: int = FORMAT

    def __str__(self) -> str:
        words = " | ".join(filter(None, self.documents.instructions))
        instruction = f"instruction {words!r}" if words else "no instruction"
        return (
            f"{self.documents}, {self.dimension} dimensions, documents think {self.think}, "
            f"{instruction}, format {self.format}"
        )

    @property
    def table_name(self) -> str:
        """Name of the table with these vectors; every contract has its own."""
        return f"pictures_{hashlib.sha256(self.to_json().encode()).hexdigest()[:12]}"

    @property
    def modes(self) -> frozenset[Mode]:
        """The modes that documents may have."""
        return self.documents.possible_modes(self.think)

    def to_json(self) -> str:
        """One line of JSON, the same for equal contracts."""
        return json.dumps(dataclasses.asdict(self), sort_keys=True, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> "Contract":
        """Inverse of `to_json`.

        Raises:
            ContractError: if the text was written by a version with other fields.
        """
        try:
            fields = json.loads(text)
            documents = Provenance.from_fields(fields["documents"])
            return cls(**{**fields, "documents": documents, "think": Think(fields["think"])})
        except (KeyError, TypeError, ValueError):
            raise ContractError(
                f"the index was made by another version of forethought ({text[:200]!r}); "
                "delete its directory to build it again"
            ) from None

    def check_stored(self, stored: "Contract", *, where: str) -> None:
        """Refuse an index whose stored contract differs from this one.

        Raises:
            ContractError: if the two differ in any field.
        """
        if stored != self:
            raise ContractError(
                f"{where} contains vectors of {stored}, not of {self}: search it with the encoder "
                "that made it, or embed the pictures again into another index (--index DIR)"
            )

    def check_documents(self, documents: Embeddings, *, where: str) -> None:
        """Refuse document vectors that were made otherwise.

        Raises:
            ContractError: if their dimension, provenance, or the mode of any differs.
        """
        self._check_dimension(documents, where=where)
        unexpected = sorted({*documents.mode} - self.modes)
        if unexpected:
            raise ContractError(
                f"{where} contains vectors of {self}; got a {unexpected[0]} vector: embed "
                f"documents with think={str(self.think)!r}, or open an index with the other setting"
            )
        if documents.provenance != self.documents:
            raise ContractError(
                f"{where} contains vectors of {self}; got some of {documents.provenance}: "
                "`encode` has to return what the encoder's `provenance` says"
            )

    def check_query(self, query: object, *, where: str) -> Embeddings:
        """Refuse what cannot be compared with the documents; returns the query.

        Raises:
            ContractError: if it is anything but one vector of the query side, of the same
                encoder, revision and settings, in a mode that is aligned with the documents'.
        """
        one = _check_one_vector(query)
        if one.provenance is None:
            raise ContractError(
                f"the query has no provenance, so nothing says whether its vector compares with "
                f"{where}; search with what `encode` of {self.documents.encoder} returns"
            )
        if one.provenance.side is not Side.QUERY:
            raise ContractError(
                f"the query is of {one.provenance}: {where} contains documents; encode the query "
                "with side='query'"
            )
        documents = Making(f"those of {where}", self.documents, self.modes)
        check_comparable(one.making("the query's vectors"), documents)
        self._check_dimension(one, where=where)
        return one

    def _check_dimension(self, vectors: Embeddings, *, where: str) -> None:
        if vectors.dimension != self.dimension:
            raise ContractError(
                f"{where} contains vectors of {self}; got {vectors.dimension} dimensions: "
                "embed with the encoder that made the index"
            )


def _check_one_vector(query: object) -> Embeddings:
    if not isinstance(query, Embeddings):
        raise ContractError(
            f"a query is `Embeddings` of one row, got {type(query).__name__}: pass what `encode` "
            "returned, not its vectors, which do not say what made them"
        )
    if len(query) != 1:
        raise ContractError(
            f"a query is `Embeddings` of one row, got {len(query)} rows: search with one at a "
            "time, as in search(embeddings[0], k=10)"
        )
    length = float(np.linalg.norm(query.vectors[0].astype(np.float64)))
    if not (np.isfinite(length) and length > 0):
        reason = query.errors[0] or "it is zero or not finite"
        raise ContractError(f"the query has no vector ({reason}); encode another one")
    return query
