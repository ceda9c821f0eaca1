"""A model folder on the Hugging Face hub, with a card that says how to use it."""

import json
from pathlib import Path
from typing import Any

from huggingface_hub import HfApi, ModelCardData

from forethought.encoders import CARD
from forethought.errors import ModelError

CARD_TEXT = "README.md"


def model_card(encoder_folder: Path) -> str:
    """Write a model folder's README: the hub's header, how to load it, what it expects.

    `license`, `base_model` and `languages` are repeated from the folder's own card file where
    it names them.

    Raises:
        ModelError: if the folder is no model of ours.
    """
    card, config = _json(encoder_folder / CARD), _json(encoder_folder / "config.json")
    gate = _json(encoder_folder / "gate.json") if (encoder_folder / "gate.json").exists() else None
    name, family = str(card.get("name", encoder_folder.resolve().name)), str(card.get("family"))
    stock = "model_type" in config
    data = ModelCardData(
        library_name="forethought",
        pipeline_tag="feature-extraction",
        license=card.get("license"),
        base_model=card.get("base_model"),
        language=card.get("languages"),
        tags=["forethought", f"forethought-{family}", "embeddings", "multimodal", "retrieval"]
        + (["transformers", str(config["model_type"])] if stock else []),
    )
    parts = [
        f"---\n{data.to_yaml()}\n---",
        f"# {name}",
        "It places words and pictures in one vector space."
        + (" It can write a short rationale first and embed after it." if "budget" in card else ""),
        _facts(card, config, gate),
        _ours(thinks="budget" in card),
        _stock(config) if stock else "",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def push_to_hub(
    folder: Path,
    repo_id: str,
    *,
    token: str | None = None,
    private: bool = False,
    endpoint: str | None = None,
) -> str:
    """Upload a model folder, with a card written into it if it holds none.

    Args:
        token: by default the one that `hf auth login` or HF_TOKEN left.
        endpoint: another hub than the public one.

    Returns:
        The commit's address.

    Raises:
        ModelError: if the folder is no model of ours.
    """
    text = model_card(folder)
    if not (folder / CARD_TEXT).exists():
        (folder / CARD_TEXT).write_text(text, encoding="utf-8")
    hub = HfApi(endpoint=endpoint, token=token)
    hub.create_repo(repo_id, private=private, exist_ok=True)
    done = hub.upload_folder(
        repo_id=repo_id, folder_path=folder, commit_message=f"Upload {folder.resolve().name}"
    )
    return str(done.commit_url)


def _json(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise ModelError(
            f"{path.parent}: no readable {path.name} ({error}); name a folder that "
            "`forethought train` wrote"
        ) from None


def _facts(card: dict[str, Any], config: dict[str, Any], gate: dict[str, Any] | None) -> str:
    sizes = config.get("text_config") or config.get("sizes") or config
    rows = {
        "family": card.get("family"),
        "dimension": sizes.get("hidden_size") or sizes.get("dimension"),
        "budget of a rationale": f"{card['budget']} tokens" if "budget" in card else None,
        **{
            f"instruction of a {side}": f"`{words}`" if words else "none"
            for side, words in (card.get("instructions") or {}).items()
        },
        "gate": _gate(gate) if "budget" in card else None,
    }
    lines = [f"| {name} | {said} |" for name, said in rows.items() if said is not None]
    return "\n".join(["| | |", "|---|---|", *lines])


def _gate(gate: dict[str, Any] | None) -> str:
    if gate is None:
        return 'none: ask with `think` "never" or "always"'
    return (
        f"thinks from a probability of {gate.get('threshold')}; fitted on {gate.get('fitted_on')}"
    )


def _ours(*, thinks: bool) -> str:
    lines = [
        "```python",
        "import forethought as ft",
        "",
        'encoder = ft.load("this/folder")',
        'queries = encoder.encode(["a red apple"], side="query", think="never")',
        'pictures = encoder.encode([ft.Image("apple.png")], side="document", think="never")',
        "queries.vectors @ pictures.vectors.T",
    ]
    if thinks:
        lines += ['encoder.encode(["a red apple"], think="always").rationales[0]']
    return "\n".join(["## With forethought", "", *lines, "```"])


def _stock(config: dict[str, Any]) -> str:
    architecture = (config.get("architectures") or ["AutoModelForImageTextToText"])[0]
    return "\n".join(
        [
            "## With stock transformers",
            "",
            "The weights are a plain checkpoint. Prompts, embed tokens and the readout are",
            "forethought's part.",
            "",
            "```python",
            f"from transformers import AutoTokenizer, {architecture}",
            "",
            f'model = {architecture}.from_pretrained("this/folder")',
            'tokenizer = AutoTokenizer.from_pretrained("this/folder")',
            "```",
        ]
    )
