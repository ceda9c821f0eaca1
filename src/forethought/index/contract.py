"""What kind of vectors does an index hold?"""

import dataclasses
import hashlib
import json
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from forethought.errors import ContractError
from forethought.types import Embeddings, Mode, Think

FORMAT = 1
"""The layout of a table; another number means another table, never a migration in place."""

_ALLOWED = {
    Think.NEVER: frozenset({Mode.DIRECT}),
    Think.ALWAYS: frozenset({Mode.THOUGHT}),
    Think.AUTO: frozenset(Mode),
}


@dataclass(frozen=True, slots=True)
class Contract:
    """Everything that decides whether two vectors may be compared.

    `think` and `instruction` are the documents'; an empty instruction is the encoder's own.
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
    def table(self) -> str:
        """The name of the table that keeps such vectors: another contract, another table."""
        return f"pictures_{hashlib.sha256(self.written().encode()).hexdigest()[:12]}"

    def written(self) -> str:
        """As one line of JSON, the same for equal contracts."""
        return json.dumps(dataclasses.asdict(self), sort_keys=True, ensure_ascii=False)

    def require(self, held: "Contract", *, where: str) -> None:
        """Refuse an index that holds vectors of another kind.

        Raises:
            ContractError: if the two differ in anything.
        """
        if held != self:
            raise ContractError(
                f"{where} holds vectors of {held}; asked for {self}: search it with the encoder "
                "it was made with, or name another index (--index) and the pictures are embedded anew"
            )

    def admit(self, found: Embeddings, *, where: str) -> None:
        """Refuse document vectors that took another road, or are of another length.

        Raises:
            ContractError: if one of them does not belong into the index.
        """
        self.admit_query(found.vectors, where=where)
        strange = sorted(set(found.mode) - _ALLOWED[self.think])
        if strange:
            raise ContractError(
                f"{where} holds vectors of {self}; got a {strange[0]} vector: embed documents "
                f"with think={str(self.think)!r}, or open an index with the other setting"
            )

    def admit_query(self, vectors: Float[np.ndarray, "N D"], *, where: str) -> None:
        """Refuse query vectors of another length.

        Raises:
            ContractError: if their dimension is not the index's.
        """
        if vectors.shape[1] != self.dimension:
            raise ContractError(
                f"{where} holds vectors of {self}; got {vectors.shape[1]} dimensions: "
                "embed the query with the encoder the index was made with"
            )


def read_contract(written: str) -> Contract:
    """Undo `Contract.written`.

    Raises:
        ContractError: if it was written by a version that keeps other things in it.
    """
    try:
        fields = json.loads(written)
        return Contract(**{**fields, "think": Think(fields["think"])})
    except (KeyError, TypeError, ValueError):
        raise ContractError(
            f"the index was made by another version of forethought ({written[:200]!r}); "
            "delete its folder and it is built anew"
        ) from None
