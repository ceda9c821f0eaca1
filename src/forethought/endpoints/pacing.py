"""When the next request may be sent."""

import asyncio
import random
from dataclasses import dataclass, field

_JITTER = 0.5


@dataclass(slots=True)
class Pacer:
    """Spaces the requests of one endpoint evenly, and holds all of them while it asks to wait."""

    requests_per_minute: float
    _next_at: float = field(default=0.0, init=False)

    async def wait(self) -> None:
        """Wait for this request's turn."""
        loop = asyncio.get_running_loop()
        while True:
            now = loop.time()
            turn = max(now, self._next_at)
            if turn <= now:
                break
            await asyncio.sleep(turn - now)
        if self.requests_per_minute:
            self._next_at = now + 60 / self.requests_per_minute

    def hold(self, seconds: float) -> None:
        """Send nothing for so long."""
        self._next_at = max(self._next_at, asyncio.get_running_loop().time() + seconds)


def backoff(attempt: int, *, base: float, most: float) -> float:
    """Seconds to wait after failed attempt number `attempt`, from 1: exponential, jittered.

    Between half of `base` x 2^(attempt - 1) and all of it, at most `most`.
    """
    whole = min(base * 2.0 ** min(attempt - 1, 62), most)
    return whole * (1 - _JITTER * random.random())  # noqa: S311 - spreads retries, no secret
