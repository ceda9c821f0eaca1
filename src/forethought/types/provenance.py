"""What vectors were made by: the part of their making that decides what they compare with."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from forethought.errors import ContractError
from forethought.types.message import Side


@dataclass(frozen=True, slots=True)
class Provenance:
    """The encoder, side, instruction and effective settings of vectors.

    `instruction` is the one that was used, the encoder's default included; "" is none, and
    several are one a line. `settings` is a hex fingerprint of all that changes a vector
    otherwise: pixel limits, frames, budget, decode options, dtype, quantisation.
    """

    encoder: str
    revision: str
    side: Side
    instruction: str
    settings: str

    def __str__(self) -> str:
        return f"{self.encoder}@{self.revision}, {self.side} side, settings {self.settings}"

    def is_comparable(self, other: "Provenance") -> bool:
        """Whether encoder, revision and settings are equal: sides and instructions may differ."""
        return _space(self) == _space(other)


def check_comparable(
    left: Provenance | None, right: Provenance | None, *, left_name: str, right_name: str
) -> None:
    """Refuse vectors whose cosine means nothing; a side without provenance is not checked.

    Raises:
        ContractError: if encoder, revision or settings differ.
    """
    if left and right and not left.is_comparable(right):
        raise ContractError(
            f"{left_name} are of {left}, {right_name} of {right}: vectors compare only within one "
            "encoder, revision and settings; encode one side again with the encoder of the other"
        )


def common_provenance(parts: Sequence[Provenance | None]) -> Provenance | None:
    """The provenance of rows put together; None if no part has one. Instructions are united.

    Raises:
        ContractError: if encoders, revisions, settings or sides differ, or only some parts have
            one.
    """
    given = [part for part in parts if part is not None]
    if not given:
        return None
    first = given[0]
    for index, part in enumerate(parts):
        if part is None:
            raise ContractError(
                f"part {index} has no provenance, another is of {first}: give it one with "
                "dataclasses.replace(part, provenance=...), or take it from all"
            )
        if not first.is_comparable(part) or part.side is not first.side:
            raise ContractError(
                f"part {index} is of {part}, another of {first}: only vectors of one encoder, "
                "revision, side and settings go together"
            )
    used = dict.fromkeys(line for part in given for line in part.instruction.splitlines())
    return replace(first, instruction="\n".join(used))


def _space(provenance: Provenance) -> tuple[str, str, str]:
    return provenance.encoder, provenance.revision, provenance.settings
