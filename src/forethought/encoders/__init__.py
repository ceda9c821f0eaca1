"""Messages to embeddings."""

from forethought.encoders.encoder import EncodeInput, Encoder, as_choice, as_message, as_messages
from forethought.encoders.families import FAMILIES, Family
from forethought.encoders.gate import ActionGate, Gate, LogisticGate, load_gate
from forethought.encoders.load import assemble, best_device, find, load, read_tokenizer
from forethought.encoders.options import EncodeOptions, look
from forethought.encoders.rationale_cache import RationaleCache
from forethought.encoders.rationale_key import key_of, sources_of
from forethought.encoders.reasoning import ReasoningEncoder, count_endings
from forethought.encoders.recognise import CARD, Recognised, read_card, recognise
from forethought.encoders.save import save

__all__ = [
    "CARD",
    "FAMILIES",
    "ActionGate",
    "EncodeInput",
    "EncodeOptions",
    "Encoder",
    "Family",
    "Gate",
    "LogisticGate",
    "RationaleCache",
    "ReasoningEncoder",
    "Recognised",
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
    "save",
    "sources_of",
]
