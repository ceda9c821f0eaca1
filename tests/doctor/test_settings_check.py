import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from forethought.backbones import VideoSettings
from forethought.doctor import Status, settings_check
from forethought.encoders import FAMILIES
from forethought.engines import DecodeOptions
from forethought.types import FramePolicy


@pytest.fixture
def ume(encoder):
    return encoder("ume_r1")


def test_the_releases_are_those_that_the_package_asks_for():
    root = Path(__file__).parents[2]
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    asked = {one.name: str(one.specifier) for one in map(Requirement, project["dependencies"])}
    for name, (lowest, above) in settings_check.VERSIONS.items():
        said = f">={'.'.join(map(str, lowest))}"
        expected = {said} | ({f"<{above[0]}"} if above else set())
        assert set(asked[name].split(",")) == expected


def test_versions_are_all_said():
    found = settings_check.check_versions()
    assert found.status is Status.OK
    for name in ("forethought 0.1.0", "python 3.", "torch 2.", "transformers 5.", "tokenizers 0."):
        assert name in found.told


@pytest.mark.parametrize(("above", "lowest"), [((5,), (4, 0)), (None, (99, 0))])
def test_a_release_outside_is_a_warning(monkeypatch, above, lowest):
    monkeypatch.setitem(settings_check.VERSIONS, "transformers", (lowest, above))
    found = settings_check.check_versions()
    assert found.status is Status.WARN
    assert "transformers outside what this was made for" in found.told


def test_pixels_other_than_published_are_a_warning(ume):
    used = ume.renderer.layout.image_processor
    own = replace(used, min_pixels=3136, max_pixels=40_000)
    config = ume.engine.backbone.network.config
    found = settings_check.check_pixels(own, used, family=FAMILIES["ume_r1"], config=config)
    assert found.status is Status.WARN
    # 2,359,296 pixels in squares of 28 x 28.
    assert "784 to 2,359,296 pixels, sides by 28: at most 3,009 tokens" in found.told
    assert "says 3,136 to 40,000" in found.told
    assert "Reading(min_pixels=3136, max_pixels=40000)" in found.way_out


def test_pixels_as_published_are_well_and_so_is_a_family_that_publishes_none(ume):
    used = ume.renderer.layout.image_processor
    config = ume.engine.backbone.network.config
    for family in ("ume_r1", "mmemb_r1"):
        found = settings_check.check_pixels(used, used, family=FAMILIES[family], config=config)
        assert found.status is Status.OK


@pytest.mark.parametrize("setting", ["patch_size", "merge_size", "temporal_patch_size"])
def test_patches_of_another_size_than_the_network_takes_are_a_failure(ume, setting):
    used = ume.renderer.layout.image_processor
    own = replace(used, **{setting: 7})
    config = ume.engine.backbone.network.config
    found = settings_check.check_pixels(own, used, family=FAMILIES["ume_r1"], config=config)
    assert found.status is Status.FAIL
    assert f"{setting} 7 (config.json: " in found.told


@pytest.mark.parametrize(
    ("family", "video", "said"),
    [
        ("ume_r1", VideoSettings(FramePolicy(count=8)), "8 frames, spread evenly, each of 100,352"),
        (
            "ume_r1",
            VideoSettings(FramePolicy(fps=1.5, max_frames=64)),
            "1.5 frames a second, 4 to 64",
        ),
        (
            "ume_r1",
            VideoSettings(total_pixels=7_000_000),
            "at most 7,000,000; time is told by position",
        ),
        ("mmemb_r1", VideoSettings(text_timestamps=True), "time is told in words"),
        ("rge", VideoSettings(tokens_per_second=2.0), "time is told by position, 2 steps a second"),
    ],
)
def test_frames_are_told_in_plain_words(encoder, family, video, said):
    made = encoder(family)
    used = replace(made.renderer.layout.image_processor, video=video)
    found = settings_check.check_frames(used, config=made.engine.backbone.network.config)
    assert found.status is Status.OK
    assert said in found.told


@pytest.mark.parametrize(
    ("family", "video", "needs"),
    [
        ("rge", VideoSettings(), "time told by position, 2 steps a second"),
        ("rge", VideoSettings(tokens_per_second=4.0), "time told by position, 2 steps a second"),
        ("mmemb_r1", VideoSettings(), "time told in words"),
        ("ume_r1", VideoSettings(text_timestamps=True), "time told by position, one step"),
    ],
)
def test_another_clock_than_the_networks_is_caught(encoder, family, video, needs):
    made = encoder(family)
    used = replace(made.renderer.layout.image_processor, video=video)
    found = settings_check.check_frames(used, config=made.engine.backbone.network.config)
    assert found.status is Status.FAIL
    assert f"trained on {needs}" in found.told


def test_attention_is_told_for_both_towers(ume):
    found = settings_check.check_attention(ume.engine.backbone, device="cpu")
    assert found.told.startswith("text sdpa, vision sdpa; flash-attention ")


@pytest.mark.parametrize(("device", "status"), [("cpu", Status.OK), ("cuda:0", Status.WARN)])
def test_eager_attention_is_a_warning_where_there_is_better(ume, device, status):
    ume.engine.backbone.network.set_attn_implementation("eager")
    assert settings_check.check_attention(ume.engine.backbone, device=device).status is status


def test_a_context_too_small_for_picture_and_rationale_is_a_warning(ume):
    image_processor = replace(ume.renderer.layout.image_processor, max_pixels=300 * 784)
    # 300 for the picture and 256 for words leave 468 of 1,024 for a rationale.
    fits = settings_check.check_context(
        replace(ume, decode_options=DecodeOptions(468)), image_processor
    )
    assert fits.status is Status.OK
    found = settings_check.check_context(
        replace(ume, decode_options=DecodeOptions(469)), image_processor
    )
    assert found.status is Status.WARN
    assert found.told == (
        "1,024 tokens; the largest picture takes 300, a rationale at most 469: together with "
        "256 for words 1,025"
    )
