"""The contract of an index: which vectors may be stored in it and compared with it."""

import dataclasses
import hashlib
import json
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from forethought.errors import ContractError
from forethought.types import Embeddings, Mode, Think

FORMAT = 1
"""Version of the table layout; another version gets another table, without migration."""

_ALLOWED_MODES = {
    Think.NEVER: frozenset({Mode.DIRECT}),
    Think.ALWAYS: frozenset({Mode.THOUGHT}),
    Think.AUTO: frozenset(Mode),
}


@dataclass(frozen=True, slots=True)
class Contract:
    """Everything that decides whether two vectors may be compared.

    `think` and `instruction` are those of the documents; an empty instruction is the encoder's
    default.
    """

    encoder: str
    revision: str
    dimension: int
    think: Think
    instruction: str
    format: int = FORMAT

    def __str__(self) -> str:
        instruction = f"instruction {self.instruction!r}" if self.instruction else "no instruction"
        return (
            f"{self.encoder}@{self.revision}, {self.dimension} dimensions, "
            f"documents think {self.think}, {instruction}, format {self.format}"
        )

    @property
    def table_name(self) -> str:
        """Name of the table with these vectors; every contract has its own."""
        return f"pictures_{hashlib.sha256(self.to_json().encode()).hexdigest()[:12]}"

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
            return cls(**{**fields, "think": Think(fields["think"])})
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
        """Refuse document vectors of another mode or dimension.

        Raises:
            ContractError: if any of them does not match the contract.
        """
        self.check_queries(documents.vectors, where=where)
        unexpected = sorted(set(documents.mode) - _ALLOWED_MODES[self.think])
        if unexpected:
            raise ContractError(
                f"{where} contains vectors of {self}; got a {unexpected[0]} vector: embed "
                f"documents with think={str(self.think)!r}, or open an index with the other setting"
            )

    def check_queries(self, vectors: Float[np.ndarray, "N D"], *, where: str) -> None:
        """Refuse query vectors of another dimension.

        Raises:
            ContractError: if their dimension differs from the contract's.
        """
        if vectors.shape[1] != self.dimension:
            raise ContractError(
                f"{where} contains vectors of {self}; got {vectors.shape[1]} dimensions: "
                "embed the query with the encoder that made the index"
            )
