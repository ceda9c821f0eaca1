"""What workers are instructed to write, and the chat turn that carries it.

The task is that of `MMEmb-R1`'s candidate pool (arXiv 2604.06156, whose prompts are unpublished;
these are our own): evidence in the input, what a match must contain, one sentence of summary.
"""

from enum import StrEnum

from forethought.types import Content, Message, Text

PLACEHOLDER = "{instruction}"
SUMMARY = "Summary:"
"""What begins the last line of an answer to a built-in prompt."""

_NO_INSTRUCTION = "Find what matches the input."
_FRAME = """\
The input above is one side of a search: something that it matches has to be found by it.
The instruction of the search: {instruction}

{task}
At most 120 words of plain text, without markup, headings or lists. Write about the input only. \
End with one more line that begins with "Summary:" and sums up in one sentence what the input is \
and what matches it."""


class PromptStyle(StrEnum):
    """A built-in prompt; one model with all three stands in for three models."""

    EVIDENCE = "evidence"
    """Describes the evidence, then infers what a match contains."""
    DEDUCE = "deduce"
    """Deduces the intent step by step."""
    KEYWORDS = "keywords"
    """Lists terse keywords."""


PROMPTS = {
    PromptStyle.EVIDENCE: _FRAME.replace(
        "{task}",
        "State the evidence in the input that matters for the instruction, then infer what a match "
        "must contain.",
    ),
    PromptStyle.DEDUCE: _FRAME.replace(
        "{task}",
        "Deduce the intent step by step: what the input is, what the instruction wants of it, and "
        "what a match must therefore contain.",
    ),
    PromptStyle.KEYWORDS: _FRAME.replace(
        "{task}",
        "List terse keywords separated by commas: what the input holds that matters for the "
        "instruction, then what a match must contain.",
    ),
}


def chat_content(message: Message, prompt: str) -> tuple[Content, ...]:
    """One user turn: the input, then the prompt with the message's instruction in it.

    A prompt without a place for the instruction has it put in front.
    """
    instruction = message.instruction.strip() or _NO_INSTRUCTION
    if PLACEHOLDER not in prompt:
        prompt = f"The instruction of the search: {PLACEHOLDER}\n\n{prompt}"
    return (Text("Input:"), *message.content, Text(f"\n{prompt.replace(PLACEHOLDER, instruction)}"))
