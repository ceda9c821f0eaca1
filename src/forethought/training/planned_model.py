"""The model that a run starts from, without its weights."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tokenizers import AddedToken, Tokenizer

from forethought.backbones import QwenVL, new_skeleton, read_skeleton
from forethought.config import find
from forethought.encoders import (
    FAMILIES,
    EncodeOptions,
    Family,
    NoPictures,
    assemble,
    check_loader,
    read_tokenizer,
    recognise,
)
from forethought.encoders import (
    find as find_model,
)
from forethought.renderers import ForethoughtRenderer, Layout, Renderer
from forethought.training.recipe import Recipe, ScratchSettings
from forethought.training.run_folder import RunFolder
from forethought.training.start import scratch_image_processor


@dataclass(frozen=True, slots=True, eq=False)
class PlannedModel:
    """A model's family, its network on the meta device, and what renders its prompts."""

    origin: str
    name: str
    family: Family
    backbone: QwenVL
    renderer: Renderer


def planned_model(recipe: Recipe, folder: RunFolder, *, download: bool) -> PlannedModel:
    """Read the settings of the model that a run in this folder starts from.

    A tokenizer that the run would learn, and has not written yet, is learned.

    Args:
        download: fetch a repository that is not on this machine yet.

    Raises:
        ConfigError: if an import path of the recipe cannot be imported.
        DataError: if the data cannot be read, of which a tokenizer is learned.
        ModelError: if there is no such model, or its settings cannot be read.
    """
    if folder.has_start and (recipe.scratch or recipe.add_tokens):
        return _from_folder(recipe, folder.start, origin=str(folder.start))
    if recipe.scratch is not None:
        return _from_scratch(recipe, recipe.scratch)
    init = recipe.init or ""
    source = find_model(init, download=download)
    return _from_folder(recipe, source, origin=init)


def _from_folder(recipe: Recipe, folder: Path, *, origin: str) -> PlannedModel:
    check_loader(folder)
    tokenizer = read_tokenizer(folder)
    if recipe.add_tokens:
        family = FAMILIES[recipe.family or ""]
        # Their rows of the embeddings are too few to count.
        tokenizer.add_special_tokens(
            [AddedToken(tag.value, normalized=False) for tag in family.tags]
        )
    else:
        family = recognise(folder, tokenizer, named=origin, family=recipe.family).family
    backbone = read_skeleton(folder)
    encoder = assemble(
        folder,
        family,
        tokenizer=tokenizer,
        backbone=backbone,
        encode_options=EncodeOptions(min_pixels=recipe.min_pixels, max_pixels=recipe.max_pixels),
    )
    return PlannedModel(origin, encoder.name, family, backbone, encoder.renderer)


def _from_scratch(recipe: Recipe, scratch: ScratchSettings) -> PlannedModel:
    learn: Callable[..., Tokenizer] = find(scratch.tokenizer, {}, kind="tokenizer")
    tokenizer = learn(recipe.data.source, size=scratch.shape.vocabulary)
    images = scratch_image_processor(scratch)
    layout = Layout(
        tokenizer,
        images or NoPictures(recipe.name),
        images.merge_size**2 if images else 1,
        scratch.shape.context,
    )
    return PlannedModel(
        "a new network",
        recipe.name,
        FAMILIES["forethought"],
        new_skeleton(scratch.shape),
        ForethoughtRenderer(layout),
    )
