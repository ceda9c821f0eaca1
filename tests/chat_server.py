"""A real HTTP server that speaks OpenAI's chat protocol, and misbehaves on demand."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server sends: a table as JSON, or bytes as they are.

    `cut` sends only so many of the body's bytes and closes; `delay_s` waits before the status.
    """

    body: dict[str, Any] | bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    delay_s: float = 0.0
    drop: bool = False


def chat(text: str, *, prompt: int = 11, completion: int = 3, **message: Any) -> Answer:
    """A usual answer with this text."""
    return Answer(
        {
            "object": "chat.completion",
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": text, **message},
                    "finish_reason": "stop",
                }
            ],
            "usage": {"prompt_tokens": prompt, "completion_tokens": completion},
        }
    )


def logprobs(**tokens: float) -> Answer:
    """An answer of one token with the log-probabilities of these."""
    first = max(tokens, key=lambda token: tokens[token])
    listed = [{"token": token, "logprob": value} for token, value in tokens.items()]
    position = {"token": first, "logprob": tokens[first], "top_logprobs": listed}
    answer = chat(first, completion=1)
    assert isinstance(answer.body, dict)
    answer.body["choices"][0]["logprobs"] = {"content": [position]}
    return answer


def error(status: int, message: str = "", **headers: str) -> Answer:
    """An error as OpenAI's servers write it."""
    return Answer({"error": {"message": message}}, status, headers)


Respond = Callable[[dict[str, Any], int], Answer]
"""The answer to the body of a request, and how often that body has come before."""


@dataclass(slots=True)
class ChatServer:
    """Its address, and every request that came: path, headers and body."""

    url: str
    respond: Respond
    paths: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    in_flight: int = 0
    most_in_flight: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


@contextmanager
def serve(respond: Respond | Answer) -> Iterator[ChatServer]:
    """Serve on a free port of this machine."""
    answer = respond if callable(respond) else lambda *_: respond
    http = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    http.daemon_threads = True
    server = ChatServer(f"http://127.0.0.1:{http.server_address[1]}/v1", answer)
    http.chats = server  # type: ignore[attr-defined]
    # The default interval is half a second, which every test would wait for.
    thread = threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        chats: ChatServer = self.server.chats  # type: ignore[attr-defined]
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        with chats.lock:
            before = chats.bodies.count(body)
            chats.paths.append(self.path)
            chats.headers.append({name.lower(): value for name, value in self.headers.items()})
            chats.bodies.append(body)
            chats.times.append(time.monotonic())
            chats.in_flight += 1
            chats.most_in_flight = max(chats.most_in_flight, chats.in_flight)
        try:
            self._send(chats.respond(body, before))
        except OSError:
            self.close_connection = True  # the client went away
        finally:
            with chats.lock:
                chats.in_flight -= 1

    def _send(self, answer: Answer) -> None:
        time.sleep(answer.delay_s)
        if answer.drop:
            self.close_connection = True
            self.connection.close()
            return
        table = isinstance(answer.body, dict)
        data = json.dumps(answer.body).encode() if table else answer.body
        assert isinstance(data, bytes)
        self.send_response(answer.status)
        for name, value in {"Content-Type": "application/json", **answer.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data if answer.cut is None else data[: answer.cut])
        if answer.cut is not None:
            self.wfile.flush()
            self.close_connection = True

    def log_message(self, *arguments: Any) -> None:
        """Print nothing."""
