"""Messages to embeddings."""

from forethought.encoders.encoder import Encoder, Shown, as_message, as_messages
from forethought.encoders.gate import Gate, LogisticGate, load_gate
from forethought.encoders.load import CARD, find, load
from forethought.encoders.reasoning import ReasoningEncoder, count_endings

__all__ = [
    "CARD",
    "Encoder",
    "Gate",
    "LogisticGate",
    "ReasoningEncoder",
    "Shown",
    "as_message",
    "as_messages",
    "count_endings",
    "find",
    "load",
    "load_gate",
]
