"""Messages to embeddings."""

from forethought.encoders.encode_input import EncodeInput, as_message, as_messages
from forethought.encoders.encoder import Encoder, as_choice
from forethought.encoders.families import FAMILIES, Family
from forethought.encoders.gate import ActionGate, Gate, LogisticGate, load_gate
from forethought.encoders.load import assemble, best_device, load, read_tokenizer
from forethought.encoders.locate import find, find_local
from forethought.encoders.options import EncodeOptions, image_processor_for
from forethought.encoders.rationale_cache import RationaleCache
from forethought.encoders.reasoning import ReasoningEncoder
from forethought.encoders.recognise import CARD, Recognised, check_loader, read_card, recognise
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
    "check_loader",
    "find",
    "find_local",
    "image_processor_for",
    "load",
    "load_gate",
    "read_card",
    "read_tokenizer",
    "recognise",
    "save",
]
