"""Whether queries and documents of an encoder can be compared, before any is encoded."""

from forethought.encoders.encoder import Encoder
from forethought.types import Making, Side, Think, check_comparable


def check_thinking(encoder: Encoder, *, queries: Think, documents: Think) -> None:
    """Refuse a choice of `think` whose two sides the encoder does not align.

    Raises:
        ContractError: naming both sides and the pairs that are aligned.
        ModelError: if the encoder does not support one of the two.
    """
    check_comparable(
        _making(encoder, Side.QUERY, queries),
        _making(encoder, Side.DOCUMENT, documents),
    )


def _making(encoder: Encoder, side: Side, think: Think) -> Making:
    provenance = encoder.provenance((), side=side, think=think)
    name = "queries" if side is Side.QUERY else "documents"
    return Making(name, provenance, provenance.possible_modes(think))
