"""Messages to embeddings."""

from forethought.encoders.encoder import Encoder, Shown, as_message, as_messages
from forethought.encoders.families import FAMILIES, Family
from forethought.encoders.gate import ActionGate, Gate, LogisticGate, load_gate
from forethought.encoders.load import assemble, find, load, read_tokenizer
from forethought.encoders.reading import Reading
from forethought.encoders.reasoning import ReasoningEncoder, count_endings
from forethought.encoders.recognise import CARD, Recognised, recognise

__all__ = [
    "CARD",
    "FAMILIES",
    "ActionGate",
    "Encoder",
    "Family",
    "Gate",
    "LogisticGate",
    "Reading",
    "ReasoningEncoder",
    "Recognised",
    "Shown",
    "as_message",
    "as_messages",
    "assemble",
    "count_endings",
    "find",
    "load",
    "load_gate",
    "read_tokenizer",
    "recognise",
]
