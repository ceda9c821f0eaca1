"""Run every check in order; checks that an earlier failure makes impossible become warnings."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import torch

from forethought.backbones import (
    OWN_ARCHITECTURE,
    ImageProcessor,
    LoadOptions,
    check_device,
    load_checkpoint,
    load_image_processor,
    read_skeleton,
)
from forethought.doctor.checkpoint_files import Checkpoint, CheckpointFiles
from forethought.doctor.finding import Examination, Finding, fail, ok, warn
from forethought.doctor.memory_check import check_memory, fitting_dtype
from forethought.doctor.rows_check import check_rows
from forethought.doctor.settings_check import (
    check_attention,
    check_context,
    check_frames,
    check_pixels,
    check_versions,
)
from forethought.doctor.states_check import check_direct, check_state, check_thought
from forethought.doctor.template_check import check_template
from forethought.doctor.tokens_check import check_ids, check_single, missing_tags
from forethought.doctor.weights_check import check_weights, inspect_weights
from forethought.encoders import (
    FAMILIES,
    Family,
    best_device,
    check_loader,
    find,
    image_processor_for,
    parse_card,
    read_tokenizer,
    recognise,
)
from forethought.engines import available_bytes
from forethought.errors import ContentError, ModelError

NAMES = (
    *("versions", "files", "family", "tokens", "ids", "weights", "memory", "context"),
    *("pixels", "frames", "template", "attention", "rows", "state"),
    *("direct parity", "thought parity"),
)
"""The checks of every examination, in order."""

_COPY_AGAIN = "copy the file again from the source of the checkpoint"


def examine(
    model: str | Path, *, family: str | None = None, device: str | None = None
) -> Examination:
    """Check whether the vectors of a checkpoint can be trusted, as far as its files allow.

    Args:
        model: a folder, the name of a shipped model, or a repository on the hub.
        family: the family it was trained as; recognised from its files if None.
        device: by default the first GPU, else the CPU.

    Raises:
        ModelError: if there is no such model, family or device, or `load` cannot read the model.
    """
    if family is not None and family not in FAMILIES:
        raise ModelError(f"unknown family {family!r}; known: {', '.join(sorted(FAMILIES))}")
    chosen = check_device(device or best_device())
    folder = find(model)
    check_loader(folder)
    report = _Report()
    report.add(check_versions())
    files = _check_files(folder, report)
    found = files and _check_family(files, str(model), family=family, report=report)
    if files and found:
        _check_checkpoint(Checkpoint(files, found, chosen), report)
    return Examination(str(model), found.name if found else "", chosen, report.findings())


@dataclass(slots=True)
class _Report:
    """Findings by name; `blocked` is the reason why the remaining checks cannot run."""

    by_name: dict[str, Finding] = field(default_factory=dict)
    blocked: str = ""

    def add(self, finding: Finding) -> None:
        self.by_name[finding.name] = finding

    def run(self, name: str, check: Callable[[], Finding]) -> None:
        """Add the result of a check that may raise on a broken checkpoint."""
        try:
            self.add(check())
        except ContentError as error:
            self.add(warn(name, f"not checked: {error}", "use a checkpoint with a longer context"))
        except Exception as error:  # noqa: BLE001 - a broken checkpoint may raise anything
            message = f"the check raised {type(error).__name__}: {error}"
            self.add(fail(name, message, "fix the failures above; if there are none, report this"))

    def findings(self) -> tuple[Finding, ...]:
        reason = self.blocked or "an earlier check failed"
        missing = {
            name: warn(name, f"not checked: {reason}", "fix that first, then run this again")
            for name in NAMES
            if name not in self.by_name
        }
        return tuple((self.by_name | missing)[name] for name in NAMES)


def _check_files(folder: Path, report: _Report) -> CheckpointFiles | None:
    """Config, tokenizer and preprocessor; None if config or tokenizer cannot be read."""
    try:
        tokenizer = read_tokenizer(folder)
        skeleton = read_skeleton(folder)
    except ModelError as error:
        report.add(fail("files", str(error), _COPY_AGAIN))
        report.blocked = "config or tokenizer cannot be read"
        return None
    if not skeleton.sees:
        report.add(ok("files", "config.json and tokenizer.json can be read; it takes no pictures"))
        return CheckpointFiles(folder, tokenizer, skeleton, None)
    try:
        processor = load_image_processor(folder)
    except ModelError as error:
        report.add(fail("files", str(error), _COPY_AGAIN))
        return CheckpointFiles(folder, tokenizer, skeleton, None)
    report.add(ok("files", "config.json, tokenizer.json and preprocessor_config.json can be read"))
    return CheckpointFiles(folder, tokenizer, skeleton, processor)


def _check_family(
    files: CheckpointFiles, model: str, *, family: str | None, report: _Report
) -> Family | None:
    """The family of a checkpoint, given or recognised; None if unknown."""
    candidates = [each for each in FAMILIES.values() if files.architecture in each.architectures]
    try:
        recognised = recognise(files.folder, files.tokenizer, named=model, family=family)
    except ModelError as error:
        missing = missing_tags(files.tokenizer, candidates)
        names = "|".join(candidate.name for candidate in candidates)
        message = f"{error} ({missing})" if missing else str(error)
        report.add(fail("family", message, f"name what it was trained as: --family {names}"))
        report.blocked = "the family is unknown"
        return None
    found = recognised.family
    message = f"{found.title} ({found.name}): {recognised.why}"
    if files.architecture == OWN_ARCHITECTURE:
        message += "; only forethought.load loads it, neither stock transformers nor vLLM"
    if found in candidates:
        report.add(ok("family", message))
    else:
        message += (
            f"; published on {' or '.join(found.architectures)}, but this is {files.architecture}"
        )
        remedy = "check --family: no published result is reproduced on another architecture"
        report.add(warn("family", message, remedy))
    return found


def _check_checkpoint(checkpoint: Checkpoint, report: _Report) -> None:
    """Every check of a checkpoint whose family is known."""
    files, family, device = checkpoint.files, checkpoint.family, checkpoint.device
    folder, config = files.folder, files.skeleton.network.config
    report.run("tokens", lambda: check_single(files.tokenizer, family))
    report.run("ids", lambda: check_ids(files.tokenizer, family, config=config, folder=folder))
    weights = inspect_weights(folder)
    report.add(check_weights(folder, weights))
    count = weights.num_parameters or sum(
        parameter.numel() for parameter in files.skeleton.network.parameters()
    )
    available = available_bytes(torch.device(device))
    half = device != "cpu" and bool(weights.dtypes) and "F32" not in weights.dtypes
    report.add(check_memory(count, available=available, device=device, half_precision=half))
    report.add(check_attention(files.skeleton, device=device))
    if files.image_processor is None and files.skeleton.sees:
        return
    if not _check_settings(checkpoint, files.image_processor, report):
        return
    if not weights.loadable:
        report.blocked = "the weights are incomplete" if weights.faults else "weights absent"
        return
    dtype = fitting_dtype(count, available=available, device=device, half_precision=half)
    if dtype is None:
        report.blocked = "the weights do not fit into memory"
        return
    _check_vectors(checkpoint, dtype, report)


def _check_settings(
    checkpoint: Checkpoint, processor: ImageProcessor | None, report: _Report
) -> bool:
    """Checks of settings and template, without weights; False if no encoder can be built."""
    skeleton, family = checkpoint.files.skeleton, checkpoint.family
    config = skeleton.network.config
    try:
        used = None
        if processor is None:
            for name in ("pixels", "frames"):
                report.add(ok(name, "a model of text alone takes no pictures and videos"))
        else:
            saved = parse_card(checkpoint.files.folder).settings
            used = image_processor_for(processor, family, saved)
            report.add(check_pixels(processor, used, family=family, config=config))
            report.add(check_frames(used, config=config))
        encoder = checkpoint.encoder(skeleton)
    except ModelError as error:
        report.blocked = str(error)
        return False
    report.add(check_context(encoder, used))
    folder = checkpoint.files.folder
    report.run("template", lambda: check_template(folder, encoder.renderer, sees=skeleton.sees))
    return True


def _check_vectors(checkpoint: Checkpoint, dtype: str, report: _Report) -> None:
    """Checks that run the network."""
    options = LoadOptions(device=checkpoint.device, dtype=dtype)
    try:
        backbone = load_checkpoint(checkpoint.files.folder, options)
        # Needs all weights, of which some may not be loaded yet.
        attention = check_attention(backbone, device=checkpoint.device)
    except ModelError as error:
        report.add(fail("weights", str(error), _COPY_AGAIN))
        report.blocked = "the weights cannot be loaded"
        return
    weights = inspect_weights(checkpoint.files.folder)
    report.add(check_weights(checkpoint.files.folder, weights, loaded=True))
    report.add(attention)
    encoder = checkpoint.encoder(backbone)
    report.run("rows", lambda: check_rows(backbone, encoder.renderer, checkpoint.family))
    report.run("state", lambda: check_state(encoder))
    report.run("direct parity", lambda: check_direct(encoder))
    report.run("thought parity", lambda: check_thought(encoder))
