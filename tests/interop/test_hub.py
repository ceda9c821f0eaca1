import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from huggingface_hub import ModelCard

from forethought.errors import ModelError
from forethought.interop.hub import model_card, push_to_hub

AUTHORIZATION = "Bearer hf_ours"
CARD = {
    "family": "forethought",
    "name": "pico",
    "budget": 17,
    "instructions": {"query": "Find the picture.", "document": "Picture."},
}
CONFIG = {
    "architectures": ["Qwen2VLForConditionalGeneration"],
    "model_type": "qwen2_vl",
    "text_config": {"hidden_size": 48},
}


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "pico"
    made.mkdir()
    (made / "forethought.json").write_text(json.dumps(CARD))
    (made / "config.json").write_text(json.dumps(CONFIG))
    (made / "model.safetensors").write_bytes(b"weights")
    return made


def header(folder):
    return ModelCard(model_card(folder)).data.to_dict()


def rewrite(path, **changes):
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_the_header_is_what_the_hub_reads(folder):
    data = header(folder)
    assert data["library_name"] == "forethought"
    assert data["pipeline_tag"] == "feature-extraction"
    assert {"forethought", "forethought-forethought", "transformers", "qwen2_vl"} <= {*data["tags"]}
    assert not {"license", "base_model"} & data.keys()


def test_licence_base_model_and_languages_are_copied(folder):
    rewrite(folder / "forethought.json", license="mit", base_model="us/base", languages=["en"])
    data = header(folder)
    assert (data["license"], data["base_model"], data["language"]) == ("mit", "us/base", ["en"])


def test_the_card_has_settings_and_usage(folder):
    text = model_card(folder)
    for line in (
        "# pico",
        "| family | forethought |",
        "| dimension | 48 |",
        "| budget of a rationale | 17 tokens |",
        "| instruction of a query | `Find the picture.` |",
        "| instruction of a document | `Picture.` |",
        '| gate | none: use `think="never"` or `think="always"` |',
        'encoder = ft.load("this/folder")',
        "from transformers import AutoTokenizer, Qwen2VLForConditionalGeneration",
    ):
        assert line in text.splitlines()


def test_the_gate_is_described(folder):
    (folder / "gate.json").write_text(
        json.dumps({"bias": 0.1, "threshold": 0.4, "fitted_on": "glyphs, dev"})
    )
    assert "| gate | thinks from a probability of 0.4; fitted on glyphs, dev |" in model_card(
        folder
    )


def test_the_card_of_a_model_with_a_loader_of_its_own_uses_it(folder):
    (folder / "forethought.json").write_text(
        json.dumps({"family": "other", "name": "tea", "loader": "some.room.Tea.load"})
    )
    (folder / "config.json").write_text(json.dumps({"sizes": {"features": 5, "dimension": 3}}))
    text = model_card(folder)
    assert "| dimension | 3 |" in text
    assert "import some.room\n" in text
    assert 'encoder = some.room.Tea.load("this/folder")' in text
    assert not [word for word in ("rationale", "gate", "stock", "instruction") if word in text]


@pytest.mark.parametrize("name", ["forethought.json", "config.json"])
def test_a_folder_that_is_no_model_is_refused(folder, name):
    (folder / name).unlink()
    with pytest.raises(ModelError, match=f"no readable {name}"):
        model_card(folder)


@pytest.fixture
def hub():
    """A hub on this machine that records its requests."""
    requests = []

    class Hub(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            requests.append((self.path, self.headers.get("Authorization"), body))
            answer: dict[str, Any] = {
                "commitUrl": f"{here}/us/pico/commit/1",
                "commitOid": "1",
                "url": here,
            }
            if "preupload" in self.path:
                files = json.loads(body)["files"]
                answer = {
                    "files": [
                        {"path": f["path"], "uploadMode": "regular", "shouldIgnore": False}
                        for f in files
                    ]
                }
            if self.path.endswith("repos/create"):
                answer = {"url": f"{here}/us/pico", "name": "us/pico"}
            self._reply(answer)

        def do_GET(self):
            requests.append((self.path, self.headers.get("Authorization"), ""))
            self._reply({"id": "us/pico", "sha": "0", "siblings": []})

        def _reply(self, answer):
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, *args):
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    here = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield here, requests
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_folder_is_pushed_with_its_card(folder, hub):
    here, requests = hub
    address = push_to_hub(
        folder, "us/pico", token=AUTHORIZATION.split()[1], private=True, endpoint=here
    )
    assert address == f"{here}/us/pico/commit/1"
    assert (folder / "README.md").read_text() == model_card(folder)
    created = next(json.loads(body) for path, _, body in requests if path.endswith("repos/create"))
    assert (created["name"], created["organization"]) == ("pico", "us")
    assert created.get("private") or created.get("visibility") == "private"
    (commit,) = (body for path, _, body in requests if "/api/models/us/pico/commit/" in path)
    sent = [json.loads(line) for line in commit.splitlines()]
    assert sent[0]["value"]["summary"] == "Upload pico"
    assert {line["value"]["path"] for line in sent[1:]} == {
        "README.md",
        "config.json",
        "forethought.json",
        "model.safetensors",
    }
    assert {authorization for _, authorization, _ in requests} == {AUTHORIZATION}


def test_an_existing_readme_is_not_overwritten(folder, hub):
    (folder / "README.md").write_text("# Ours\n")
    push_to_hub(folder, "us/pico", token=AUTHORIZATION.split()[1], endpoint=hub[0])
    assert (folder / "README.md").read_text() == "# Ours\n"


def test_a_folder_that_is_no_model_is_not_pushed(folder, hub):
    (folder / "forethought.json").unlink()
    with pytest.raises(ModelError, match=r"no readable forethought\.json"):
        push_to_hub(folder, "us/pico", endpoint=hub[0])
    assert hub[1] == []


def test_our_own_architecture_has_no_usage_with_stock_transformers(folder):
    rewrite(folder / "config.json", model_type="forethought_vl", vision_config={"tower": "none"})
    text = model_card(folder)
    assert "stock transformers" not in text
    assert "transformers" not in header(folder)["tags"]
    assert "It embeds words in one vector space." in text
    assert "ft.Image" not in text
