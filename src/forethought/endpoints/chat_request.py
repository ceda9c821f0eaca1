"""What is sent to a chat endpoint."""

from dataclasses import dataclass

from forethought.errors import ConfigError
from forethought.types import Content


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatRequest:
    """One user turn of texts, pictures and videos in order, and how its answer is decoded.

    Args:
        system: the system turn; empty for none.
        max_tokens: the most tokens of the answer, at least 1.
        temperature: 0 for greedy decoding.
        top_p: share of the probability that is sampled from, in (0, 1].
        seed: makes sampling repeatable, where the server supports it.
        top_logprobs: how many of the likeliest first tokens come with their log-probability; with
            0 none do. Servers allow at most 20.

    Raises:
        ConfigError: if there is no content, or a setting is out of its range.
    """

    content: tuple[Content, ...]
    system: str = ""
    max_tokens: int
    temperature: float
    top_p: float = 1.0
    seed: int | None = None
    top_logprobs: int = 0

    def __post_init__(self) -> None:
        if not self.content:
            raise ConfigError("content is empty; a chat needs at least one text or picture")
        if self.max_tokens < 1:
            raise ConfigError(f"max_tokens must be at least 1, got {self.max_tokens}")
        if not 0 <= self.temperature <= 2:
            raise ConfigError(f"temperature must be in [0, 2], got {self.temperature}")
        if not 0 < self.top_p <= 1:
            raise ConfigError(f"top_p must be in (0, 1], got {self.top_p}")
        if not 0 <= self.top_logprobs <= 20:
            raise ConfigError(f"top_logprobs must be in [0, 20], got {self.top_logprobs}")

    @classmethod
    def next_token(
        cls, content: tuple[Content, ...], *, system: str = "", top_logprobs: int = 20
    ) -> "ChatRequest":
        """A request for the log-probabilities of the first token of the answer, and no more."""
        return cls(
            content=content,
            system=system,
            max_tokens=1,
            temperature=0.0,
            top_logprobs=top_logprobs,
        )
