"""Messages to embeddings."""

from forethought.encoders.card import CARD, parse_card, read_card, write_instructions
from forethought.encoders.check_thinking import check_thinking
from forethought.encoders.embeddings_builder import EmbeddingsBuilder
from forethought.encoders.encode_input import (
    EncodeInput,
    EncodeInputs,
    as_inputs,
    as_message,
    as_messages,
)
from forethought.encoders.encoder import Encoder, EncodeSides, as_choice, check_arguments
from forethought.encoders.families import FAMILIES, Family
from forethought.encoders.gate import ActionGate, Gate, LogisticGate, load_gate
from forethought.encoders.instructions import Instruction, Instructions, texts_of
from forethought.encoders.load import assemble, best_device, load, read_tokenizer
from forethought.encoders.locate import find, find_local
from forethought.encoders.merge import merge
from forethought.encoders.no_pictures import NoPictures, check_sees
from forethought.encoders.options import EncodeOptions, image_processor_for
from forethought.encoders.progress_bar import reporting
from forethought.encoders.rationale_cache import RationaleCache
from forethought.encoders.reasoning import ReasoningEncoder
from forethought.encoders.recognise import Recognised, check_loader, recognise
from forethought.encoders.save import SETTINGS_FILES, options_of, save

__all__ = [
    "CARD",
    "FAMILIES",
    "SETTINGS_FILES",
    "ActionGate",
    "EmbeddingsBuilder",
    "EncodeInput",
    "EncodeInputs",
    "EncodeOptions",
    "EncodeSides",
    "Encoder",
    "Family",
    "Gate",
    "Instruction",
    "Instructions",
    "LogisticGate",
    "NoPictures",
    "RationaleCache",
    "ReasoningEncoder",
    "Recognised",
    "as_choice",
    "as_inputs",
    "as_message",
    "as_messages",
    "assemble",
    "best_device",
    "check_arguments",
    "check_loader",
    "check_sees",
    "check_thinking",
    "find",
    "find_local",
    "image_processor_for",
    "load",
    "load_gate",
    "merge",
    "options_of",
    "parse_card",
    "read_card",
    "read_tokenizer",
    "recognise",
    "reporting",
    "save",
    "texts_of",
    "write_instructions",
]
