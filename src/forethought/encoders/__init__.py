"""Messages to embeddings."""

from forethought.encoders.encoder import Encoder, Shown, as_choice, as_message, as_messages
from forethought.encoders.families import FAMILIES, Family
from forethought.encoders.gate import ActionGate, Gate, LogisticGate, load_gate
from forethought.encoders.rationale_key import key_of, sources_of
from forethought.encoders.load import assemble, best_device, find, load, read_tokenizer
from forethought.encoders.options import Reading, look
from forethought.encoders.reasoning import ReasoningEncoder, count_endings
from forethought.encoders.recognise import CARD, Recognised, read_card, recognise
from forethought.encoders.rationale_cache import Memory

__all__ = [
    "CARD",
    "FAMILIES",
    "ActionGate",
    "Encoder",
    "Family",
    "Gate",
    "LogisticGate",
    "Memory",
    "Reading",
    "ReasoningEncoder",
    "Recognised",
    "Shown",
    "as_choice",
    "as_message",
    "as_messages",
    "assemble",
    "best_device",
    "count_endings",
    "find",
    "key_of",
    "load",
    "load_gate",
    "look",
    "read_card",
    "read_tokenizer",
    "recognise",
    "sources_of",
]
