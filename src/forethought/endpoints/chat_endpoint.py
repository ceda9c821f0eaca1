"""Where a model is reached, and how hard it may be driven."""

import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from forethought.errors import ConfigError

_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")
_PATH = "/chat/completions"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatEndpoint:
    """A model behind a URL that speaks OpenAI's chat protocol.

    Args:
        url: the base of the API, such as "http://localhost:8000/v1".
        model: the model's name at that server.
        key_env: the NAME of the environment variable that holds the key; empty for none.
        timeout_s: the most seconds of one attempt, from connecting to the last byte.
        concurrency: requests in flight.
        requests_per_minute: the most attempts a minute, evenly spaced; 0 is no limit.
        retries: how often a request is repeated after it failed.
        backoff_s: wait before the first repeat; it doubles with each, and is jittered.
        max_wait_s: the longest wait; a server that asks for a longer one fails the request.
        max_failures: failed requests in succession after which the run ends.
        max_pixels, frame_max_pixels: bounds of a picture and of a frame; larger are scaled down.
        frames: frames of a video that are sent.
        max_tokens_name: what this server calls the limit of tokens.
        extra: further fields of every request.

    Raises:
        ConfigError: if a setting is invalid or out of its range.
    """

    url: str
    model: str
    key_env: str = ""
    timeout_s: float = 120.0
    concurrency: int = 8
    requests_per_minute: float = 0.0
    retries: int = 5
    backoff_s: float = 1.0
    max_wait_s: float = 120.0
    max_failures: int = 16
    max_pixels: int = 1_003_520
    frame_max_pixels: int = 200_704
    frames: int = 8
    max_tokens_name: str = "max_tokens"
    extra: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_url(self.url)
        if not self.model:
            raise ConfigError("model is empty; name a model of the server")
        if self.key_env and not _VARIABLE.fullmatch(self.key_env):
            # Not repeated here: it may be the key itself.
            raise ConfigError(
                "key_env must be the name of an environment variable in capitals, such as "
                "OPENAI_API_KEY; the key itself belongs into that variable"
            )
        for name in ("concurrency", "max_failures", "max_pixels", "frame_max_pixels", "frames"):
            _check_least(name, float(getattr(self, name)), 1)
        for name in ("requests_per_minute", "retries", "backoff_s", "max_wait_s"):
            _check_least(name, float(getattr(self, name)), 0)
        if not self.timeout_s > 0:
            raise ConfigError(f"timeout_s must be over 0, got {self.timeout_s}")

    def __str__(self) -> str:
        """The model and its server, without a query string."""
        return f"{self.model} at {urlunsplit(urlsplit(self.url)._replace(query=''))}"

    @property
    def chat_url(self) -> str:
        """Where chats are sent."""
        parts = urlsplit(self.url)
        path = parts.path.rstrip("/")
        path = path if path.endswith(_PATH) else f"{path}{_PATH}"
        return urlunsplit(parts._replace(path=path))

    @property
    def is_local(self) -> bool:
        """Whether the server is this machine, which no proxy reaches."""
        host = urlsplit(self.url).hostname or ""
        if host == "localhost":
            return True
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return False

    def read_key(self) -> str:
        """The key from its environment variable; empty where none is named.

        Raises:
            ConfigError: if the variable is not set, or holds no key.
        """
        if not self.key_env:
            return ""
        key = os.environ.get(self.key_env, "").strip()
        if not key:
            raise ConfigError(f"{self}: {self.key_env} is not set; export {self.key_env}=...")
        if not (key.isascii() and key.isprintable()):
            raise ConfigError(
                f"{self}: {self.key_env} holds characters that no key has; set it again"
            )
        return key


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        is_whole = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_whole = False
        parts = urlsplit("")
    if parts.username is not None or parts.password is not None:
        raise ConfigError(
            f"url holds a user or password for {parts.hostname}; put the key into an environment "
            "variable and name it in key_env"
        )
    if not is_whole or not url.isascii() or not url.isprintable() or " " in url:
        raise ConfigError(f"url {url!r} is no address; write one such as http://localhost:8000/v1")
    if parts.fragment:
        raise ConfigError(f"url {url!r} has a fragment; leave out what follows '#'")


def _check_least(name: str, value: float, least: int) -> None:
    if not least <= value < float("inf"):
        raise ConfigError(f"{name} must be at least {least}, got {value:g}")
