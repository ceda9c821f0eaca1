"""The step of `train_setups` written plainly with `transformers.Trainer`."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.utils.data import Dataset
from transformers import PrinterCallback, Trainer, TrainerCallback, TrainingArguments

from benchmarks.train_setups import CLIP_NORM, RATE, TEMPERATURE, TrainSetup
from forethought.backbones import collate
from forethought.doctor import synchronize
from forethought.errors import ConfigError
from forethought.training import DrawnPairs
from forethought.types import Prompt, Rationale, Side

_UNLABELLED = -100
"""The label of a token that is not scored, in transformers."""


@dataclass(frozen=True, slots=True, eq=False)
class DrawnBatches(Dataset[DrawnPairs]):
    """The batches that our trainer draws, rendered as it renders them; an item is a step's."""

    setup: TrainSetup
    steps: int

    def __len__(self) -> int:
        return self.steps

    def __getitem__(self, step: int) -> DrawnPairs:
        return self.setup.drawn(step)


class PairTrainer(Trainer):
    """A batch's queries in one padded forward pass, and its documents in another.

    The stock network computes `labels`' loss and `output_hidden_states`, and with them the logits
    of every token, as code does that follows the model cards. With `sparse_logits`
    the base network runs, and logits are computed of the labelled tokens alone.
    """

    def __init__(self, *words: Any, sparse_logits: bool = False, **settings: Any) -> None:  # noqa: ANN401 - the Trainer's
        super().__init__(*words, **settings)
        self.sparse_logits = sparse_logits

    def compute_loss(  # noqa: PLR0917 - the Trainer's signature
        self,
        model: Any,  # noqa: ANN401 - transformers leaves its networks untyped
        inputs: Mapping[str, Any],
        return_outputs: bool = False,  # noqa: ARG002, FBT001, FBT002
        num_items_in_batch: Tensor | int | None = None,  # noqa: ARG002
    ) -> Float[Tensor, ""]:
        """InfoNCE of direct and of thought states, and next-token loss on both sides."""
        read = self._read_labelled if self.sparse_logits else self._read
        hidden, losses = {}, []
        for side in Side:
            hidden[side], loss = read(model, **inputs[side])
            losses.append(loss)
        for kind in ("direct_at", "thought_at"):
            states = [
                hidden[side][torch.arange(len(hidden[side])), inputs[side][kind]] for side in Side
            ]
            losses.append(_info_nce(*states, ignored=inputs["ignored"]))
        return torch.stack(losses).sum()

    def _read(
        self,
        model: Any,  # noqa: ANN401 - as above
        *,
        fed: Mapping[str, Tensor],
        labels: Int[Tensor, "B T"],
        **_: Tensor,
    ) -> tuple[Float[Tensor, "B T H"], Float[Tensor, ""]]:
        output = model(**fed, labels=labels, output_hidden_states=True, use_cache=False)
        return output.hidden_states[-1], output.loss

    def _read_labelled(
        self,
        model: Any,  # noqa: ANN401 - as above
        *,
        fed: Mapping[str, Tensor],
        labels: Int[Tensor, "B T"],
        **_: Tensor,
    ) -> tuple[Float[Tensor, "B T H"], Float[Tensor, ""]]:
        # As accelerate runs the network's own forward pass in training.
        bf16 = self.args.bf16 and model.training
        with torch.autocast(labels.device.type, torch.bfloat16, enabled=bf16):
            hidden = model.model(**fed, use_cache=False).last_hidden_state
            is_labelled = labels[:, 1:] != _UNLABELLED
            logits = model.lm_head(hidden[:, :-1][is_labelled])
        return hidden, F.cross_entropy(logits.float(), labels[:, 1:][is_labelled])


def _info_nce(
    queries: Float[Tensor, "B H"], documents: Float[Tensor, "B H"], *, ignored: Bool[Tensor, "B B"]
) -> Float[Tensor, ""]:
    """Both ways, in float32."""
    a, b = F.normalize(queries.float(), dim=-1), F.normalize(documents.float(), dim=-1)
    logits = (a @ b.T / TEMPERATURE).masked_fill(ignored, -torch.inf)
    chosen = torch.arange(len(a), device=a.device)
    return (F.cross_entropy(logits, chosen) + F.cross_entropy(logits.T, chosen)) / 2


@dataclass(frozen=True, slots=True, eq=False)
class TrainerRun:
    """A `PairTrainer` over a setup's network, optimizer and batches."""

    trainer: PairTrainer
    timer: "StepTimer"

    def seconds(self) -> float:
        """Train the setup's first step untimed, and the next ones; how long those took."""
        self.trainer.train()
        return self.timer.seconds

    @torch.no_grad()
    def first_loss(self) -> float:
        """The loss of the first step in float32, before any training."""
        trainer = self.trainer
        # transformers types both as what may be missing.
        network: Any = trainer.model
        batches: Any = trainer.train_dataset
        inputs = trainer.data_collator([batches[0]])
        network.eval()
        loss = trainer.compute_loss(network, trainer._prepare_inputs(inputs))  # noqa: SLF001 - moves them
        network.train()
        return float(loss)


class StepTimer(TrainerCallback):
    """Seconds from the end of the first step to the end of the last."""

    def __init__(self, device: torch.device) -> None:
        self.device, self.seconds, self._start = device, 0.0, 0.0

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ANN401, ARG002 - the Trainer's
        if state.global_step in {1, state.max_steps}:
            synchronize(self.device)
            now = time.perf_counter()
            self._start, self.seconds = (
                (now, 0.0) if state.global_step == 1 else (self._start, now - self._start)
            )


def trainer_run(
    setup: TrainSetup, *, steps: int, folder: str, sparse_logits: bool = False
) -> TrainerRun:
    """A Trainer of the setup's network that takes one step, and then `steps` more.

    Its optimizer is the setup's own. `folder` stays empty.
    """
    timer = StepTimer(setup.device)
    arguments = TrainingArguments(
        output_dir=folder,
        max_steps=steps + 1,
        per_device_train_batch_size=1,  # an item is a whole batch
        train_sampling_strategy="sequential",
        learning_rate=RATE,
        lr_scheduler_type="constant",
        max_grad_norm=CLIP_NORM,
        bf16=setup.bf16,
        use_cpu=setup.device.type == "cpu",
        dataloader_pin_memory=False,
        remove_unused_columns=False,
        save_strategy="no",
        logging_strategy="no",
        report_to=[],
        disable_tqdm=True,
    )
    trainer = PairTrainer(
        model=setup.state.network,
        args=arguments,
        # More than are taken, so that fetching ahead costs the same in every step.
        train_dataset=DrawnBatches(setup, steps + 3),
        data_collator=partial(_collate, setup),
        optimizers=(setup.state.optimizer, None),
        callbacks=[timer],
        sparse_logits=sparse_logits,
    )
    trainer.remove_callback(PrinterCallback)
    return TrainerRun(trainer, timer)


def _collate(setup: TrainSetup, batches: Sequence[DrawnPairs]) -> dict[str, Any]:
    """The tensors of one batch: both sides, and the documents that are no negatives."""
    (drawn,) = batches
    inputs: dict[str, Any] = {
        side: _side(setup, drawn.prompts(side), list(drawn.rationales(side))) for side in Side
    }
    answers = [[d.document.label in q.answers for d in drawn.pairs] for q in drawn.pairs]
    return {**inputs, "ignored": torch.tensor(answers) & ~torch.eye(len(answers), dtype=torch.bool)}


def _side(
    setup: TrainSetup, prompts: Sequence[Prompt], rationales: Sequence[Rationale | None]
) -> dict[str, Any]:
    step = setup.state.train_step
    renderer, engine = step.rollouts.builder.renderer, setup.state.encoder.local
    expected = engine.completion_format
    if expected is None or None in rationales or any(p.read_at >= p.write_at for p in prompts):
        raise ConfigError(
            "the plain Trainer reads both states in one pass: take a format that does so, and "
            "pairs with rationales on both sides"
        )
    completions = [renderer.write(rationale) for rationale in rationales if rationale]
    sequences = [(*p.prefix_ids, *c) for p, c in zip(prompts, completions, strict=True)]
    batch = collate(
        sequences,
        [prompt.pictures for prompt in prompts],
        side="right",
        placeholders=engine.backbone.placeholders,
        pad_id=engine.pad_id,
    )
    # Without positions: the stock network computes its own.
    fed = {"input_ids": batch.token_ids, "attention_mask": batch.mask}
    fed["mm_token_type_ids"] = batch.token_types
    if batch.images:
        fed |= {"pixel_values": batch.images.patches, "image_grid_thw": batch.images.grids}
    labels = batch.token_ids.masked_fill(batch.mask == 0, _UNLABELLED)
    for row, prompt in enumerate(prompts):
        labels[row, : prompt.write_at] = _UNLABELLED
    embed_at = [len(s) - 1 - s[::-1].index(expected.embed_id) for s in sequences]
    return {
        "fed": fed,
        "labels": labels,
        "direct_at": torch.tensor([prompt.read_at for prompt in prompts]),
        "thought_at": torch.tensor(embed_at),
    }
