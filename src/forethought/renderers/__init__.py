"""Messages to token ids and completions back to rationales: the only code that spells a tag."""

from forethought.renderers.direct import Qwen3VLEmbeddingRenderer, Vlm2VecRenderer
from forethought.renderers.forethought import CHAT_TEMPLATE, TAGS, ForethoughtRenderer
from forethought.renderers.layout import Layout
from forethought.renderers.mmemb_r1 import MmembR1Renderer
from forethought.renderers.renderer import Renderer
from forethought.renderers.rge import RgeRenderer
from forethought.renderers.tags import CHAT_TAGS, Tag
from forethought.renderers.ume_r1 import (
    UME_R1_INITIAL,
    UmeR1Renderer,
    read_ume_r1_completion,
    read_ume_r1_prompt,
)
from forethought.renderers.yes_no import YesNoRenderer, filler_words, read_answer, yes_no_content

__all__ = [
    "CHAT_TAGS",
    "CHAT_TEMPLATE",
    "TAGS",
    "UME_R1_INITIAL",
    "ForethoughtRenderer",
    "Layout",
    "MmembR1Renderer",
    "Qwen3VLEmbeddingRenderer",
    "Renderer",
    "RgeRenderer",
    "Tag",
    "UmeR1Renderer",
    "Vlm2VecRenderer",
    "YesNoRenderer",
    "filler_words",
    "read_answer",
    "read_ume_r1_completion",
    "read_ume_r1_prompt",
    "yes_no_content",
]
