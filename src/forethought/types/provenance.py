"""What vectors were made by: what decides which of them may be compared."""

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from forethought.errors import ContractError
from forethought.types.message import Side
from forethought.types.mode import Mode, Think

Pair = tuple[Mode, Mode]
"""The modes of a query and of a document."""


_MODES = {
    Think.NEVER: frozenset({Mode.DIRECT}),
    Think.ALWAYS: frozenset({Mode.THOUGHT}),
    Think.AUTO: frozenset({Mode.DIRECT, Mode.THOUGHT}),
}


@dataclass(frozen=True, slots=True)
class Provenance:
    """The encoder, side, instructions and effective settings of vectors.

    `instructions` are those that were used, the encoder's defaults included, in the order of
    their first use; "" is none. `settings` are, as "name=value", what changes every vector:
    limits of pixels and frames, precision, quantisation. `decoding` is the same for what changes
    rationales, empty where none can be written. `aligned` are the pairs of modes whose vectors
    share one space.
    """

    encoder: str
    revision: str
    side: Side
    instructions: tuple[str, ...]
    settings: tuple[str, ...]
    decoding: tuple[str, ...] = ()
    aligned: tuple[Pair, ...] = ((Mode.DIRECT, Mode.DIRECT),)

    def __str__(self) -> str:
        return f"{self.encoder}@{self.revision}, {self.side} side, settings {self.settings_digest}"

    @property
    def settings_digest(self) -> str:
        """Eight hexadecimal digits that change with `settings` or `decoding`."""
        text = "\n".join([*self.settings, "", *self.decoding])
        return hashlib.sha256(text.encode()).hexdigest()[:8]

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> "Provenance":
        """Inverse of `dataclasses.asdict`, after JSON.

        Raises:
            KeyError, TypeError, ValueError: if the fields are others.
        """
        lists = {name: tuple(fields[name]) for name in ("instructions", "settings", "decoding")}
        pairs = tuple((Mode(query), Mode(document)) for query, document in fields["aligned"])
        return cls(**{**fields, **lists, "side": Side(fields["side"]), "aligned": pairs})

    def possible_modes(self, think: Think) -> frozenset[Mode]:
        """The modes of vectors that are encoded with `think`, of which AUTO may be a fixed one."""
        return _MODES[think if self.decoding else Think.NEVER]

    def is_comparable(self, other: "Provenance") -> bool:
        """Whether encoder, revision and settings are equal; the rest may differ."""
        return _space(self) == _space(other)


@dataclass(frozen=True, slots=True)
class Making:
    """What some vectors were made by, with their modes, under the name that messages use."""

    name: str
    provenance: Provenance | None
    modes: frozenset[Mode]


def check_comparable(left: Making, right: Making) -> None:
    """Refuse vectors whose cosine means nothing; a side without provenance is not checked.

    Raises:
        ContractError: if encoder, revision or settings differ, or the encoder does not align
            the modes of the two.
    """
    a, b = left.provenance, right.provenance
    if a is None or b is None:
        return
    if not a.is_comparable(b):
        raise ContractError(
            f"{left.name} are of {a}, {right.name} of {b}{_differing(a.settings, b.settings)}: vectors compare only "
            "within one encoder, revision and settings; encode one side again with the encoder of "
            "the other"
        )
    for pair in _pairs(left, right):
        if not _is_aligned(pair, a, b):
            raise ContractError(
                f"{left.name} are of {a}, with {pair[0]} vectors, {right.name} of {b}, with "
                f"{pair[1]} ones: {a.encoder} aligns, as query and document, only "
                f"{_words(a.aligned)}; encode both sides with such a pair of think='never' "
                "(direct) and think='always' (thought)"
            )


def common_provenance(parts: Sequence[Provenance | None]) -> Provenance | None:
    """The provenance of rows put together; None if no part has one. Instructions are united.

    Raises:
        ContractError: if encoders, revisions, settings or sides differ, rationales were decoded
            in two ways, or only some parts have a provenance.
    """
    given = [part for part in parts if part is not None]
    if not given:
        return None
    first = given[0]
    decoding: tuple[str, ...] = ()
    for index, part in enumerate(parts):
        if part is None:
            raise ContractError(
                f"part {index} has no provenance, another is of {first}: give it one with "
                "dataclasses.replace(part, provenance=...), or take it from all"
            )
        is_decoded_otherwise = decoding and part.decoding and decoding != part.decoding
        if not first.is_comparable(part) or part.side is not first.side or is_decoded_otherwise:
            raise ContractError(
                f"part {index} is of {part}, another of {first}{_differing(_all(part), _all(first))}: only "
                "vectors of one encoder, revision, side and settings go together"
            )
        decoding = decoding or part.decoding
    used = dict.fromkeys(text for part in given for text in part.instructions)
    return replace(first, instructions=tuple(used), decoding=decoding)


def _space(provenance: Provenance) -> tuple[str, str, tuple[str, ...]]:
    return provenance.encoder, provenance.revision, provenance.settings


def _all(provenance: Provenance) -> tuple[str, ...]:
    return (*provenance.settings, *provenance.decoding)


def _pairs(left: Making, right: Making) -> Iterator[Pair]:
    """Every pair of modes that have vectors, in a fixed order."""
    for one in sorted(left.modes - {Mode.SKIPPED}):
        for other in sorted(right.modes - {Mode.SKIPPED}):
            yield one, other


def _is_aligned(pair: Pair, left: Provenance, right: Provenance) -> bool:
    one, other = pair
    if left.side is right.side:
        # Of one side, vectors of one mode are made alike.
        return one is other or pair in left.aligned or (other, one) in left.aligned
    return (pair if left.side is Side.QUERY else (other, one)) in left.aligned


def _differing(a: Collection[str], b: Collection[str]) -> str:
    """The settings that only one of the two has, in parentheses."""
    lines = [" ".join(sorted({*one} - {*other})) for one, other in ((a, b), (b, a))]
    return f" ({lines[0] or 'nothing'} against {lines[1] or 'nothing'})" if any(lines) else ""


def _words(pairs: Collection[Pair]) -> str:
    return ", ".join(f"{query} with {document}" for query, document in sorted(pairs)) or "none"
