"""Everything a run works with, made from its recipe alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer

from forethought.backbones import ImageProcessor, QwenVL, new_network
from forethought.data import GlyphPairs, TaskBatches, read_texts
from forethought.engines import LocalEngine
from forethought.errors import CheckpointError
from forethought.nano.image_distillation import load_image_distillation
from forethought.nano.teacher import teacher_vectors
from forethought.nano.vocabulary import learn_tokens
from forethought.renderers import ForethoughtRenderer, Layout, Tag
from forethought.training.batch_builder import BatchBuilder, load_teacher
from forethought.training.forward import Reader
from forethought.training.objective import Objective
from forethought.training.recipe import Recipe
from forethought.training.train_step import TrainStep


@dataclass(frozen=True, slots=True, eq=False)
class TrainState:
    """The network, its optimiser, and what turns a step's number into a loss."""

    backbone: QwenVL
    tokenizer: Tokenizer
    image_processor: ImageProcessor
    optimizer: torch.optim.Optimizer
    train_step: TrainStep


def build_train_state(recipe: Recipe, out: Path) -> TrainState:
    """Read the data, learn or re-use the tokenizer, make a seeded network."""
    source = GlyphPairs(recipe.data, "train")
    statements = read_texts(recipe.data / "statements.parquet")
    lessons = read_texts(recipe.data / "texts.parquet")
    tokenizer = _tokenizer(recipe, out, [*_words(source), *statements, *lessons])
    image_processor = ImageProcessor(min_pixels=recipe.pixels**2, max_pixels=recipe.pixels**2)
    layout = Layout(tokenizer, image_processor, image_processor.merge_size**2, recipe.shape.context)
    renderer = ForethoughtRenderer(layout)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    backbone = QwenVL(_network(recipe, renderer).to(device).train())
    engine = LocalEngine(backbone, renderer.layout.pad_id, renderer.completion_format)
    batches = TaskBatches(source.pairs, recipe.seed)
    for stage in recipe.stages:
        batches.check(stage.odds)
    material = BatchBuilder(source, batches, renderer, statements, lessons, recipe.seed)
    if recipe.teacher:
        teacher_vectors(recipe.data, recipe.teacher, dimension=recipe.shape.hidden)
    objective = Objective(
        recipe.temperature,
        recipe.teacher_temperature,
        load_teacher(recipe.data) if recipe.teacher else None,
    )
    sight = None
    if any(stage.glances for stage in recipe.stages):
        side = image_processor.tokens_per_side(recipe.pixels)
        sight = load_image_distillation(
            source, side=side, width=recipe.shape.hidden, patchify=image_processor, seed=recipe.seed
        )
    train_step = TrainStep(
        recipe, material, Reader(backbone, renderer.layout.pad_id), engine, objective, sight
    )
    return TrainState(
        backbone, tokenizer, image_processor, _optimizer(recipe, backbone), train_step
    )


def _tokenizer(recipe: Recipe, out: Path, texts: list[str]) -> Tokenizer:
    path = (recipe.start or out) / "tokenizer.json"
    if not path.exists():
        if recipe.start:
            raise CheckpointError(
                f"{path}: no such tokenizer; train the run that `start` names first, or leave "
                "`start` out of the recipe"
            )
        out.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(".new")
        learn_tokens(texts, size=recipe.shape.vocabulary).save(str(fresh))
        fresh.replace(path)
    return Tokenizer.from_file(str(path))


def _words(source: GlyphPairs) -> Iterator[str]:
    for pair in source.pairs:
        yield f"user\n{pair.query_instruction}\n{pair.query_text}"
        yield f"assistant\n{pair.query_thinking} {pair.query_answer}"
        yield f"user\n{pair.document_instruction}\n{pair.document_text}"


def _network(recipe: Recipe, renderer: ForethoughtRenderer) -> torch.nn.Module:
    names = {
        "image": Tag.IMAGE,
        "video": Tag.VIDEO,
        "vision_start": Tag.VISION_START,
        "vision_end": Tag.VISION_END,
        "end": Tag.END,
        "pad": Tag.PAD,
    }
    return new_network(
        recipe.shape,
        token_ids={name: renderer.layout.token_id(tag) for name, tag in names.items()},
        generator=torch.Generator().manual_seed(recipe.seed),
    )


def _optimizer(recipe: Recipe, backbone: QwenVL) -> torch.optim.Optimizer:
    kinds: dict[tuple[float, bool], list[torch.nn.Parameter]] = {}
    for name, parameter in backbone.network.named_parameters():
        decay = recipe.weight_decay if parameter.ndim > 1 else 0.0
        kinds.setdefault((decay, ".visual." in name), []).append(parameter)
    groups = [
        {"params": parameters, "weight_decay": decay, "sees": sees}
        for (decay, sees), parameters in kinds.items()
    ]
    return torch.optim.AdamW(
        groups,
        lr=0.0,
        betas=(0.9, 0.98),
        fused=True,
    )
