"""Messages to tokens and back: the only code that spells a tag."""

from forethought.renderers.forethought import CHAT_TEMPLATE, ForethoughtRenderer
from forethought.renderers.tags import Tag

__all__ = ["CHAT_TEMPLATE", "ForethoughtRenderer", "Tag"]
