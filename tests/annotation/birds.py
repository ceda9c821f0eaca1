"""Examples about birds, and workers behind a server that answers about them."""

from forethought.annotation import CleaningRules, Worker, WorkersFile
from forethought.data import ExampleInputs, read_candidates
from forethought.endpoints import ChatEndpoint
from tests.chat_server import chat

SECRETS = ("Kestrel", "Merlin", "Osprey")
"""Words of the other side, of labels and of stored rationales."""
QUERIES = ("which bird hovers?", "which bird is small?", "which bird hovers?", "a bird by water")


def endpoint(server, **settings):
    fast = {"backoff_s": 0.01, "timeout_s": 5.0, "retries": 1, "concurrency": 3, **settings}
    return ChatEndpoint(url=server.url, model="m", **fast)


def worker(server, name="w", *, sent=None, **settings):
    given = {"samples": 2, "seed": 10, "temperature": 0.5, **settings}
    return Worker(name=name, endpoint=endpoint(server, **(sent or {})), **given)


def file(*workers, **cleaning):
    return WorkersFile(workers=workers, cleaning=CleaningRules(**cleaning))


def input_of(body):
    """The text of a request's input."""
    content = body["messages"][0]["content"]
    parts = [content] if isinstance(content, str) else [p["text"] for p in content if "text" in p]
    return "\n".join(parts).partition("\nThe input above")[0].removeprefix("Input:").strip()


WORDS = ("wings", "feathers", "talons", "plumage", "beaks", "crests", "tails", "nests", "eggs")


def distinct(body, _=0):
    """An answer that no other input or sample has."""
    first = WORDS[(len(input_of(body)) + body["seed"]) % 9]
    return chat(f"It asks for {first}, {first * 4} and how it flies.\nSummary: a bird of {first}")


def stored(out, examples):
    return read_candidates(out, ExampleInputs.read(examples))
