"""Every check, in order, as far as the checkpoint lets them go."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import torch
from tokenizers import Tokenizer
from transformers import AutoConfig

from forethought.backbones import (
    ADAPTER,
    NETWORKS,
    ImageProcessor,
    LoadOptions,
    QwenVL,
    architecture_of,
    base_folder,
    load_checkpoint,
    load_image_processor,
)
from forethought.doctor import (
    memory_check,
    rows_check,
    settings_check,
    states_check,
    template_check,
    tokens_check,
    weights_check,
)
from forethought.doctor.finding import Examination, Finding, fail, ok, warn
from forethought.encoders import (
    CARD,
    FAMILIES,
    EncodeOptions,
    Family,
    ReasoningEncoder,
    Recognised,
    assemble,
    best_device,
    find,
    look,
    read_card,
    read_tokenizer,
    recognise,
)
from forethought.errors import ContentError, ModelError

NAMES = (
    *("versions", "files", "family", "tokens", "ids", "weights", "memory", "context"),
    *("pixels", "frames", "template", "attention", "rows", "state"),
    *("direct parity", "thought parity"),
)
"""What every examination reports on, in order."""

_COPY = "copy the file again from where the checkpoint came from"


def examine(
    model: str | Path, *, family: str | None = None, device: str | None = None
) -> Examination:
    """Load a checkpoint, or what there is of it, and check what a user needs to trust it.

    Args:
        model: a folder, a name that ships, or a repository on the hub.
        family: what it was trained as; recognised by itself where it can be.
        device: where it runs, by default the first GPU if there is one.

    Raises:
        ModelError: if there is no such model, family or device.
    """
    if family is not None and family not in FAMILIES:
        raise ModelError(f"unknown family {family!r}; known: {', '.join(sorted(FAMILIES))}")
    home = _device(device)
    folder = find(model)
    if (folder / CARD).is_file() and family is None:
        _refuse_afternoon(folder)
    report = _Report()
    report.add(settings_check.check_versions())
    parts = _read(folder, report)
    known = parts and _recognise(parts, str(model), family=family, report=report)
    if parts and known:
        _check(Patient(folder, home, parts, known.family), report)
    return Examination(str(model), known.family.name if known else "", home, report.atomic())


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """What a checkpoint is without its weights; the network's shape has no numbers in it."""

    folder: Path
    tokenizer: Tokenizer
    skeleton: QwenVL
    image_processor: ImageProcessor | None


@dataclass(frozen=True, slots=True, eq=False)
class Patient:
    """A checkpoint whose family is known."""

    folder: Path
    device: str
    parts: Parts
    family: Family

    def encoder(self, backbone: QwenVL) -> ReasoningEncoder:
        """The encoder that `load` would give, on some backbone."""
        return assemble(
            self.folder,
            self.family,
            tokenizer=self.parts.tokenizer,
            backbone=backbone,
            reading=EncodeOptions(),
        )


@dataclass(slots=True)
class _Report:
    """Findings by name; what was never come to says why."""

    found: dict[str, Finding] = field(default_factory=dict)
    blocked: str = ""

    def add(self, finding: Finding) -> None:
        self.found[finding.name] = finding

    def attempt(self, name: str, check: Callable[[], Finding]) -> None:
        """Run a check that may break on what is broken."""
        try:
            self.add(check())
        except ContentError as error:
            self.add(warn(name, f"not checked: {error}", "use a checkpoint with a longer context"))
        except Exception as error:  # noqa: BLE001 - a sick checkpoint may trip anything
            told = f"the check broke with {type(error).__name__}: {error}"
            self.add(fail(name, told, "mend what failed above; if nothing did, please report it"))

    def atomic(self) -> tuple[Finding, ...]:
        why = self.blocked or "an earlier check failed"
        missing = [name for name in NAMES if name not in self.found]
        for name in missing:
            self.add(warn(name, f"not checked: {why}", "mend that first, then run this again"))
        return tuple(self.found[name] for name in NAMES)


def _device(device: str | None) -> str:
    home = device or best_device()
    try:
        torch.empty(0, device=home)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise ModelError(f"unknown device {home!r} ({reason}); cpu is always there") from None
    return home


def _refuse_afternoon(folder: Path) -> None:
    try:
        told = read_card(folder).get("family")
    except ModelError:
        return
    if told == "afternoon":
        raise ModelError(
            f"{folder}: a head on two frozen towers (family afternoon), not a Qwen-VL checkpoint; "
            "judge it with `forethought evaluate glyphs`"
        )


def _read(folder: Path, report: _Report) -> Parts | None:
    """Config, tokenizer and preprocessor; None if too little can be read to go on."""
    try:
        tokenizer = read_tokenizer(folder)
        skeleton = _skeleton(folder)
    except ModelError as error:
        report.add(fail("files", str(error), _COPY))
        report.blocked = "config or tokenizer cannot be read"
        return None
    try:
        image_processor = load_image_processor(folder)
    except ModelError as error:
        report.add(fail("files", str(error), _COPY))
        return Parts(folder, tokenizer, skeleton, None)
    report.add(ok("files", "config.json, tokenizer.json and preprocessor_config.json can be read"))
    return Parts(folder, tokenizer, skeleton, image_processor)


def _skeleton(folder: Path) -> QwenVL:
    base = base_folder(folder)
    if base == folder and (folder / ADAPTER).is_file():
        raise ModelError(f"{folder}: the base model that {ADAPTER} names is no folder here")
    architecture = architecture_of(base)
    if architecture not in NETWORKS:
        raise ModelError(f"{base}: model_type is {architecture!r}; known: {', '.join(NETWORKS)}")
    try:
        config = AutoConfig.from_pretrained(base, local_files_only=True)
        with torch.device("meta"):
            return QwenVL(NETWORKS[architecture](config))
    except Exception as error:  # noqa: BLE001 - transformers raises whatever a setting trips
        raise ModelError(f"{base}: config.json describes no network ({error})") from None


def _recognise(
    parts: Parts, named: str, *, family: str | None, report: _Report
) -> Recognised | None:
    architecture = str(parts.skeleton.network.config.model_type)
    alike = [one for one in FAMILIES.values() if one.architecture == architecture]
    try:
        known = recognise(parts.folder, parts.tokenizer, named=named, family=family)
    except ModelError as error:
        names = "|".join(one.name for one in alike)
        lacks = tokens_check.lacking(parts.tokenizer, alike)
        report.add(
            fail(
                "family",
                f"{error}" + (f" ({lacks})" if lacks else ""),
                f"name what it was trained as: --family {names}",
            )
        )
        report.blocked = "the family is unknown"
        return None
    said = f"{known.family.title} ({known.family.name}): {known.why}"
    if known.family not in alike:
        report.add(
            warn(
                "family",
                f"{said}; published on {known.family.architecture}, and this is {architecture}",
                "check --family: nothing published is reproduced on another architecture",
            )
        )
    else:
        report.add(ok("family", said))
    return known


def _check(patient: Patient, report: _Report) -> None:
    parts = patient.parts
    config = parts.skeleton.network.config
    report.attempt("tokens", lambda: tokens_check.check_single(parts.tokenizer, patient.family))
    report.attempt(
        "ids",
        lambda: tokens_check.check_ids(
            parts.tokenizer, patient.family, config=config, folder=patient.folder
        ),
    )
    held = weights_check.inspect_weights(patient.folder)
    report.add(weights_check.check_weights(patient.folder, held))
    count = held.parameters or sum(each.numel() for each in parts.skeleton.network.parameters())
    free = memory_check.free_memory(patient.device)
    half = patient.device != "cpu" and bool(held.types) and "F32" not in held.types
    report.add(memory_check.check_memory(count, free=free, device=patient.device, half=half))
    report.add(settings_check.check_attention(parts.skeleton, device=patient.device))
    if parts.image_processor is None or not _check_manners(patient, parts.image_processor, report):
        return
    if not held.usable:
        report.blocked = "weights absent" if not held.faults else "the weights are not whole"
        return
    dtype = memory_check.fitting(count, free=free, device=patient.device, half=half)
    if dtype is None:
        report.blocked = "the weights do not fit into memory"
        return
    _check_states(patient, dtype, report)


def _check_manners(patient: Patient, image_processor: ImageProcessor, report: _Report) -> bool:
    """What can be told without weights; whether there is an encoder at all."""
    config = patient.parts.skeleton.network.config
    used = look(image_processor, patient.family, EncodeOptions())
    report.add(
        settings_check.check_pixels(image_processor, used, family=patient.family, config=config)
    )
    report.add(settings_check.check_frames(used, config=config))
    try:
        encoder = patient.encoder(patient.parts.skeleton)
    except ModelError as error:
        report.blocked = str(error)
        return False
    report.add(settings_check.check_context(encoder, used))
    report.attempt(
        "template", lambda: template_check.check_template(patient.folder, encoder.renderer)
    )
    return True


def _check_states(patient: Patient, dtype: str, report: _Report) -> None:
    """What needs the weights."""
    try:
        backbone = load_checkpoint(patient.folder, LoadOptions(device=patient.device, dtype=dtype))
    except ModelError as error:
        report.add(fail("weights", str(error), _COPY))
        report.blocked = "the weights cannot be loaded"
        return
    report.add(settings_check.check_attention(backbone, device=patient.device))
    encoder = patient.encoder(backbone)
    report.attempt(
        "rows", lambda: rows_check.check_rows(backbone, encoder.renderer, patient.family)
    )
    report.attempt("state", lambda: states_check.check_state(encoder))
    report.attempt("direct parity", lambda: states_check.check_direct(encoder))
    report.attempt("thought parity", lambda: states_check.check_thought(encoder))
