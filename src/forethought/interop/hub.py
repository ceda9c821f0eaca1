"""A model folder on the Hugging Face hub, with a model card."""

import json
from itertools import takewhile
from pathlib import Path
from typing import Any

from huggingface_hub import HfApi, ModelCardData

from forethought.backbones import NO_TOWER, OWN_ARCHITECTURE
from forethought.encoders import CARD
from forethought.errors import ModelError
from forethought.files import write_text

README = "README.md"


def model_card(folder: str | Path) -> str:
    """The README of a model folder: the hub's header, settings, and how to load it.

    `license`, `base_model` and `languages` are copied from the card file where it has them.

    Raises:
        ModelError: if the folder has no card file or no config.
    """
    folder = Path(folder)
    card, config = _json(folder / CARD), _json(folder / "config.json")
    gate = _json(folder / "gate.json") if (folder / "gate.json").exists() else None
    name, family = str(card.get("name", folder.resolve().name)), str(card.get("family"))
    is_stock = config.get("model_type") not in {None, OWN_ARCHITECTURE}
    has_pictures = (config.get("vision_config") or {}).get("tower") != NO_TOWER
    thinks = "budget" in card
    data = ModelCardData(
        library_name="forethought",
        pipeline_tag="feature-extraction",
        license=card.get("license"),
        base_model=card.get("base_model"),
        language=card.get("languages"),
        tags=["forethought", f"forethought-{family}", "embeddings", "multimodal", "retrieval"]
        + (["transformers", str(config["model_type"])] if is_stock else []),
    )
    parts = [
        f"---\n{data.to_yaml()}\n---",
        f"# {name}",
        f"It embeds words {'and pictures ' if has_pictures else ''}in one vector space."
        + (" It can write a short rationale before its vector." if thinks else ""),
        _settings(card, config, gate),
        _usage(card.get("loader"), thinks=thinks, has_pictures=has_pictures),
        _transformers_usage(config) if is_stock else "",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def push_to_hub(
    folder: str | Path,
    repo_id: str,
    *,
    token: str | None = None,
    private: bool = False,
    endpoint: str | None = None,
) -> str:
    """Upload a model folder; a model card is written into it if it has no README.

    Args:
        token: by default the one of `hf auth login` or HF_TOKEN.
        endpoint: address of another hub than the public one.

    Returns:
        The address of the commit.

    Raises:
        ModelError: if the folder has no card file or no config.
    """
    folder = Path(folder)
    text = model_card(folder)
    if not (folder / README).exists():
        write_text(folder / README, text)
    hub = HfApi(endpoint=endpoint, token=token)
    hub.create_repo(repo_id, private=private, exist_ok=True)
    commit = hub.upload_folder(
        repo_id=repo_id, folder_path=folder, commit_message=f"Upload {folder.resolve().name}"
    )
    return str(commit.commit_url)


def _json(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise ModelError(
            f"{path.parent}: no readable {path.name} ({error}); name a folder that "
            "`forethought train` or `save_pretrained` wrote"
        ) from None


def _settings(card: dict[str, Any], config: dict[str, Any], gate: dict[str, Any] | None) -> str:
    sizes = config.get("text_config") or config.get("sizes") or config
    rows = {
        "family": card.get("family"),
        "dimension": sizes.get("hidden_size") or sizes.get("dimension"),
        "budget of a rationale": f"{card['budget']} tokens" if "budget" in card else None,
        **_instructions(card.get("instructions") or {}),
        "gate": _gate(gate) if "budget" in card else None,
    }
    lines = [f"| {name} | {value} |" for name, value in rows.items() if value is not None]
    return "\n".join(["| | |", "|---|---|", *lines])


def _instructions(instructions: dict[str, Any]) -> dict[str, str]:
    """One row a side, or one for each kind of content where a card tells them apart."""
    rows = {}
    for side, given in instructions.items():
        texts = given if isinstance(given, dict) else {side: given}
        for kind, text in texts.items():
            what = f"a {side}" if kind == side else f"a {side} of {kind}"
            rows[f"instruction of {what}"] = f"`{text}`" if text else "none"
    return rows


def _gate(gate: dict[str, Any] | None) -> str:
    if gate is None:
        return 'none: use `think="never"` or `think="always"`'
    return (
        f"thinks from a probability of {gate.get('threshold')}; fitted on {gate.get('fitted_on')}"
    )


def _usage(loader: str | None, *, thinks: bool, has_pictures: bool) -> str:
    imports, load = ["import forethought as ft"], 'ft.load("this/folder")'
    if loader:
        # "package.module.Class.load": the module ends before the first capital letter.
        module = ".".join(takewhile(str.islower, loader.split(".")))
        imports += [f"import {module}"]
        load = f'{loader}("this/folder")'
    document = 'ft.Image("apple.png")' if has_pictures else '"a fruit"'
    lines = [
        *imports,
        "",
        f"encoder = {load}",
        'queries = encoder.encode(["a red apple"], side="query", think="never")',
        f'documents = encoder.encode([{document}], side="document", think="never")',
        "queries.similarity(documents)",
    ]
    if thinks:
        lines += ['encoder.encode(["a red apple"], think="always").rationales[0]']
    return "\n".join(["## With forethought", "", "```python", *lines, "```"])


def _transformers_usage(config: dict[str, Any]) -> str:
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
