"""The workers of a TOML file: which model writes rationales, with what prompt, and how many."""

import hashlib
import json
from dataclasses import dataclass, field, replace
from pathlib import Path

from forethought import config
from forethought.annotation.prompts import PROMPTS, PromptStyle
from forethought.annotation.rejection import CleaningRules
from forethought.endpoints import ChatEndpoint, ChatRequest
from forethought.errors import ConfigError
from forethought.types import Content

_DIGEST_BYTES = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """A model that writes rationales about one side of an example at a time.

    Args:
        name: stands beside its rationales; another prompt or model is another worker.
        endpoint: where it is reached; or else `checkpoint`.
        checkpoint: a model of a family that thinks, as `forethought.load` takes it. It writes in
            the format it was trained on, so it has no prompt.
        style, prompt, prompt_file: a built-in prompt, or one as text or in a file beside the TOML
            file. `{instruction}` in it stands for the instruction of the input.
        samples: rationales of each input.
        temperature: 0 for greedy decoding, of one sample.
        seed: makes sampling repeatable. An endpoint gets it plus the number of the sample; without
            one, a checkpoint's is 0.
        price_in, price_out: of a million prompt tokens and of a million written ones.
        device, batch_size: where a checkpoint runs, and how many inputs together.

    Raises:
        ConfigError: if it has not exactly one model and at most one prompt, or a setting is out
            of its range.
    """

    name: str
    endpoint: ChatEndpoint | None = None
    checkpoint: str = ""
    style: PromptStyle | None = None
    prompt: str = ""
    prompt_file: Path | None = None
    samples: int = 1
    temperature: float = 0.7
    top_p: float = 1.0
    max_tokens: int = 400
    seed: int | None = None
    price_in: float = 0.0
    price_out: float = 0.0
    device: str = ""
    batch_size: int = 64

    def __post_init__(self) -> None:
        if not self.name.strip() or not self.name.isprintable():
            raise ConfigError(f"name {self.name!r} is no name; write a short word")
        self._check_model()
        if sum(map(bool, (self.style, self.prompt, self.prompt_file))) > 1:
            raise ConfigError("style, prompt and prompt_file exclude each other; give one of them")
        if min(self.price_in, self.price_out) < 0:
            raise ConfigError("a price is negative; price_in and price_out are 0 or more")
        self._check_sampling()

    @property
    def made_by(self) -> str:
        """Digest of everything that changes what it writes; not of limits and prices."""
        model = self.endpoint.model if self.endpoint else self.checkpoint
        settings = [model, self.resolved_prompt, self.temperature, self.top_p, self.max_tokens]
        settings += [self.seed]
        if self.endpoint:
            sent = self.endpoint
            settings += [sent.max_pixels, sent.frame_max_pixels, sent.frames, dict(sent.extra)]
        text = json.dumps(settings, sort_keys=True, default=str)
        return hashlib.blake2b(text.encode(), digest_size=_DIGEST_BYTES).hexdigest()

    @property
    def resolved_prompt(self) -> str:
        """Its prompt; empty for a checkpoint."""
        if self.checkpoint:
            return ""
        return self.prompt or PROMPTS[self.style or PromptStyle.EVIDENCE]

    def request(self, content: tuple[Content, ...], *, sample: int) -> ChatRequest:
        """The request for one sample."""
        return ChatRequest(
            content=content,
            max_tokens=self.max_tokens,
            temperature=self.temperature,
            top_p=self.top_p,
            seed=None if self.seed is None else self.seed + sample,
        )

    def cost(self, *, prompt_tokens: int, completion_tokens: int) -> float:
        """What so many tokens cost."""
        return (prompt_tokens * self.price_in + completion_tokens * self.price_out) / 1e6

    def _check_sampling(self) -> None:
        for name in ("samples", "max_tokens", "batch_size"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} must be at least 1, got {getattr(self, name)}")
        if not 0 <= self.temperature <= 2:
            raise ConfigError(f"temperature must be in [0, 2], got {self.temperature}")
        if self.samples > 1 and self.temperature == 0:
            raise ConfigError(
                f"samples = {self.samples} at temperature 0 are all the same; raise the temperature"
            )
        if not 0 < self.top_p <= 1:
            raise ConfigError(f"top_p must be in (0, 1], got {self.top_p}")

    def _check_model(self) -> None:
        if (self.endpoint is None) == (not self.checkpoint):
            raise ConfigError(
                f"worker {self.name!r} has {'two models' if self.checkpoint else 'no model'}; give "
                "an [workers.endpoint] table or a checkpoint"
            )
        if self.checkpoint and (self.style or self.prompt or self.prompt_file):
            raise ConfigError(
                f"worker {self.name!r} has a prompt, and a checkpoint writes in its own format; "
                "leave the prompt out, or serve the model and give its endpoint"
            )
        if self.checkpoint and (self.price_in or self.price_out):
            raise ConfigError(f"worker {self.name!r} runs here and has no price; leave it out")


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkersFile:
    """A TOML file of `[[workers]]`, and a `[cleaning]` table for all of them.

    Raises:
        ConfigError: if there is no worker, or two have one name.
    """

    workers: tuple[Worker, ...]
    cleaning: CleaningRules = field(default_factory=CleaningRules)

    def __post_init__(self) -> None:
        names = [worker.name for worker in self.workers]
        if not names:
            raise ConfigError("there are no workers; write a [[workers]] table")
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ConfigError(f"two workers are named {twice!r}; give each a name of its own")


def load_workers(path: Path) -> WorkersFile:
    """Read a TOML file of workers, and the prompts that it names.

    Raises:
        ConfigError: if it or a prompt cannot be read, or a setting is wrong.
    """
    file = config.load(path, WorkersFile)
    return replace(file, workers=tuple(_with_prompt(one, path.parent) for one in file.workers))


def _with_prompt(worker: Worker, folder: Path) -> Worker:
    if worker.prompt_file is None:
        return worker
    path = folder / worker.prompt_file
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"worker {worker.name!r}: {path} cannot be read ({error}); name a text file"
        ) from None
    if not text.strip():
        raise ConfigError(f"worker {worker.name!r}: {path} is empty; write the prompt into it")
    return replace(worker, prompt=text, prompt_file=None)
