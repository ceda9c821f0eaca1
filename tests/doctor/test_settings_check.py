import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from forethought.backbones import VideoSettings
from forethought.doctor import Status
from forethought.doctor.settings_check import (
    VERSIONS,
    check_attention,
    check_context,
    check_frames,
    check_pixels,
    check_versions,
)
from forethought.encoders import FAMILIES
from forethought.engines import DecodeOptions
from forethought.types import FramePolicy


@pytest.fixture
def ume(encoder):
    return encoder("ume_r1")


def test_supported_releases_are_those_of_the_package_metadata():
    root = Path(__file__).parents[2]
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    requirements = map(Requirement, project["dependencies"])
    specifiers = {each.name: str(each.specifier) for each in requirements}
    for name, (lowest, too_new) in VERSIONS.items():
        minimum = f">={'.'.join(map(str, lowest))}"
        expected = {minimum} | ({f"<{too_new[0]}"} if too_new else set())
        assert set(specifiers[name].split(",")) == expected


def test_the_message_lists_all_versions():
    finding = check_versions()
    assert finding.status is Status.OK
    for name in ("forethought 0.1.0", "python 3.", "torch 2.", "transformers 5.", "tokenizers 0."):
        assert name in finding.message


@pytest.mark.parametrize(("too_new", "lowest"), [((5,), (4, 0)), (None, (99, 0))])
def test_an_unsupported_release_is_a_warning(monkeypatch, too_new, lowest):
    monkeypatch.setitem(VERSIONS, "transformers", (lowest, too_new))
    finding = check_versions()
    assert finding.status is Status.WARN
    assert "transformers outside the supported releases" in finding.message


def test_pixels_other_than_published_are_a_warning(ume):
    used = ume.renderer.layout.image_processor
    stored = replace(used, min_pixels=3136, max_pixels=40_000)
    config = ume.engine.backbone.network.config
    finding = check_pixels(stored, used, family=FAMILIES["ume_r1"], config=config)
    assert finding.status is Status.WARN
    # 2,359,296 pixels in squares of 28 x 28.
    assert (
        "784 to 2,359,296 pixels, sides a multiple of 28: at most 3,009 tokens" in finding.message
    )
    assert "has 3,136 to 40,000" in finding.message
    assert "EncodeOptions(min_pixels=3136, max_pixels=40000)" in finding.remedy


def test_pixels_as_published_are_ok_and_so_is_a_family_without_published_limits(ume):
    used = ume.renderer.layout.image_processor
    config = ume.engine.backbone.network.config
    for family in ("ume_r1", "mmemb_r1"):
        finding = check_pixels(used, used, family=FAMILIES[family], config=config)
        assert finding.status is Status.OK


def test_pixels_of_the_card_are_said_to_be_its_own(ume):
    used = ume.renderer.layout.image_processor
    config = ume.engine.backbone.network.config
    saved = replace(used, min_pixels=1568, max_pixels=9408)
    finding = check_pixels(used, saved, family=FAMILIES["ume_r1"], config=config)
    assert finding.status is Status.OK
    assert "1,568 to 9,408 pixels" in finding.message
    assert finding.message.endswith("as its forethought.json sets")


@pytest.mark.parametrize("setting", ["patch_size", "merge_size", "temporal_patch_size"])
def test_patch_sizes_that_the_network_does_not_take_fail(ume, setting):
    used = ume.renderer.layout.image_processor
    stored = replace(used, **{setting: 7})
    config = ume.engine.backbone.network.config
    finding = check_pixels(stored, used, family=FAMILIES["ume_r1"], config=config)
    assert finding.status is Status.FAIL
    assert f"{setting} 7 (config.json: " in finding.message


@pytest.mark.parametrize(
    ("family", "video", "text"),
    [
        ("ume_r1", VideoSettings(FramePolicy(count=8)), "8 frames, evenly spaced, each of 100,352"),
        (
            "ume_r1",
            VideoSettings(FramePolicy(fps=1.5, max_frames=64)),
            "1.5 frames per second, 4 to 64",
        ),
        (
            "ume_r1",
            VideoSettings(total_pixels=7_000_000),
            "at most 7,000,000; time is encoded by position",
        ),
        ("mmemb_r1", VideoSettings(text_timestamps=True), "time is encoded as text"),
        (
            "rge",
            VideoSettings(tokens_per_second=2.0),
            "time is encoded by position, 2 steps per second",
        ),
    ],
)
def test_the_message_describes_frames_and_time(encoder, family, video, text):
    loaded = encoder(family)
    used = replace(loaded.renderer.layout.image_processor, video=video)
    finding = check_frames(used, config=loaded.engine.backbone.network.config)
    assert finding.status is Status.OK
    assert text in finding.message


@pytest.mark.parametrize(
    ("family", "video", "trained"),
    [
        ("rge", VideoSettings(), "time by position, 2 steps per second"),
        ("rge", VideoSettings(tokens_per_second=4.0), "time by position, 2 steps per second"),
        ("mmemb_r1", VideoSettings(), "time as text"),
        ("ume_r1", VideoSettings(text_timestamps=True), "time by position, one step"),
    ],
)
def test_another_time_encoding_than_the_network_was_trained_with_fails(
    encoder, family, video, trained
):
    loaded = encoder(family)
    used = replace(loaded.renderer.layout.image_processor, video=video)
    finding = check_frames(used, config=loaded.engine.backbone.network.config)
    assert finding.status is Status.FAIL
    assert f"trained with {trained}" in finding.message


def test_the_message_names_the_attention_of_both_parts(ume):
    finding = check_attention(ume.engine.backbone, device="cpu")
    assert finding.message.startswith("text sdpa, vision sdpa; flash-attention ")


@pytest.mark.parametrize(("device", "status"), [("cpu", Status.OK), ("cuda:0", Status.WARN)])
def test_eager_attention_is_a_warning_on_a_gpu(ume, device, status):
    ume.engine.backbone.network.set_attn_implementation("eager")
    assert check_attention(ume.engine.backbone, device=device).status is status


def test_a_context_too_small_for_picture_and_rationale_is_a_warning(ume):
    used = replace(ume.renderer.layout.image_processor, max_pixels=300 * 784)
    # 300 for the picture and 256 for text leave 468 of 1,024 for a rationale.
    fits = check_context(replace(ume, decode_options=DecodeOptions(468)), used)
    assert fits.status is Status.OK
    finding = check_context(replace(ume, decode_options=DecodeOptions(469)), used)
    assert finding.status is Status.WARN
    assert finding.message == (
        "1,024 tokens; the largest picture takes 300, a rationale at most 469: 1,025 "
        "with 256 for text"
    )
